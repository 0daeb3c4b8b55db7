"""The embedded stack: PostgreSQL, a Kafka broker, simulators and rooms as processes of one machine."""
