"""Customers, how to reach them, what they were told."""
