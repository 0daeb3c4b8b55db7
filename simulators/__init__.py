"""Stand-ins for the outside world: each has its own durable book and can be slow, refuse, lie and recover."""
