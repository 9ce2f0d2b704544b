"""What another policy would have done: to this installation's history, or to a file's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.table import Table

from kept.audit.foreign_again import ASSUMED as ASSUMED_OF_FILES
from kept.audit.foreign_again import CannotWalk, FileSimulation, simulate_file
from kept.audit.reading import CannotRead, open_files
from kept.cli import out
from kept.cli.auditing import Wanted, counting, reading, zone_named
from kept.cli.kinds import as_written
from kept.cli.problems import Misused
from kept.core.paths.appointment import APPOINTMENT
from kept.core.policy import Policy, PolicyError, changed

LONGEST = 1_000_000  # bytes of a policy
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Other:
    """The other policy: what a file says, and then what was said by hand."""

    file: Path | None
    changes: Sequence[tuple[str, str]]

    def data(self) -> dict[str, object]:
        """Raises Misused for a file that is none, and when nothing was said at all."""
        found = _read(self.file) if self.file else {}
        found |= {name: as_written(text) for name, text in self.changes}
        if not found:
            raise Misused(
                "Name the other policy: --policy FILE (JSON, as `kept policy --json` prints it), "
                "or --set FIELD=VALUE."
            )
        return found


def _read(file: Path) -> dict[str, object]:
    try:
        text = file.read_bytes()[:LONGEST].decode()
        found = json.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise Misused(f"{file} cannot be read as JSON: {error}.") from None
    if isinstance(found, dict) and isinstance(found.get("policy"), dict):
        found = found["policy"]  # what `kept policy --json` prints
    if not isinstance(found, dict):
        raise Misused(
            f'{file} is no policy: it must be an object such as {{"first_reminder": "48h"}}.'
        )
    return found


# Of this installation


def of_the_house(slug: str | None, other: Other, wanted: Wanted) -> None:
    """Walk the history of a business again. Django is set up already."""
    from kept.accounts import queries as accounts
    from kept.audit.simulate import simulate
    from kept.cli.businesses import the_business
    from kept.cli.simulated import as_data, told
    from kept.clock import queries as clock

    business = the_business(slug)
    present = accounts.policies_since(business.id)[-1][1]
    policy = _changed(present, other.data())
    begin, end = wanted.span(ZoneInfo(business.time_zone))
    with counting() as progress:
        found = simulate(business, policy, clock.now(), begin, end, progress)
    if wanted.as_json:
        out.data(as_data(found))
    else:
        told(found, ZoneInfo(business.time_zone))


def _changed(policy: Policy, data: Mapping[str, object]) -> Policy:
    try:
        return changed(policy, data)
    except PolicyError as error:
        raise Misused(str(error)) from None


# Of files


def of_files(
    files: Sequence[Path],
    other: Other,
    wanted: Wanted,
    *,
    zone: str | None,
    mapping: str | None,
) -> None:
    """Walk the appointments of exports along Kept's path. Needs no installation."""
    known = zone_named(zone)
    policy = _changed(Policy(), other.data())
    begin, end = wanted.span(known)
    try:
        with reading() as progress:
            history = open_files(
                files,
                zone=known,
                now=datetime.now(UTC),
                mapping=mapping,
                progress=progress.read,
            )
            found = simulate_file(history, policy, begin, end)
    except (CannotRead, CannotWalk) as error:
        raise Misused(str(error)) from None
    if wanted.as_json:
        out.data(file_data(found))
    else:
        _tell(found, known)


def file_data(found: FileSimulation) -> dict[str, object]:
    """The documented form (docs/audit.md)."""
    return {
        "appointments": found.legs,
        "not_walked": dict(found.not_walked),
        "letters": dict(found.letters),
        "letters_listed": [
            {"reference": each.reference, "control": each.control, "at": each.at}
            for each in found.listed
        ],
        "asked": dict(found.asked),
        "refused": dict(found.refusals),
        "assumed": list(ASSUMED_OF_FILES),
    }


def _tell(found: FileSimulation, zone: ZoneInfo) -> None:
    out.line(f"{found.legs:,} booked times were gone through as Kept would have.")
    for why, number in found.not_walked.most_common():
        out.line(f"{number:,} were not: {why}.")
    out.line()
    counts("What would have been written", found.letters)
    counts("What a person would have been asked", asked_in_words(found.asked))
    counts("What was done and would have been refused", found.refusals)
    for each in found.listed[:SHOWN]:
        out.line(f"  {out.when(each.at, zone)}  {each.control.replace('_', ' ')}  {each.reference}")
    if len(found.listed) > SHOWN:
        out.line("  ... --json has more.")
    out.line()
    for sentence in ASSUMED_OF_FILES:
        out.line(f"Mind: {sentence}")


def _as_words(name: str) -> str:
    return name.replace("_", " ") if name.islower() else name[:1].lower() + name[1:]


def asked_in_words(found: Counter[str]) -> Counter[str]:
    """The kinds of question as the path words them: "the customer said both yes and no"."""
    reasons = {each.kind: each.reason.rstrip(".") for each in APPOINTMENT.escalations}
    return Counter({reasons.get(kind, kind): number for kind, number in found.items()})


def counts(title: str, found: Counter[str]) -> None:
    """A small table of names and numbers, the most first; nothing where there is none."""
    rows = [(name, number) for name, number in found.most_common() if number]
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(title)
    table.add_column("", justify="right")
    for name, number in rows:
        table.add_row(f"  {_as_words(name)}", f"{number:+,}" if number < 0 else f"{number:,}")
    out.console().print(table)
    out.line()
