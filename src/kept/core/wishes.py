"""What a person may refuse to be written, and the sentence that then stands beside each duty.

Four things are told apart, because people and the law do. *contact*: nothing at all, what Kept
sends by itself. *service*: what belongs to a booked visit. *review*: the ask for a public word.
*marketing*: what asks for something new. Who refuses contact has refused the other three.

What somebody asked for in the moment is no letter of ours but the answer to theirs, and goes out
whatever was refused before: the confirmation of a visit they book themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from kept.core.case import Event

Purpose = Literal["service", "review", "marketing"]  # what a letter may be for
Wish = Literal["contact", "service", "review", "marketing"]  # what a person may refuse
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
WISHES: tuple[Wish, ...] = get_args(Wish)

SENTENCES: Mapping[str, str] = {
    "contact": "the customer is not to be contacted",
    "service": "the customer refused letters about visits",
    "review": "the customer refused to be asked for a review",
    "marketing": "the customer refused suggestions",
}
NOT_AGREED = "the customer has not agreed to this"
REFUSED = frozenset(SENTENCES.values())


def refuses_suggestions(event: Event) -> bool:
    """An `opted_out` that means suggestions: those alone, or any contact."""
    return event.data.get("wish", "marketing") in {"marketing", "contact"}


def not_to_write(refused: Iterable[str]) -> dict[str, str]:
    """Of each purpose a letter may not be written for, the sentence why not."""
    wishes = set(refused)
    if "contact" in wishes:
        return dict.fromkeys(PURPOSES, SENTENCES["contact"])
    return {purpose: SENTENCES[purpose] for purpose in PURPOSES if purpose in wishes}
