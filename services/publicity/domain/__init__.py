"""What publicity decides without a database: states, dates, photos, texts."""
