"""The demonstration: an invented city, its people, the scenario and the report."""
