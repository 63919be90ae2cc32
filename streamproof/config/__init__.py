"""Reads streamproof.toml, and says what is wrong in it."""
