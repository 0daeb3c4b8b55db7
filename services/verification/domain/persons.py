"""What a check knows of a person."""

from datetime import date

Person = tuple[str, date, str, str]
"""subject id, birth date, gender, blind index: for one transaction only, never stored."""
