"""Tests of the engine under every client."""
