"""Booking, moving, cancelling, attending: the appointment path at work."""
