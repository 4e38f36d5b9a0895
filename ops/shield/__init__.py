"""Bounds on what a client of `server.py` may send."""
