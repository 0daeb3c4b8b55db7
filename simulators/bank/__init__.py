"""The paying bank's simulator: payment file in, per-line results and its own book of credits out."""
