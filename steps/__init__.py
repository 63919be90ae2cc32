"""Step definitions that belong to the reference pipeline."""
