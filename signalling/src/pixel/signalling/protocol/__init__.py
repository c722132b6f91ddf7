"""The signalling protocol without I/O: frames in, effects out."""
