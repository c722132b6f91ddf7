"""The guided tour behind `make demo`: from two images to a stopped fleet, on the sandbox."""
