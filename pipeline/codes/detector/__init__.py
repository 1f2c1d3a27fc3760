"""The detector: what it sees, what it predicts, what it learns from."""
