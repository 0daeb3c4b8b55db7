"""The registry's tables and queries: everything set-wise, everything of a person under that person's key."""
