"""The outside world: the registry's names, the printer, the key for photos."""
