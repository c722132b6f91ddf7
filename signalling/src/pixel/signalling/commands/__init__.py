"""Commands to Unreal: what clients send, in what order it waits, and how it gets there exactly once."""
