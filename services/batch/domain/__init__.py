"""Pure decisions of the room: what a result does to a line, who may sign what, which roster rows are good."""
