"""Writing the event log of a business into a file, for programs that mine processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from kept.audit import own
from kept.audit.history import History
from kept.audit.writing import ocel, xes
from kept.cli import out
from kept.cli.businesses import the_business
from kept.cli.problems import Misused, Refused
from kept.clock import queries as clock
from kept.core.time import day_bounds

Told = Callable[[int], None]


def write(
    slug: str | None,
    form: str,
    file: Path,
    since: date | None,
    until: date | None,
    *,
    as_json: bool,
) -> None:
    """Write the log. Raises Misused and Refused; of a file that could not be finished nothing is
    left."""
    if since and until and since > until:
        raise Misused("--from is later than --to.")
    if file.exists():
        raise Refused(f"{file} is there already: name a new file, or take that one away.")
    business = the_business(slug)
    zone = ZoneInfo(business.time_zone)
    begin = day_bounds(since, zone)[0] if since else None
    end = day_bounds(until, zone)[1] if until else None
    history = own.history(business, clock.now(), begin, end)
    part = file.with_name(f"{file.name}.part")
    try:
        with _counting() as told:
            number = _write(form, history, part, told)
        part.rename(file)
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        out.data({"file": str(file), "format": form, "appointments": number})
    else:
        out.line(f"{number:,} {'appointment is' if number == 1 else 'appointments are'} in {file}.")


def _write(form: str, history: History, part: Path, told: Told) -> int:
    part.unlink(missing_ok=True)  # left by somebody who pulled the plug, or leading elsewhere
    if form == "ocel-sqlite":
        return ocel.write_sqlite(history, part, told)
    with part.open("x", encoding="utf-8") as text:
        writer = xes.write if form == "xes" else ocel.write_json
        return writer(history, text, told)


@contextmanager
def _counting() -> Iterator[Told]:
    """On a terminal, how many appointments are written."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Writing", total=None)
        yield lambda n: bar.update(task, completed=n, description=f"{n:,} appointments")
