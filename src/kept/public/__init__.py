"""The door for customers: booking and their own page."""
