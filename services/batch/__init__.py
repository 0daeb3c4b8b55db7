"""Room `batch`: batches, rosters, lines, slices, sets, manifests, exclusions. Sole writer of line state."""
