"""What this visitor has just booked, for when Back leads them to where they came from.

Without it their own time would be called taken. The browser that booked keeps the appointment's
token for as long as it is open, for the booking pages alone; nobody else is led to the page.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from kept.appointments import queries as appointments
from kept.appointments.queries import Appointment
from kept.public import situation
from kept.public.choice import HOLD_COOKIE, Choice
from kept.web import pages

BOOKED_COOKIE = "kept_booked"


def here(choice: Choice, start: datetime) -> Appointment | None:
    """What was booked in this browser, if it is this very time of this service and still ahead."""
    found = appointments.by_token(choice.request.COOKIES.get(BOOKED_COOKIE, ""))
    if found is None or found.business_id != choice.business.id:
        return None
    leg = appointments.current_leg(found)
    theirs = (leg.service_id, leg.start) == (choice.service.id, start)
    return found if theirs and leg.case.state in situation.AHEAD else None


def shown(booked: Appointment) -> HttpResponse:
    """On to the page of what was booked; this browser remembers it."""
    answer = HttpResponseRedirect(reverse("public:appointment", args=[booked.token]), status=303)
    answer.delete_cookie(HOLD_COOKIE, path="/book/")
    answer.set_cookie(
        BOOKED_COOKIE, booked.token, path="/book/",
        httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return pages.private(answer)


def shown_again(request: HttpRequest, booked: Appointment) -> HttpResponse:
    """The same, for somebody who went on from a page that has booked."""
    messages.info(request, _("You have booked this already."))
    return shown(booked)
