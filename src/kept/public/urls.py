"""The addresses of the customer's pages."""

from typing import Any

from django.urls import URLPattern
from django.urls import path as django_path

from kept.public import acts, after, ask, calling, choosing, details, moving, reviewing, visit
from kept.web import pages

app_name = "public"


def path(
    route: str, view: pages.View, given: dict[str, Any] | None = None, *, name: str
) -> URLPattern:
    return django_path(route, pages.in_the_readers_language(view), given, name=name)


BOOK = "book/<slug:slug>/<uuid:service_id>"
LEG = "a/<str:token>/<int:leg>"

urlpatterns = [
    path("", choosing.front, name="front"),
    path("book/<slug:slug>/", choosing.services, name="services"),
    path(f"{BOOK}/", choosing.staff, name="staff"),
    path(f"{BOOK}/<str:who>/", choosing.times_page, name="times"),
    path(f"{BOOK}/<str:who>/hold", choosing.hold, name="hold"),
    path(f"{BOOK}/<str:who>/details", details.details, name="details"),
    path("ask/<slug:slug>/", ask.ask, name="ask"),
    path("ask/<slug:slug>/frame", ask.framed, name="ask_framed"),
    path("ask/<slug:slug>/<uuid:service_id>/", ask.ask, name="ask_about"),
    path("ask/<slug:slug>/<uuid:service_id>/frame", ask.framed, name="ask_about_framed"),
    path("in/<uuid:source_id>", calling.call, name="call"),
    path("l/<str:token>/stop", ask.stop, name="lead_stop"),
    path("a/<str:token>", visit.page, name="appointment"),
    path("a/<str:token>/went", after.went, name="went"),
    path("a/<str:token>/stop", after.stop, name="stop"),
    path("a/<str:token>/review", reviewing.review, name="review"),
    path("a/<str:token>/review/stop", reviewing.stop, name="review_stop"),
    path("a/<str:token>/review/<uuid:link_id>", reviewing.to_review, name="to_review"),
    path("a/<str:token>/later", after.later, name="later"),
    path("a/<str:token>/calendar.ics", visit.calendar, name="calendar"),
    path(LEG, visit.page, name="leg"),
    path(f"{LEG}/move", moving.move, name="move"),
    path(f"{LEG}/move/check", moving.move_check, name="move-check"),
    *(path(f"{LEG}/{name}", acts.act, {"name": name}, name=name) for name in acts.ACTS),
]
