"""Every command with its options: what there is, and how it is written."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from kept import __version__
from kept.cli import house
from kept.cli.kinds import USUAL, Address, Bind, Duration, Instant
from kept.cli.problems import Misused
from kept.lib import env

BEGAN = time.monotonic()

bind_option = click.option(
    "--bind",
    type=Bind(),
    help="Where to listen. Usually the host and port of KEPT_BASE_URL (127.0.0.1:8000).",
)
processes_option = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Web processes. More than one helps on PostgreSQL and several cores.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
business_option = click.option(
    "--business", metavar="SLUG", help="Which business, when there are several."
)


SECTIONS = {
    "Try and run": ("demo", "serve", "web", "work", "migrate"),
    "Set up": ("setup", "key", "sign-in", "member", "policy"),
    "Audit": ("audit", "simulate", "events"),
    "Tell": ("complaint", "refund", "report", "lead-mail"),
    "Look": (
        "status",
        "check",
        "explain",
        "person",
        "lead",
        "leads",
        "path",
        "clock",
        "zones",
        "late",
        "reputation",
        "webhooks",
        "reactivation",
        "hand-offs",
        "backup",
        "version",
    ),
}


class _InSections(click.Group):
    """Commands by what one wants to do, in the order in which a new user meets them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        told = {name for names in SECTIONS.values() for name in names}
        rest = tuple(name for name in self.commands if name not in told)
        for title, names in {**SECTIONS, "More": rest}.items():
            if not names:
                continue
            with formatter.section(title):
                formatter.write_dl([(name, _first_line(self.commands[name])) for name in names])


def _first_line(command: click.Command) -> str:
    return (command.help or "").partition("\n")[0]


@click.group(
    cls=_InSections,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 refused, broken or degraded; 2 the command, a setting or the "
    "database cannot be used.",
)
@click.version_option(__version__, prog_name="kept")
def kept() -> None:
    """Kept governs appointments: from booking, through time, to a visible outcome.

    \b
    Try it:         kept demo
    Set it up:      kept setup --business "My Studio" --time-zone Europe/Berlin --owner me@example.com
    Run it:         kept serve

    Settings are environment variables (KEPT_DATA_DIR, KEPT_DATABASE_URL, KEPT_EMAIL_URL,
    KEPT_BASE_URL and more); docs/operators.md describes each.
    """  # noqa: E501  # a command is copied in one piece
    os.umask(0o077)  # whatever is written is about customers, or lets somebody in
    for sentence in env.unknown():
        click.echo(f"Note: {sentence}", err=True)


# Running


@kept.command()
@bind_option
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The demo's own folder. Usually `demo` inside KEPT_DATA_DIR.",
)
@click.option("--keep", is_flag=True, help="Go on with the demo as it was left.")
def demo(bind: Address | None, data_dir: Path | None, keep: bool) -> None:
    """Show Kept: a sample business, an inbox, a clock that jumps.

    It lives in a folder of its own and touches neither your data nor your mail server. Without
    --keep it begins anew.

    \b
      kept demo
      kept demo --bind 127.0.0.1:9000 --keep
    """
    from kept.cli import grounds

    with (
        grounds.prepared(bind, data_dir, keep=keep) as address,
        house.opened(migrated=False, there=False),
    ):
        from kept.cli import demo as the_demo

        the_demo.run(address, began=BEGAN)


@kept.command()
@click.option(
    "--clock",
    "at",
    type=Instant(),
    help="Start a new database on the time-lapse clock, at this instant. One that is on it already "
    "goes on from where it was.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 100_000),
    help="How many times as fast the time-lapse clock runs.",
)
@bind_option
@processes_option
def serve(at: datetime | None, speed: float | None, bind: Address | None, workers: int) -> None:
    """Run everything: prepare the database, then web and worker.

    One process tree that ends with Ctrl-C or SIGTERM; a part that dies is started again.

    \b
      kept serve
      kept serve --bind 0.0.0.0:8080 --workers 2
      kept serve --clock 2027-03-01T08:00:00+01:00 --speed 600    (a new database, to try things)
    """
    address = _address(bind)
    with house.opened(migrated=False, there=False):
        from kept.cli import serving

        serving.serve(address, began=BEGAN, web_processes=workers, at=at, speed=speed)


@kept.command()
@bind_option
@processes_option
def web(bind: Address | None, workers: int) -> None:
    """Run the web alone, after `kept migrate`.

    For several machines on one PostgreSQL; each needs the same KEPT_SECRET_KEY.

    \b
      kept web --bind 0.0.0.0:8080 --workers 4
    """
    address = _address(bind)
    with house.opened():
        from django.db import connections

        from kept.cli import serving

        serving.require_free(address)
        connections.close_all()
        serving.run_web(address, workers, began=BEGAN)


