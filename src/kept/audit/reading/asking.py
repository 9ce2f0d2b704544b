"""Questions about a file that only its owner can answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kept.audit.reading.trouble import CannotRead


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `key` names it ("map", "column.start", "status", "times.order",
    "money.decimal"); `choices` are the answers allowed (empty: any text); `examples` are the first
    values of the file it is about; `default` is what fits best, or empty. `otherwise` is the
    sentence of the refusal where nobody can be asked."""

    key: str
    text: str
    otherwise: str
    choices: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    default: str = ""


# Answers with one of the choices; the empty answer means the default.
Ask = Callable[[Question], str]


def answer(question: Question, ask: Ask | None) -> str:
    """What was answered; CannotRead if nobody can be asked, or it is none of the choices."""
    if ask is None:
        raise CannotRead(question.otherwise)
    said = ask(question).strip() or question.default
    if question.choices and said not in question.choices:
        raise CannotRead(f"“{said}” is none of the answers to: {question.text}")
    return said
