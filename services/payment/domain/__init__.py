"""Pure decisions about money: no database, no clock, no network."""
