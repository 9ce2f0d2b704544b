"""The one clock of an installation."""
