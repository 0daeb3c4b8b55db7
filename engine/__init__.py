"""The engine: reads BPMN and DMN, lints them, and steps cases. Pure: no Kafka, no database, no clock."""
