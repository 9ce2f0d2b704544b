"""The addresses of the customer's pages."""

from django.urls import path

from kept.public import booking, visit

app_name = "public"

BOOK = "book/<slug:slug>/<uuid:service_id>"
LEG = "a/<str:token>/<int:leg>"

urlpatterns = [
    path("", booking.front, name="front"),
    path("book/<slug:slug>/", booking.services, name="services"),
    path(f"{BOOK}/", booking.staff, name="staff"),
    path(f"{BOOK}/<str:who>/", booking.times_page, name="times"),
    path(f"{BOOK}/<str:who>/hold", booking.hold, name="hold"),
    path(f"{BOOK}/<str:who>/details", booking.details, name="details"),
    path("a/<str:token>", visit.page, name="appointment"),
    path("a/<str:token>/calendar.ics", visit.calendar, name="calendar"),
    path(LEG, visit.page, name="leg"),
    path(f"{LEG}/move", visit.move, name="move"),
    path(f"{LEG}/move/check", visit.move_check, name="move-check"),
    *(path(f"{LEG}/{name}", visit.act, {"name": name}, name=name) for name in visit.ACTS),
]
