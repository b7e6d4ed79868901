"""The Track API at a scripted server."""
