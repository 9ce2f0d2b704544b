"""The one way in which reading fails."""


class CannotRead(Exception):
    """A file, or what was said about it, cannot be used. The message is one or two sentences for
    the person who runs the audit: what is the matter, where, and what to do."""
