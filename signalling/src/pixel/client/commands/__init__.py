"""The client's parts of the `pixel` command: a module each, with a `main`."""
