"""Compose a message from its facts."""

from kept.outbox.texts.content import content
from kept.outbox.texts.facts import KINDS, Facts, Kind, MissingField, Text
from kept.outbox.texts.render import html, plain

__all__ = ["KINDS", "Facts", "Kind", "MissingField", "Text", "compose"]


def compose(kind: Kind, facts: Facts) -> Text:
    """Write the message of this kind. Raises `MissingField` when a fact it must state is empty."""
    said = content(kind, facts)
    return Text(subject=said.subject, text=plain(said), html=html(said))
