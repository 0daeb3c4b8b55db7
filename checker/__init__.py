"""The checker: reads databases, the bank's own book and logs, and says whether the invariants hold."""
