"""What supervision decides without a database: what steps are called, and how overdue items are counted."""
