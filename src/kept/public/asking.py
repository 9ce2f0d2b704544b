"""How much visitors of one network may ask: enough for an office, too little for a program."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from kept.accounts.queries import Business
from kept.clock import queries as clock
from kept.leads import actions as leads
from kept.leads import sources
from kept.public.origin import network_of

AN_HOUR = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=1)
MOST = 10
"""Enquiries an hour to one business from one network."""
MOST_UNKNOWN = 60
"""And all together from those of whom nobody knows where they come from."""


class AskedEnough(Exception):
    """Too many enquiries have come from there: they may call."""


def count(request: HttpRequest, business: Business) -> None:
    """Count one enquiry of this visitor's network. Raises AskedEnough, and counts nothing then."""
    network = network_of(request)
    origin = salted_hmac("kept.public.ask", f"{business.id} {network}").hexdigest()
    real = clock.real_now()
    if not leads.count_asking(
        origin, real, since=real - AN_HOUR, most=MOST if network else MOST_UNKNOWN
    ):
        raise AskedEnough


def forget(real: datetime) -> None:
    """Let go of what was counted a day ago. For the worker."""
    leads.forget_askings(real - FORGOTTEN_AFTER)
    sources.forget_heard(real - sources.REMEMBERED)
