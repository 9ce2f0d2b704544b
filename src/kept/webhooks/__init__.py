"""What other programs hear of: events, to whom they go, and what became of each delivery."""
