"""A synthetic Unreal: moving video and a data channel, in the manner of Unreal 5 or of Unreal 4.27."""
