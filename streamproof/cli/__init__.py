"""The command: its verbs, its flags, and the streams it writes to."""
