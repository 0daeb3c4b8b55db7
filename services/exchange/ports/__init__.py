"""The outside: keys in the key folder, agencies' webhooks, and the registry's tokens."""
