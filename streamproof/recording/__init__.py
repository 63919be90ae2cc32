"""What a run records, source by source: logs read back, observers, coordinators, databases."""
