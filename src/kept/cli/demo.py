"""The demo: a sample business in a folder of its own, on the time-lapse clock."""

from __future__ import annotations

import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, connections, transaction
from django.utils.crypto import salted_hmac

from kept.accounts import actions as accounts
from kept.accounts import queries
from kept.accounts.queries import Business, User
from kept.cli import elsewhere, house, out, sample, serving, week
from kept.cli.businesses import booking_url, sign_in_url
from kept.cli.kinds import Address
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.time import zone as known_zone

NAME, ZONE, OWNER = "Harbour Lane Physiotherapy", "Europe/London", "owner@example.com"
EXPORT = "bookings-elsewhere.csv"


def run(address: Address, *, began: float) -> None:
    """Prepare the sample business unless there is one, then run everything until stopped."""
    serving.require_free(address)
    house.migrate()
    business = queries.businesses()[0] if queries.businesses() else _prepare()
    owner = User.objects.get(email=OWNER)
    connections.close_all()
    serving.serve(
        address,
        began=began,
        web_processes=1,
        ready=lambda: _welcome(business, owner, began),
    )


def _prepare() -> Business:
    """The sample business after a week of life. Told on stderr, because it takes a moment."""
    out.note("Living through a sample week ...")
    _hurry()
    zone = known_zone(ZONE)
    today = clock_queries.real_now().astimezone(zone).date()
    monday = this_monday(today) - timedelta(days=7)
    clock.start(_morning(monday - timedelta(days=week.DAYS_BEFORE)), speed=0)
    with transaction.atomic():
        business, owner = accounts.create_business(
            NAME,
            ZONE,
            OWNER,
            clock_queries.now(),
            currency="GBP",
            phone="+442079460123",
            address="4 Harbour Lane, Riverton",
            locale="en_GB",
            # Whoever tries the demo is not to be the one in ten whom nobody invites.
            policy={"hold_out": 0},
        )
        _give_password(owner)
        furnished = sample.furnish(business)
    week.live_through(business, furnished, monday)
    clock.run_at(1)
    return business


def this_monday(today: date) -> date:
    """The Monday of this ISO week."""
    return today - timedelta(days=today.weekday())


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 8, tzinfo=known_zone(ZONE))


def _password() -> str:
    """The same one as long as this demo lives, and another one in every other."""
    drawn = salted_hmac("kept demo", OWNER, algorithm="sha256").hexdigest()
    return "-".join(drawn[place : place + 4] for place in (0, 4, 8))


def _give_password(owner: User) -> None:
    """Who has one is let in by the link without being asked to set one."""
    owner.set_password(_password())
    owner.save(update_fields=["password"])


def _hurry() -> None:
    """Sample data need not survive a power cut while it is being made."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")


def _welcome(business: Business, owner: User, began: float) -> None:
    base, link = settings.BASE_URL, sign_in_url(owner)
    now = out.when(clock_queries.now(), known_zone(business.time_zone))
    today = clock_queries.real_now().astimezone(known_zone(ZONE)).date()
    export = elsewhere.write(Path(settings.DATA_DIR) / EXPORT, today)
    connections.close_all()
    out.line(
        f"""
The demo answers at {base} (ready in {time.monotonic() - began:.1f} s).
Its clock says {now}. No mail leaves this machine.

  The front desk     {link}
                     (works once; later sign in as {OWNER} with the password {_password()})
  The booking page   {booking_url(business)}
  The enquiry page   {base}/ask/{business.slug}/
  The inbox          {base}/console/inbox/

{STEPS}
  There is half a year of an invented practice to choose there:
  {export}

In another terminal, so that the commands find this demo and not your own installation:

  export KEPT_DATA_DIR={settings.DATA_DIR} KEPT_BASE_URL={base} KEPT_EMAIL_URL=inbox:
  {_command()} clock advance 1d --through
  {_command()} status; {_command()} check; {_command()} explain REFERENCE
  {_command()} audit {export} --zone {ZONE} --out report.html

Ctrl-C stops the demo; `--keep` goes on with it as it was left.
"""
    )


def _command() -> str:
    """How this command was called: by its own name, or from a checkout."""
    return "kept" if Path(sys.argv[0]).name == "kept" else "./run kept"


STEPS = """What to try:

  1. Open the front desk, press "Sign in", and look at today by state.
  2. Open the booking page in another window and book a time the day after tomorrow.
  3. Open the inbox (once signed in): every message as its reader sees it. The confirmation is
     there, with the link to the customer's own page.
  4. Jump the clock to the next control, an hour or a day: watch the 24 h and 1 h reminders arrive.
  5. Cancel one on the customer's page: its reminders are void, and nothing more leaves.
  6. Move one: the old leg stops, the next one starts, and the customer is told the new time.
  7. Let one pass without saying what happened: it becomes OUTCOME DUE and needs a person.
  8. Say that one arrived and is completed: see what is handed on, and to whom.

The whole life of a customer:

  a. Ask something on the enquiry page. The inbox has our answer, with a link that books.
  b. Book through it, and agree to be invited later. The enquiry (Leads) is booked.
  c. Jump past the reminders to the visit. Say that they arrived, and that it is completed.
  d. Jump on by days, and read: what to mind, how did it go (answer it), the next visit, a review
     (its pages are invented, and lead nowhere).
  e. Jump on by weeks, until an invitation comes. Book through it: they are back (Invitations).
  f. Look at the person (People): every path on one timeline.
  g. Ask once more as somebody else, and stop it: book, answer for them at the desk, take it over,
     or follow the link in a letter that says so. Jump on: nothing more of that comes.

Where money is lost (Audit, at the front desk): the same report on a file from another calendar.
"""
