"""What is recorded of a run: tables, how they are stored, what is promised, and the words in them."""
