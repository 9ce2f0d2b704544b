"""Saying which promises hold, and what breaks the others."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console

from kept.accounts import queries as accounts
from kept.checks import promises
from kept.checks.promises import Result
from kept.cli import out, standing
from kept.cli.problems import Refused
from kept.clock import queries as clock
from kept.journeys import reactivation, reputation


def check(only: Collection[int], *, as_json: bool) -> None:
    """Look at the live data and print what was found. Raises Refused when a promise is broken."""
    with _progress() as progress:
        results = promises.run(clock.now(), only=only or None, progress=progress)
    if as_json:
        out.data([asdict(result) for result in results])
    else:
        for result in results:
            _print(result)
    if mail := standing.about_mail():
        out.note(f"Note: {mail}")
    for business in accounts.businesses():
        for missing in (*reputation.to_set_up(business), *reactivation.to_set_up(business)):
            out.note(f"Note: {missing}")
    _refuse_broken(results)


def _print(result: Result) -> None:
    rows = "1 row" if result.looked_at == 1 else f"{result.looked_at} rows"
    verdict = "ok    " if result.ok else "BROKEN"
    out.line(f"{result.number:>2}  {verdict}  {result.title}  ({result.name}, {rows})")
    for sentence in result.broken:
        out.line(f"            {sentence}")


def _refuse_broken(results: Sequence[Result]) -> None:
    broken = [str(result.number) for result in results if not result.ok]
    if not broken:
        out.note("Every promise holds." if len(results) > 1 else "The promise holds.")
        return
    what = f"Promise {broken[0]} is" if len(broken) == 1 else f"Promises {', '.join(broken)} are"
    raise Refused(f"{what} broken.")


@contextmanager
def _progress() -> Iterator[promises.Progress]:
    """What is being looked at now, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda promise: None
        return
    with Console(stderr=True, highlight=False).status("Looking ...") as status:
        yield lambda promise: status.update(f"{promise.number} of 12: {promise.title}")
