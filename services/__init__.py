"""One package per room."""
