"""The fault suite: the complete system on the sandbox, under seeded schedules of faults (docs/faults.md)."""
