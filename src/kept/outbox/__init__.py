"""What is to be said, and what became of it."""
