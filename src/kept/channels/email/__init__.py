"""E-mail: SMTP, and the inbox of the demo, which keeps everything at home."""

from kept.channels.email.parse import from_url

__all__ = ["from_url"]
