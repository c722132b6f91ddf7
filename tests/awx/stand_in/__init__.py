"""A stand-in for AWX: the part of its REST API that awx.awx's modules use, on loopback.

It is as strict as AWX's documentation of the API, and stricter in one thing: a field that a resource does not have is
refused, where AWX ignores it, so that a mistyped setting shows. It runs nothing and keeps everything in memory.
"""
