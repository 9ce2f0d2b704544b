"""Compose a message from its facts."""

from dataclasses import replace

from kept.outbox.texts.after import AFTER_KINDS, AfterFacts, AfterKind, after_content
from kept.outbox.texts.asked import ASKED_KINDS, AskedFacts, AskedKind, asked_content
from kept.outbox.texts.content import Content, Offer, content
from kept.outbox.texts.facts import KINDS, Facts, Kind, MissingField, Text
from kept.outbox.texts.render import html, plain

__all__ = [
    "AFTER_KINDS",
    "ASKED_KINDS",
    "KINDS",
    "AfterFacts",
    "AfterKind",
    "AskedFacts",
    "AskedKind",
    "Facts",
    "Kind",
    "MissingField",
    "Offer",
    "Text",
    "compose",
    "compose_after",
    "compose_asked",
]


def compose(kind: Kind, facts: Facts, *, mark: str = "") -> Text:
    """Write the message of this kind. Raises `MissingField` when a fact it must state is empty.

    `mark`: it is only a test, which its subject says, and these words before all others.
    """
    return _both_faces(content(kind, facts), mark)


def compose_after(kind: AfterKind, facts: AfterFacts, *, mark: str = "") -> Text:
    """Write the letter that follows an outcome. Otherwise as `compose`."""
    return _both_faces(after_content(kind, facts), mark)


def compose_asked(kind: AskedKind, facts: AskedFacts, *, mark: str = "") -> Text:
    """Write the letter to somebody who asked. Otherwise as `compose`."""
    return _both_faces(asked_content(kind, facts), mark)


def _both_faces(said: Content, mark: str) -> Text:
    if mark:
        said = replace(said, subject=f"[Test] {said.subject}", lead=(mark, *said.lead))
    return Text(subject=said.subject, text=plain(said), html=html(said))
