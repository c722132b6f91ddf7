"""The machine a member runs on: its facts, its own DNS record, its stop."""
