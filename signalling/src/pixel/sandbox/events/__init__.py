"""EventBridge: what happens to instances, and the clock, as events that reach functions."""
