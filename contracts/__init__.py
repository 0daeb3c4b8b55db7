"""Every message that rooms exchange, one module per room: the room's door. Pure pydantic, no other import."""
