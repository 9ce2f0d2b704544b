"""Look: what there is, what is due, what happened and why. Nothing here changes anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from kept import __version__
from kept.cli import house
from kept.cli.commands.options import business_option, json_option
from kept.cli.kinds import Duration, WallTime


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Say what runs here and whether all is well; exit code 1 if not.

    \b
      kept status
      kept status --json
    """
    with house.opened():
        from kept.cli import standing

        standing.show(as_json=as_json)


@click.command()
@click.option(
    "--only",
    type=click.IntRange(1, 12),
    multiple=True,
    help="Look at this promise alone; may be repeated.",
)
@json_option
def check(only: tuple[int, ...], as_json: bool) -> None:
    """See whether all promises hold on the live data; exit code 1 if not.

    It only reads. Run it daily; what breaks a promise is named.

    \b
      kept check
      kept check --only 1 --only 8 --json
    """
    with house.opened():
        from kept.cli import checking

        checking.check(only, as_json=as_json)


@click.command()
@click.argument("reference")
@business_option
@json_option
def explain(reference: str, business: str | None, as_json: bool) -> None:
    """Tell the story of an appointment: what was due, what went out, why.

    On a terminal long rows are folded; into a pipe or a file each is one line.

    \b
      kept explain KX7-M2PT9
      kept explain KX7-M2PT9 --json
    """
    with house.opened():
        from kept.cli import explaining

        explaining.explain(reference, business, as_json=as_json)


@click.command()
@click.argument("who", metavar="REFERENCE|ID")
@business_option
@json_option
def person(who: str, business: str | None, as_json: bool) -> None:
    """Say where a person stands on every path, and what happened with them.

    By the reference of an appointment or enquiry of theirs, or by their own id.

    \b
      kept person KX7-M2PT9
      kept person KX7-M2PT9 --json
    """
    with house.opened():
        from kept.cli import person as the_person

        the_person.show(who, business, as_json=as_json)


@click.command()
@click.argument("reference")
@business_option
@json_option
def lead(reference: str, business: str | None, as_json: bool) -> None:
    """Tell the story of one lead: what was due, what went out, what came of it.

    \b
      kept lead KX7-M2PT9
    """
    with house.opened():
        from kept.cli import leading

        leading.explain(reference, business, as_json=as_json)


@click.command()
@business_option
@click.option("--state", default="open", show_default=True, help="A state of the path, or open.")
@click.option("--speed", is_flag=True, help="How fast they were answered instead.")
@click.option("--days", default=30, show_default=True, help="With --speed: of the last days.")
@json_option
def leads(business: str | None, state: str, speed: bool, days: int, as_json: bool) -> None:
    """List who asks, or how fast they were answered.

    \b
      kept leads --state stale
      kept leads --speed --days 90 --json
    """
    with house.opened():
        from kept.cli import leading

        if speed:
            leading.how_fast(business, days, as_json=as_json)
        else:
            leading.show(business, state, as_json=as_json)


@click.command()
@click.argument("name", default="appointment", metavar="[PATH]")
@click.option(
    "--sample",
    type=WallTime(),
    metavar="YYYY-MM-DDTHH:MM",
    help="Print the real instants for a booking at this time of the wall clock.",
)
@click.option("--time-zone", default="UTC", show_default=True, help="The zone of --sample.")
@click.option(
    "--booked-before",
    type=Duration(),
    default="7d",
    show_default=True,
    help="How long before its start the sample is booked.",
)
@json_option
def path(
    name: str, sample: datetime | None, time_zone: str, booked_before: timedelta, as_json: bool
) -> None:
    """Print a path and its controls, or when they would come for a visit.

    \b
      kept path appointment
      kept path appointment --sample 2027-03-28T10:00 --time-zone Europe/Berlin
    """
    from kept.cli import paths

    if sample is None:
        paths.show(name, as_json=as_json)
    else:
        paths.sample(name, sample, time_zone, booked_before, as_json=as_json)


@click.command()
@json_option
def zones(as_json: bool) -> None:
    """Say which time-zone rules are in use, and what new ones changed.

    \b
      kept zones
      kept zones --json
    """
    with house.opened():
        from kept.cli import zones as the_zones

        the_zones.show(as_json=as_json)


@click.command()
@business_option
@click.option(
    "--since",
    type=Duration(),
    default="24h",
    metavar="DURATION",
    help="How far to look back, such as 3h; a day unless said otherwise.",
)
@json_option
def late(business: str | None, since: timedelta, as_json: bool) -> None:
    """Say what was late or left out, and who was not reminded.

    For after a time in which no worker ran. It only reads.

    \b
      kept late --since 12h
      kept late --business harbour-clinic --json
    """
    with house.opened():
        from kept.cli import lateness

        lateness.show(business, since, as_json=as_json)


@click.command()
@business_option
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=90,
    show_default=True,
    help="How far to look back.",
)
@json_option
def reputation(business: str | None, days: int, as_json: bool) -> None:
    """Say whether everybody is asked for a review alike.

    By service, member of staff and what was said of the visit, with the reasons why others were
    not asked. It only reads.

    \b
      kept reputation
      kept reputation --days 30 --json
    """
    with house.opened():
        from kept.cli import equality

        equality.show(business, timedelta(days=days), as_json=as_json)


@click.command()
@business_option
@json_option
def webhooks(business: str | None, as_json: bool) -> None:
    """Say which programs hear of what happens, and whether it reaches them.

    \b
      kept webhooks
      kept webhooks --business harbour-clinic --json
    """
    with house.opened():
        from kept.cli import hooks

        hooks.show(business, as_json=as_json)


@click.command()
@business_option
@json_option
def reactivation(business: str | None, as_json: bool) -> None:
    """Say what invitations to come again bring, against those who got none by chance.

    It only reads.

    \b
      kept reactivation
      kept reactivation --business harbour-clinic --json
    """
    with house.opened():
        from kept.cli import returns

        returns.show(business, as_json=as_json)


@click.command("hand-offs")
@business_option
@click.option("--days", default=30, show_default=True, help="What was offered in the last days.")
@json_option
def hand_offs(business: str | None, days: int, as_json: bool) -> None:
    """Say how what was handed on was taken over: in time, or not.

    \b
      kept hand-offs --days 90
    """
    with house.opened():
        from kept.cli import handing_on

        handing_on.show(business, days, as_json=as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the SQLite database to a new FILE while everything runs.

    The copy is checked, and never written over a file that is there.

    \b
      kept backup /backups/kept.sqlite3
    """
    with house.opened(migrated=False):
        from kept.cli import copying

        copying.backup(file)


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)
