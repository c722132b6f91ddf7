"""Tests of the signalling service."""
