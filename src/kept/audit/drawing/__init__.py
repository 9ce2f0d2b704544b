"""What people and programs see of a Report: a page that prints, JSON, CSV, a summary on a terminal.

Nothing is computed here. A value is written with its own `text` everywhere and carries its `raw`
beside it, so that page, JSON and CSV agree to the digit. No Django: a file is audited on a machine
without an installation.
"""
