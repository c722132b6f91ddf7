"""Members as the sandbox has them: an instance's computer, from boot to power-off."""

from pixel.sandbox.members.facts import InstanceFacts, InstanceObserver

__all__ = ["InstanceFacts", "InstanceObserver"]
