"""The system at the size it is made for, on a clock that jumps: `make soak`."""
