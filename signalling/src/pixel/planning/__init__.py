"""Planning: how many members a pool needs, what it costs, and what its use has really been."""
