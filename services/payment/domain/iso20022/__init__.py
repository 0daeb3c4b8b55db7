"""ISO 20022 beside the text file: pain.001 out, pain.002 and camt.054 in, each valid against its published schema."""
