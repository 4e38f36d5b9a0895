"""Checks whether an installation is healthy: `python -m ops.doctor`."""
