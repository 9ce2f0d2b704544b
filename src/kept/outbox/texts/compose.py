"""Compose a message from its facts."""

from kept.outbox.texts.facts import Facts, Kind, MissingField, Text

__all__ = ["Facts", "Kind", "MissingField", "Text", "compose"]


def compose(kind: Kind, facts: Facts) -> Text:
    """Write the message of this kind. Raises `MissingField` when a fact it must state is empty."""
    raise NotImplementedError
