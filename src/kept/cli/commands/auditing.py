"""The Revenue Audit, the past under another policy, and the event log."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from kept.cli import house
from kept.cli.commands.options import Change, a_day, business_option, json_option
from kept.cli.problems import Misused


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@business_option
@click.option("--from", "since", type=a_day, metavar="YYYY-MM-DD", help="The first day looked at.")
@click.option("--to", "until", type=a_day, metavar="YYYY-MM-DD", help="The last day looked at.")
@click.option(
    "--zone", metavar="ZONE", help="Of FILES: such as Europe/Berlin. Usually this machine's."
)
@click.option(
    "--map", "mapping", metavar="MAP", help="Of FILES: which column is what (a file or a name)."
)
@click.option(
    "--save-map", type=click.Path(path_type=Path, dir_okay=False), help="Write down what was asked."
)
@click.option(
    "--out",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report as a page (HTML).",
)
@click.option(
    "--csv",
    "tables",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write its tables into a folder.",
)
@json_option
def audit(
    files: tuple[Path, ...],
    business: str | None,
    since: datetime | None,
    until: datetime | None,
    zone: str | None,
    mapping: str | None,
    save_map: Path | None,
    page: Path | None,
    tables: Path | None,
    as_json: bool,
) -> None:
    """Say where appointments break, and what that costs: of this installation, or of FILES.

    FILES are exports of the calendar or booking tool you have today: CSV, ICS, XES or OCEL. They
    need no installation; nothing of them is stored or sent, and names are not kept. docs/audit.md
    says what the figures mean.

    \b
      kept audit --from 2027-01-01 --out report.html
      kept audit bookings.csv --zone Europe/Berlin --out report.html
      kept audit export.csv --map calendly --json
    """
    from kept.cli import auditing

    wanted = auditing.Wanted(
        since.date() if since else None, until.date() if until else None, page, tables, as_json
    )
    auditing.checked(wanted, files)
    if files:
        if business:
            raise Misused("--business is for the installation's own rows: leave FILES out.")
        auditing.of_files(files, wanted, zone=zone, mapping=mapping, save_map=save_map)
        return
    if zone or mapping or save_map:
        raise Misused("--zone, --map and --save-map are for FILES: name the export to be read.")
    with house.opened():
        auditing.of_the_house(business, wanted)


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The other policy: JSON, as `kept policy --json` prints it, or a part of it.",
)
@click.option(
    "--set",
    "changes",
    type=Change(),
    multiple=True,
    help="Change a field of it, such as first_reminder=48h; may be repeated.",
)
@business_option
@click.option("--from", "since", type=a_day, metavar="YYYY-MM-DD", help="The first day looked at.")
@click.option("--to", "until", type=a_day, metavar="YYYY-MM-DD", help="The last day looked at.")
@click.option("--zone", metavar="ZONE", help="Of FILES: such as Europe/Berlin.")
@click.option("--map", "mapping", metavar="MAP", help="Of FILES: which column is what.")
@json_option
def simulate(
    files: tuple[Path, ...],
    policy_file: Path | None,
    changes: tuple[tuple[str, str], ...],
    business: str | None,
    since: datetime | None,
    until: datetime | None,
    zone: str | None,
    mapping: str | None,
    as_json: bool,
) -> None:
    """Say what another policy would have done: which letters when, and which breaks remain.

    Every appointment is walked again under it, with what people really did. Nothing is changed or
    sent. Of FILES, exports from elsewhere, it says what Kept would have written.

    \b
      kept simulate --set first_reminder=48h
      kept simulate --policy other.json --from 2027-01-01 --json
      kept simulate bookings.csv --zone Europe/Berlin --set first_reminder=48h
    """
    from kept.cli import auditing, simulating

    wanted = auditing.Wanted(
        since.date() if since else None, until.date() if until else None, None, None, as_json
    )
    auditing.checked(wanted, files)
    other = simulating.Other(policy_file, changes)
    other.data()  # refused before anything is opened
    if files:
        if business:
            raise Misused("--business is for the installation's own rows: leave FILES out.")
        simulating.of_files(files, other, wanted, zone=zone, mapping=mapping)
        return
    if zone or mapping:
        raise Misused("--zone and --map are for FILES: name the export to be read.")
    with house.opened():
        simulating.of_the_house(business, other, wanted)


@click.command()
@business_option
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(["xes", "ocel-json", "ocel-sqlite"]),
    help="OCEL keeps everything; XES one trace for each appointment.",
)
@click.option(
    "--out",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file; one that is there is not written over.",
)
@click.option("--from", "since", type=a_day, metavar="YYYY-MM-DD", help="The first day told.")
@click.option("--to", "until", type=a_day, metavar="YYYY-MM-DD", help="The last day told.")
@json_option
def events(
    business: str | None,
    form: str,
    file: Path,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Write the event log of a business to a new FILE, for programs that mine processes.

    Persons are pseudonyms in it that two logs do not share. docs/event-log.md says what stands
    in it.

    \b
      kept events --format ocel-json --out events.json
      kept events --format xes --from 2027-01-01 --out events.xes
    """
    with house.opened():
        from kept.cli import telling_events

        span = (since.date() if since else None, until.date() if until else None)
        telling_events.write(business, form, file, *span, as_json=as_json)
