"""A run, from what is asked for to its verdict."""
