"""Tables and queries; set-wise, so that an order of 100,000 lines is a few statements."""
