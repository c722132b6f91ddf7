"""Unreal Pixel Streaming for classes: signalling service, wake path, client and sandbox.

Each part is a package of its own, so that an install carries only what it needs:
`pixel.client` (notebooks and the command line), `pixel.signalling` (the service on each member),
`pixel.wake` (the function behind API Gateway) and `pixel.sandbox` (the embedded AWS).
"""
