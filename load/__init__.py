"""Load on the reference pipeline: users, what they measure, and what they must keep to."""
