"""Room `payment`: standards, calculation, quota, payment orders, the bank, the ledger."""
