"""`make bench`: the project's speed and AWS calls, each beside a peer doing the same work in the same run."""
