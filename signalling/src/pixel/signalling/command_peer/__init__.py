"""A player without a screen, through which commands reach Unreal while nobody watches.

It runs as a process of its own, `python -m pixel.signalling.command_peer`, so that WebRTC's libraries weigh on the
service only while somebody sends commands. It takes the data channel of a stream and neither video nor audio: Unreal
has nothing to encode for it.
"""
