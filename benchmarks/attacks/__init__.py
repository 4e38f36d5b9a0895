"""Attacks on a server that this benchmark starts itself: `python -m benchmarks.attacks`."""
