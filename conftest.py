"""Real servers for the tests of every part, started only where a test asks for one."""

pytest_plugins = ["stack.testing"]
