"""E-mail: SMTP, and the inbox of the demo, which keeps everything at home."""
