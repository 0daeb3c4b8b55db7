"""What the portal decides: paths and logins at the edge; the evidence pack and its proof."""
