"""The portal's HTTP door: front page, keys, development logins, and the way to the rooms."""
