"""The iCalendar form of an appointment (RFC 5545), to be mailed (RFC 5546, 6047) or downloaded."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """One appointment as a calendar is to show it."""

    uid: str
    """`<appointment-id>@<domain>`: the same for the life of the appointment, through every move."""
    sequence: int
    """0 for the first leg, one more for each further leg, and one more again for the cancellation."""
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
    raise NotImplementedError


def cancel(invitation: Invitation) -> bytes:
    """Takes the appointment out of the attendee's calendar: METHOD:CANCEL, STATUS:CANCELLED."""
    raise NotImplementedError


def download(invitation: Invitation) -> bytes:
    """The file behind "add to calendar": no method, no attendee."""
    raise NotImplementedError
