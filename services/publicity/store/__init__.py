"""The room's tables and queries; rows are made and read set-wise."""
