"""Kept governs appointments: from booking, through time, to a visible outcome."""

__version__ = "0.1.0"
