"""Why a row is not used, and what is odd about one that is: the words of the quality page."""

from __future__ import annotations

MOST_HOURS = 24  # longer ones are holidays and blocks, not visits

# Dropped
NO_START = "no start"
ENDS_BEFORE = "ends before it starts"
TOO_LONG = f"longer than {MOST_HOURS} hours"
BEFORE_ITS_BOOKING = "dated before its booking"
OVER_TOO_EARLY = "marked as over before its time"
DUPLICATE = "an exact duplicate"
TEMPLATE = "a heading or a total, not a booking"
TOO_MANY_CELLS = "more cells than headings"
NO_APPOINTMENT = "no appointment (a block, a draft or a request)"
NO_BOOKING = "no booking it belongs to"
PAID_FOR_SEVERAL = "a payment that could belong to several bookings of that day: to none"
PAID_FOR_NONE = "a payment on a day on which its customer has no booking"
PAID_AFTER_ALL = "a payment that tells no outcome (a fee, or before its time)"
PAID_BY_NOBODY = "a payment that names no customer"
NOTHING_PAID = "money given back, or none at all"
UNDATED_PAYMENT = "a payment without a day that can be read"
EMPTY_SERIES = "a series without a single date of its own"
UNUSUAL_RULE = "repeats in a way that no appointments do"
NO_CASE = "no case it belongs to"
NOT_ASKED = "an activity that the audit does not ask about"
NOT_FINISHED = "a beginning or a pause of an activity, not its end"
UNKNOWN_ACTIVITY = "an activity that the map does not know"

# Noted
ENTERED_AFTER = "written down after it began: when it was booked is not known"
ONLY_BOOKED_ON = "booked on a day, without a time: read as the beginning of that day"
NO_LENGTH = "ends when it starts: the end is left out"
LOOKS_TWICE = "looks like another row, and nothing tells them apart"
UNREADABLE_BOOKED = "a booking time that cannot be read: left out"
UNREADABLE_END = "an end that cannot be read: left out"
UNREADABLE_OUTCOME = "a time of what happened that cannot be read: left out"
CONTRADICTION = "the files say different things of it: a receipt counts most, then a mark"
NEW_BOOKING_MISSING = "moved, but the new booking is not in the file"
ENTERED_LATER = "entered after it began: when it was booked is not known"
EDITED = "changed after it was made"
OF_A_SERIES = "one of a series: when it was booked is not known"
ENDLESS = "a series without an end: ended now"
TOO_MANY_DATES = "a series with very many dates: the earliest are left out"
BOOKED_TWICE = "booked twice without an end in between: read as one"
BEGINS_IN_THE_MIDDLE = "begins in the middle: when it was booked is not known"
START_FROM_OUTCOME = "no start given: taken from when somebody came or was marked as missed"
IN_A_CIRCLE = "bookings that replace each other in a circle: taken apart"


class Dropped(Exception):
    """A row that is not used."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
