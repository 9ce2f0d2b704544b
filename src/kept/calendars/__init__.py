"""Calendars: the invitations we send, and the calendars staff keep elsewhere."""
