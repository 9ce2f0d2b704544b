"""One person, one letter a day: over all their cases, by their own day, whoever turns the handle.

What belongs to a booked visit waits for nobody; everything else waits for the next day.
"""

import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from kept.appointments import actions as appointments
from kept.cases import actions as cases
from kept.channels.base import TransportError
from kept.checks import promises
from kept.clock import actions as clock
from kept.journeys import queries
from kept.outbox.queries import Message
from kept.worker import loop
from tests.appointments.clinic import ALWAYS, DESK, Clinic, Post, berlin, go_to, now

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def clinic(db):
    return Clinic(hours=ALWAYS, policy={"after_visit_hours": ["00:00", "00:00"]})


def lives_in(zone):
    return {"contact": {"email": "mia@example.com", "time_zone": zone}}


def completed(clinic, *ends, **more):
    """Visits of one person, each recorded as completed at its end."""
    booked = [clinic.book(end - timedelta(minutes=45), **more) for end in ends]
    for visit, end in zip(booked, ends, strict=True):
        go_to(end)
        appointments.say(visit, "completed", now(), DESK)
        go_to(now())
    return booked


def asked(post, zone):
    """When the customer was asked how it went, by the clock on their wall."""
    return [
        letter.date.astimezone(zone).strftime("%-d %H:%M")
        for letter in post.letters
        if letter.headers["X-Kept"].endswith("how_did_it_go")
    ]


@pytest.mark.parametrize(
    ("ends", "zone", "when"),
    [
        # One day in Berlin is one letter there, and two days' evening and night in New York.
        ((berlin(2, 5, 30), berlin(2, 6, 30)), BERLIN, ["3 05:30", "4 06:30"]),
        ((berlin(2, 5, 30), berlin(2, 6, 30)), NEW_YORK, ["2 23:30", "3 00:30"]),
        # And across the midnight of Berlin it is one evening in New York.
        ((berlin(2, 23, 30), berlin(3, 0, 30)), BERLIN, ["3 23:30", "4 00:30"]),
        ((berlin(2, 23, 30), berlin(3, 0, 30)), NEW_YORK, ["3 17:30", "4 18:30"]),
    ],
)
def test_a_day_is_that_of_the_person(clinic, ends, zone, when):
    completed(clinic, *ends, **lives_in(zone.key))
    assert asked(go_to(berlin(6, 12)), zone) == when


def test_a_policy_may_say_otherwise(clinic):
    appointments.change_policy(clinic.business, {"several_a_day": True}, now(), DESK)
    completed(clinic, berlin(2, 5, 30), berlin(2, 6, 30))
    assert asked(go_to(berlin(6, 12)), BERLIN) == ["3 05:30", "3 06:30"]


def test_a_policy_that_says_otherwise_later_lets_go_what_waited(clinic):
    completed(clinic, berlin(2, 5, 30), berlin(2, 6, 30))
    go_to(berlin(3, 12))
    appointments.change_policy(clinic.business, {"several_a_day": True}, now(), DESK)
    assert asked(go_to(berlin(6, 12)), BERLIN) == ["4 06:30"]


def test_a_letter_waits_for_what_to_mind_after_another_visit(clinic):
    """What to mind after a visit cannot wait, so the question about an earlier visit does."""
    cared = clinic.new_service(clinic.ada, name="Nails", aftercare="Keep them dry.")
    completed(clinic, berlin(2, 10))
    other = clinic.book(berlin(3, 7), service=cared)
    go_to(berlin(3, 7, 45))
    appointments.say(other, "completed", now(), DESK)
    post = go_to(berlin(3, 22))
    assert [each.headers["X-Kept"].split("control=")[1] for each in post.letters] == ["aftercare"]
    assert asked(go_to(berlin(8, 12)), BERLIN) == ["4 07:45", "5 10:00"]


def test_a_letter_that_waited_for_the_mail_server_counts_on_the_day_it_left(clinic):
    completed(clinic, berlin(2, 23, 30), berlin(3, 0, 30))
    post = Post()
    post.away = TransportError("the server is away")
    go_to(berlin(4, 0, 10), post)
    post.away = None
    go_to(berlin(6, 12), post)
    days = [when.split()[0] for when in asked(post, BERLIN)]
    assert len(days) == len(set(days)) == 2


def test_a_letter_counts_however_many_cases_there_are(clinic):
    ends = [berlin(2, hour) for hour in (9, 10, 11, 12)]
    completed(clinic, *ends, **lives_in("America/New_York"))
    assert [when.split()[0] for when in asked(go_to(berlin(9, 12)), NEW_YORK)] == list("3456")
    assert [line for promise in promises.run(now()) for line in promise.broken] == []


# Two workers


def pause_first_write(monkeypatch, until):
    """The first worker that is about to write waits there for `until`."""
    first, write = threading.Event(), cases._Writes.write
    began = threading.Event()

    def slowly(self, along=()):
        if not first.is_set():
            first.set()
            began.set()
            until.wait(20)
        return write(self, along)

    monkeypatch.setattr(cases._Writes, "write", slowly)
    return began


def worker(work):
    """Another worker, at it at once."""
    thread = threading.Thread(target=lambda: (work(), connection.close()))
    thread.start()
    return thread


@pytest.mark.parametrize("turn", [cases.turn_due, cases._one_by_one])
def test_two_workers_write_one_letter_to_one_person(house_db, monkeypatch, turn):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: two can never be at it at once.")
    clinic = Clinic(hours=ALWAYS, policy={"after_visit_hours": ["00:00", "00:00"]})
    completed(clinic, berlin(2, 10), berlin(2, 11))
    go_to(berlin(3, 9))
    clock.advance_to(berlin(3, 11))
    over = threading.Event()
    began = pause_first_write(monkeypatch, over)
    one = worker(lambda: turn(now(), limit=1))
    assert began.wait(20)
    second = worker(lambda: cases.turn_due(now()))
    second.join(1)  # by then it has written, or passed the person over, or waits for them
    over.set()
    one.join()
    second.join()
    loop.turn_once()
    written = Message.objects.filter(control="how_did_it_go", created_at__lt=berlin(4, 0))
    assert written.count() == 1
    later = [queries.current(each).controls.get(name="how_did_it_go").due_at for each in visits()]
    assert max(later) == berlin(4, 11)


def visits():
    from kept.appointments.queries import Appointment

    return Appointment.objects.values_list("id", flat=True)
