"""Letters to test with."""

from dataclasses import replace
from datetime import UTC, datetime

from kept.channels.base import Address, Letter

CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def a_letter(**changes) -> Letter:
    letter = Letter(
        sender=Address("desk@example.com", "Riverside Foot Clinic"),
        recipient=Address("ann@example.org", "Ann Example"),
        reply_to=Address("bookings+x7@example.com"),
        subject="Foot care (K4-7Q2M): confirmed for Tue 14 July 2026 09:30 (Berlin time)",
        text="Your appointment is confirmed.\n\n.A line that begins with a dot\n",
        html="<p>Your appointment is confirmed.</p>",
        message_id="<k-7q2m.1.confirmation@example.com>",
        date=datetime(2026, 7, 1, 12, 0, tzinfo=UTC),
        headers={"X-Kept": "ref=K4-7Q2M leg=1 control=confirmation"},
    )
    return replace(letter, **changes)


def with_calendar(**changes) -> Letter:
    return a_letter(**({"calendar": CALENDAR, "calendar_method": "REQUEST"} | changes))
