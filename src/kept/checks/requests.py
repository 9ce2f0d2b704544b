"""Promise 11: reading changes nothing."""

from __future__ import annotations

from django.conf import settings
from django.db import connection

from kept.checks.finding import Found, Moment
from kept.lib import reading

GUARD = "kept.lib.reading.ReadingChangesNothing"


def reading_changes_nothing(moment: Moment) -> Found:
    """The guard that refuses every write during GET and HEAD is in place, and refuses.

    It stands before all views, so none can be forgotten. That an old link shows the present truth
    is seen with the bookings: every link leads to an appointment with exactly one current leg.
    """
    found = Found(1)
    if GUARD not in settings.MIDDLEWARE:
        found.broken.append(f"{GUARD} is not among the settings' MIDDLEWARE.")
    elif not _refuses():
        found.broken.append("A write during a GET request is not refused.")
    return found


def _refuses() -> bool:
    try:
        with reading.only(), connection.cursor() as cursor:
            cursor.execute("UPDATE clock_clock SET id = id WHERE 1 = 0")
    except reading.WroteWhileReading:
        return True
    return False
