"""公示: notices of slices, their rows, sheets, evidence and final confirmation."""
