"""The iCalendar form of an appointment (RFC 5545), to be mailed (RFC 5546, 6047) or downloaded."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from kept.calendars.zones import vtimezone

PRODID = "-//Kept//Kept//EN"
_UNWRITABLE = re.compile(r"[\s\x00-\x1f\x7f]")
_UTC_NAMES = {"UTC", "Etc/UTC", "Etc/UCT", "Etc/Zulu", "Etc/Universal", "Zulu", "UCT", "Universal"}


@dataclass(frozen=True, slots=True)
class Invitation:
    """One appointment as a calendar is to show it. All times are aware."""

    uid: str
    """`<appointment-id>@<domain>`: the same for the life of the appointment, through every move."""
    sequence: int
    """0 for the first leg, one more for each further leg, one more for the cancellation."""
    start: datetime
    end: datetime
    zone: str
    """The IANA name of the zone it happens in."""
    summary: str
    organizer_address: str
    organizer_name: str
    attendee_address: str
    attendee_name: str
    stamp: datetime
    """When this version was written. Of two with the same sequence the later stamp wins."""
    created: datetime
    description: str = ""
    location: str = ""
    url: str = ""
    cancelled: bool = False
    private: bool = False


def request(invitation: Invitation) -> bytes:
    """The invitation, and every move of it: METHOD:REQUEST."""
    if invitation.cancelled:
        raise ValueError("a cancelled appointment is not asked for; use cancel()")
    return _render(invitation, "REQUEST")


def cancel(invitation: Invitation) -> bytes:
    """Takes the appointment out of the attendee's calendar: METHOD:CANCEL, STATUS:CANCELLED.

    The caller gives a higher sequence than any request had, or the calendar keeps ringing.
    """
    return _render(invitation, "CANCEL")


def download(invitation: Invitation) -> bytes:
    """The file behind "add to calendar": a plain entry of the reader's own.

    It has no METHOD, which makes it a snapshot to import and not a step in scheduling (RFC 5545,
    3.7.2): with REQUEST a calendar would want to answer an organizer, and with PUBLISH some open
    it as a whole new calendar. For the same reason it names no organizer and no attendee. The UID
    stays, so that importing it twice, or after the mail, changes the entry and adds none.
    """
    return _render(invitation, None)


def _render(invitation: Invitation, method: Literal["REQUEST", "CANCEL"] | None) -> bytes:
    _check(invitation)
    event = _event(invitation, cancelled=method == "CANCEL" or invitation.cancelled)
    if method:
        _add_people(event, invitation, answer=method == "REQUEST")
    zone = b""
    if not _in_utc(invitation):
        year = invitation.start.astimezone(ZoneInfo(invitation.zone)).year
        zone = _zone(invitation.zone, year)
    written: bytes = event.to_ical()
    return _head(method) + zone + written + END


END = b"END:VCALENDAR\r\n"


@cache
def _head(method: str | None) -> bytes:
    """A calendar up to its components."""
    calendar = Calendar()
    calendar.add("PRODID", PRODID)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    if method:
        calendar.add("METHOD", method)
    octets: bytes = calendar.to_ical()
    return octets.removesuffix(END)


@lru_cache(maxsize=256)
def _zone(name: str, year: int) -> bytes:
    octets: bytes = vtimezone(name, year).to_ical()
    return octets


def _event(invitation: Invitation, *, cancelled: bool) -> Event:
    event = Event()
    event.add("UID", invitation.uid)
    event.add("SEQUENCE", invitation.sequence)
    event.add("DTSTAMP", invitation.stamp)
    event.add("CREATED", invitation.created)
    event.add("LAST-MODIFIED", invitation.stamp)
    event.add("DTSTART", _written(invitation.start, invitation))
    event.add("DTEND", _written(invitation.end, invitation))
    event.add("SUMMARY", invitation.summary)
    for name, value in (("DESCRIPTION", invitation.description), ("LOCATION", invitation.location)):
        if value:
            event.add(name, value)
    if invitation.url:
        event.add("URL", invitation.url)
    event.add("STATUS", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if cancelled else "OPAQUE")
    event.add("CLASS", "PRIVATE" if invitation.private else "PUBLIC")
    return event


def _add_people(event: Event, invitation: Invitation, *, answer: bool) -> None:
    # The address bare and the name beside it: a name inside the address has broken senders.
    organizer = vCalAddress(f"mailto:{invitation.organizer_address}")
    organizer.params["CN"] = vText(_one_line(invitation.organizer_name))
    event["ORGANIZER"] = organizer
    attendee = vCalAddress(f"mailto:{invitation.attendee_address}")
    attendee.params["CN"] = vText(_one_line(invitation.attendee_name))
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
    attendee.params["RSVP"] = vText("TRUE" if answer else "FALSE")
    event["ATTENDEE"] = attendee


def _written(instant: datetime, invitation: Invitation) -> datetime:
    zone = ZoneInfo("UTC" if _in_utc(invitation) else invitation.zone)
    return instant.astimezone(zone).replace(microsecond=0)


def _in_utc(invitation: Invitation) -> bool:
    """True when local time cannot say it.

    In the repeated hour a local time means its first occurrence (RFC 5545, 3.3.5). An appointment
    that touches the second one is written in UTC; so is one in a place without clocks of its own.
    """
    zone = ZoneInfo(invitation.zone)
    second = any(moment.astimezone(zone).fold == 1 for moment in (invitation.start, invitation.end))
    return second or invitation.zone in _UTC_NAMES


def _one_line(name: str) -> str:
    return " ".join(_UNWRITABLE.sub(" ", name).split())


def _check(invitation: Invitation) -> None:
    for name in ("start", "end", "stamp", "created"):
        if getattr(invitation, name).utcoffset() is None:
            raise ValueError(f"{name} has no zone: a floating time is an hour wrong somewhere")
    if invitation.end <= invitation.start:
        raise ValueError("an appointment ends after it starts")
    for name in ("uid", "organizer_address", "attendee_address", "url"):
        if _UNWRITABLE.search(getattr(invitation, name)):
            # These are written as they are; a line break in one would be a property of its own.
            raise ValueError(f"{name} holds a space, a line break or a control character")
