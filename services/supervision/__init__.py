"""监督: overdue items and 督办, interceptions, timelines and watch lists, read from everybody else's events."""
