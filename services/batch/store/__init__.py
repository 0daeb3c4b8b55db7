"""The room's tables and queries, by topic; everything over lines is set-wise SQL."""
