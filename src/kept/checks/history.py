"""Promise 10: the state equals the fold of the events, nobody can change them, and whoever listens
is told of them in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F, Model

from kept.cases.queries import Case, Event, events_by_case, why_unreadable
from kept.checks.finding import Found, Moment, reference, stream
from kept.checks.telling import out_of_order, untold
from kept.core import case as core
from kept.core.paths import PATHS
from kept.core.replay import BrokenHistory, replay
from kept.outbox.queries import Evidence
from kept.people.queries import Consent


def the_state_is_the_fold(moment: Moment) -> Found:
    """Replay every history; try to change one (what was tried is undone)."""
    found = Found(Event.objects.count())
    histories = groupby(events_by_case(), key=lambda pair: pair[0])
    found.add(_wrong(histories), str)
    found.broken += _not_refused()
    found.add(untold(moment), str)
    found.add(out_of_order(), str)
    return found


def _wrong(
    histories: Iterable[tuple[UUID, Iterator[tuple[UUID, int, core.Event]]]],
) -> Iterator[str]:
    """Walk cases and histories side by side, both in the order of the cases' ids."""
    cases = stream(Case.objects.annotate(reference=reference("subject")).order_by("id"))
    history = next(histories, None)  # type: ignore[call-overload]
    for case in cases:
        name = f"{case.reference or case.id}: leg {case.number}"
        if history is None or history[0] != case.id:
            yield f"{name} has no history"
            continue
        numbered = [(seq, event) for _, seq, event in history[1]]
        yield from (f"{name} {what}" for what in _compare(case, numbered))
        history = next(histories, None)  # type: ignore[call-overload]


def _compare(case: Case, numbered: list[tuple[int, core.Event]]) -> Iterator[str]:
    if why := why_unreadable(case):
        yield f"{why}: it is left out of lists and pushed back by the worker until it is mended."
        return
    first, last = numbered[0][0], numbered[-1][0]
    if [seq for seq, _ in numbered] != list(range(first, last + 1)):
        yield f"has gaps in its history ({len(numbered)} events numbered {first} to {last})."
    if last != case.version or (case.number == 1 and first != 1):
        yield f"is at version {case.version}, and its history runs from {first} to {last}."
    try:
        state = replay(PATHS[case.path], (event for _, event in numbered))
    except BrokenHistory as error:
        yield f"has a history that cannot be: {error}."
        return
    if state != case.state:
        yield f"is {case.state}, and its history says {state}."


# What is never changed or deleted, and what it is called.
GUARDED: Mapping[str, type[Model]] = {
    "an event": Event,
    "a consent": Consent,
    "what became known of a message": Evidence,
}


def _not_refused() -> list[str]:
    """What the database would let somebody do to what has been written down."""
    return [
        f"The database allows {verb} {what}: its guard is gone."
        for what, rows in GUARDED.items()
        for verb in _allowed(rows)
    ]


def _allowed(rows: type[Model]) -> Iterator[str]:
    one = rows._default_manager.order_by("pk").first()
    if one is None:
        return
    row = rows._default_manager.filter(pk=one.pk)
    if not _refused(lambda: row.update(id=F("id"))):
        yield "changing"
    if not _refused(lambda: row._raw_delete(row.db)):
        yield "deleting"


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        with transaction.atomic():
            attempt()
            transaction.set_rollback(True)
    except DatabaseError as error:
        return "append_only" in str(error)
    return False
