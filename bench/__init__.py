"""Measurements, each beside a peer's: `python -m bench`."""