@kept.command()
@click.option("--name", help="What to call it in the console. Usually host and process number.")
@click.option(
    "--deliverers",
    type=click.IntRange(1, 32),
    default=2,
    show_default=True,
    help="How many messages may be handed over at the same time.",
)
def work(name: str | None, deliverers: int) -> None:
    """Run one worker alone, after `kept migrate`.

    Any number may run, here and on other machines: no message goes out twice.

    \b
      kept work --deliverers 4
    """
    with house.opened():
        from kept.cli import serving

        serving.work(name=name, deliverers=deliverers)


@kept.command()
def migrate() -> None:
    """Prepare the database for this version (serve and setup do too)."""
    with house.opened(migrated=False, there=False):
        from kept.cli import zones

        steps = house.migrate()
        zones.follow()
        click.echo(f"The database is up to date ({steps} steps were applied).", err=True)


def _address(bind: Address | None) -> Address:
    """Where to listen. Without KEPT_BASE_URL, the address people use follows it."""
    if bind is not None:
        if not os.environ.get("KEPT_BASE_URL", "").strip():
            os.environ["KEPT_BASE_URL"] = f"http://{bind.near}"
        return bind
    try:
        base = urlsplit(env.read().base_url)
    except env.SettingError as error:
        raise Misused(str(error)) from None
    host = base.hostname or ""
    # Behind a reverse proxy the address people use is the proxy's, and not ours to listen at.
    ours = base.scheme == "http" and (host in env.LOOPBACK or _is_number(host))
    return Address(host, base.port or 80) if ours else USUAL


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


# Setting up


@kept.command()
@click.option("--business", required=True, metavar="NAME", help="The name customers know.")
@click.option("--time-zone", required=True, metavar="ZONE", help="Such as Europe/Berlin.")
@click.option("--owner", required=True, metavar="EMAIL", help="Who signs in first.")
@click.option(
    "--clock",
    "at",
    type=Instant(),
    help="Start a new database on the time-lapse clock. One that is on it already goes on from "
    "where it was.",
)
@click.option("--sample-data", is_flag=True, help="Add sample staff with hours, and services.")
@click.option("--another", is_flag=True, help="Make a further business where there is one already.")
@json_option
def setup(
    business: str,
    time_zone: str,
    owner: str,
    at: datetime | None,
    sample_data: bool,
    another: bool,
    as_json: bool,
) -> None:
    """Set up a business: prints an API key and the owner's sign-in link.

    Both are shown this once. The link works once, within seven days.

    \b
      kept setup --business "My Studio" --time-zone Europe/Berlin --owner me@example.com
    """
    with house.opened(migrated=False, there=False):
        from kept.cli import businesses

        businesses.set_up(
            business,
            time_zone,
            owner,
            at=at,
            with_sample=sample_data,
            another=another,
            as_json=as_json,
        )


@kept.command()
@business_option
@click.option("--name", required=True, help="What the key is for, such as 'website'.")
@json_option
def key(business: str | None, name: str, as_json: bool) -> None:
    """Make a further API key of a business; it is shown this once.

    \b
      kept key --name website
    """
    with house.opened():
        from kept.cli import businesses

        businesses.new_key(business, name, as_json=as_json)


@kept.command("sign-in")
@click.argument("email")
@json_option
def sign_in(email: str, as_json: bool) -> None:
    """Make a new one-time sign-in link for a member.

    It works once, within seven days. Links made before it go on working.

    \b
      kept sign-in me@example.com
    """
    with house.opened():
        from kept.cli import businesses

        businesses.new_link(email, as_json=as_json)


@kept.command()
@business_option
@click.option("--email", required=True, metavar="EMAIL", help="Who is to act for the business.")
@click.option(
    "--role",
    required=True,
    type=click.Choice(["owner", "front_desk", "staff"]),
    help="What they may do.",
)
@json_option
def member(business: str | None, email: str, role: str, as_json: bool) -> None:
    """Make somebody a member, or give a member another role.

    Also for somebody who has an account with another business of this installation. There must
    always be an owner.

    \b
      kept member --email rosa@example.com --role front_desk
    """
    with house.opened():
        from kept.cli import businesses

        businesses.add_member(business, email, role, as_json=as_json)


class _Change(click.ParamType[tuple[str, str]]):
    name = "field=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value[0], value[1]
        field, equals, text = str(value).partition("=")
        if not equals or not field:
            self.fail(f"{value!r} is not FIELD=VALUE, such as first_reminder=48h.", param, ctx)
        return field.strip(), text.strip()


