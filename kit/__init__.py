"""Everything that rooms share and that knows nothing of the field."""
