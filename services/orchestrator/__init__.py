"""The orchestrator: runs each project's diagrams; a case advances only by its commands and their outcomes."""