@kept.command()
@business_option
@click.option(
    "--set",
    "changes",
    type=_Change(),
    multiple=True,
    help="Change a field, such as first_reminder=48h; may be repeated.",
)
@json_option
def policy(business: str | None, changes: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """Show or change a business's policy: when what is sent, and to whom.

    After a change every open appointment is planned anew. docs/paths/appointment.md says what
    each field means.

    \b
      kept policy
      kept policy --set first_reminder=48h --set change_until=4h
    """
    with house.opened():
        from kept.cli import businesses

        businesses.policy(business, changes, as_json=as_json)


# The clock


@kept.group(invoke_without_command=True)
@json_option
@click.pass_context
def clock(ctx: click.Context, as_json: bool) -> None:
    """Show the clock; move the time-lapse clock.

    The real clock cannot be moved.

    \b
      kept clock
      kept clock advance 23h --through
    """
    if ctx.invoked_subcommand is None:
        with house.opened():
            from kept.cli import moving

            moving.show(as_json=as_json)


wait_option = click.option(
    "--wait",
    type=click.FloatRange(0, 3600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up waiting for what became due once a worker has got nothing done for this long.",
)


through_option = click.option(
    "--through",
    is_flag=True,
    help="Stop at every due moment on the way, so that each duty falls due at its own time.",
)


@clock.command()
@click.argument("by", type=Duration(), metavar="DURATION")
@through_option
@wait_option
@json_option
def advance(by: timedelta, through: bool, wait: float, as_json: bool) -> None:
    """Jump forward by a duration, such as 23h or 1h30m."""
    with house.opened():
        from kept.cli import moving

        moving.advance(by, through=through, wait=wait, as_json=as_json)


@clock.command("set")
@click.argument("at", type=Instant(), metavar="INSTANT")
@through_option
@wait_option
@json_option
def set_clock(at: datetime, through: bool, wait: float, as_json: bool) -> None:
    """Jump forward to an instant.

    \b
      kept clock set 2027-03-02T08:00:00+01:00
    """
    with house.opened():
        from kept.cli import moving

        moving.advance_to(at, through=through, wait=wait, as_json=as_json)


@clock.command("speed")
@click.argument("times", type=click.FloatRange(0, 100_000))
@json_option
def clock_speed(times: float, as_json: bool) -> None:
    """Run so many times as fast (0 stands still)."""
    with house.opened():
        from kept.cli import moving

        moving.run_at(times, as_json=as_json)


# Looking


@kept.command()
@click.argument("name", default="appointment", metavar="[PATH]")
@click.option(
    "--sample",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
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


@kept.command()
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


@kept.command()
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


@kept.command()
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


@kept.command()
@click.argument("reference")
@click.argument("words")
@business_option
@json_option
def complaint(reference: str, words: str, business: str | None, as_json: bool) -> None:
    """Write down that a customer says something was not right with a visit.

    WORDS is what they said. A person is to settle it; until then nobody at their address is asked
    for anything.

    \b
      kept complaint KX7-M2PT9 "The polish came off after a day."
    """
    with house.opened():
        from kept.cli import telling

        telling.say(reference, business, "complained", words, as_json=as_json)


@kept.command()
@click.argument("reference")
@click.argument("words", default="")
@business_option
@json_option
def refund(reference: str, words: str, business: str | None, as_json: bool) -> None:
    """Write down that a customer got their money back for a visit.

    \b
      kept refund KX7-M2PT9 "Half of it, by card"
    """
    with house.opened():
        from kept.cli import telling

        telling.say(reference, business, "refunded", words, as_json=as_json)


@kept.command()
@click.argument("message", required=False)
@click.argument("kind", required=False, type=click.Choice(["delivered", "bounced"]))
@click.option("--detail", default="", help="The mail server's own words, with their codes.")
@click.option("--from-mail", is_flag=True, help="Read a delivery-status mail from standard input.")
@json_option
def report(
    message: str | None, kind: str | None, detail: str, from_mail: bool, as_json: bool
) -> None:
    """Report that a message was delivered, or came back.

    MESSAGE is its id, or the Message-ID of its letter. The same report again changes nothing.

    \b
      kept report 0199c8a47d2e7c3a9f603d2c5b1a7e44 bounced --detail "550 5.1.1 unknown"
      kept report --from-mail < returned.eml
    """
    if from_mail == bool(message or detail) or (message is None) != (kind is None):
        raise Misused("Give MESSAGE and what became of it (delivered, bounced), or --from-mail.")
    with house.opened():
        from kept.cli import reporting

        if from_mail:
            reporting.from_mail(sys.stdin.buffer, as_json=as_json)
        else:
            reporting.report(message or "", kind or "", detail, as_json=as_json)


@kept.command()
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


@kept.command()
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

    By service, member of staff and private answer, with the reasons why others were not asked. It
    only reads.

    \b
      kept reputation
      kept reputation --days 30 --json
    """
    with house.opened():
        from kept.cli import equality

        equality.show(business, timedelta(days=days), as_json=as_json)


@kept.command()
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


@kept.command("hand-offs")
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


@kept.command()
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


@kept.command()
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


@kept.command()
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


@kept.command()
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


@kept.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


# Leads


@kept.command()
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


@kept.command()
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


@kept.command("lead-mail")
@business_option
def lead_mail(business: str | None) -> None:
    """Take one e-mail from stdin as an enquiry, for an alias or a pipe.

    \b
      kept lead-mail --business my-studio < message.eml
    """
    with house.opened():
        from kept.cli import leading

        leading.take_mail(business)


# The Revenue Audit


a_day = click.DateTime(["%Y-%m-%d"])


@kept.command()
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


@kept.command()
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
    type=_Change(),
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


@kept.command()
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
