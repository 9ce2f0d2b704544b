"""Two customers who read one mailbox: a family, or one person under two names.

Letters about a visit are each one's own. What asks for something is asked of the mailbox: by
whoever knows it, one letter a day, one ask for a review in the cooldown, and none to book while
a visit is ahead.
"""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from kept.accounts.queries import Business
from kept.appointments import actions as appointments
from kept.cases import actions as cases
from kept.cases.queries import Case, Control
from kept.checks import promises
from kept.clock import actions as clock
from kept.core.case import Role
from kept.journeys import actions, queries, reputation
from kept.outbox.queries import Message
from kept.people import actions as people
from kept.people import queries as people_queries
from kept.people.queries import Customer
from kept.worker import loop
from tests.appointments.clinic import ALWAYS, DESK, MIA, Clinic, berlin, go_to, now
from tests.journeys.test_one_letter_a_day import pause_first_write, worker

ONE = {"contact": {"email": "lund@example.com"}}
SAME = {"contact": {"email": "Lund@Example.com"}}
OTHER = {"contact": {"email": "leo@example.com"}}


@pytest.fixture
def clinic(db):
    made = Clinic(hours=ALWAYS, comes_again_days=20, policy={"hold_out": 0})
    page = "https://reviews.example.com/harbour"
    reputation.add_link(made.business.id, "Reviews", page, now(), DESK)
    return made


def visited(clinic, start, name="Mia Lund", **who):
    booked = clinic.book(start, name=name, **(who or ONE))
    go_to(start + timedelta(minutes=45))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now())
    return booked


def both_visited(clinic, **second):
    mia = visited(clinic, berlin(2, 10))
    leo = visited(clinic, berlin(2, 11), name="Leo Lund", **second)
    return mia, leo


def sent(post, *names):
    """The letters of these controls: whose, and on which day of March."""
    found = [
        (letter.headers["X-Kept"].split("control=")[1], letter.date.day) for letter in post.letters
    ]
    return [each for each in found if not names or each[0].startswith(names)]


def broken():
    return [line for promise in promises.run(now()) for line in promise.broken]


@pytest.mark.parametrize(("second", "days"), [(SAME, [3, 5]), (OTHER, [3, 3])])
def test_each_is_asked_how_it_went_and_the_mailbox_on_different_days(clinic, second, days):
    both_visited(clinic, **second)
    post = go_to(berlin(6, 23))
    assert [day for _, day in sent(post, "how_did_it_go")] == days
    if second is SAME:  # on the day between them the review was asked for
        assert max(Counter(day for _, day in sent(post)).values()) == 1
    assert broken() == []


@pytest.mark.parametrize(("second", "asks"), [(SAME, 1), (OTHER, 2)])
def test_a_mailbox_is_asked_for_a_review_once_in_the_cooldown(clinic, second, asks):
    both_visited(clinic, **second)
    post = go_to(berlin(8, 12))
    assert len(sent(post, "review_ask")) == asks
    visited(clinic, berlin(10, 10), name="Ida Lund", **second)  # a third, some days later
    assert sent(go_to(berlin(14, 12)), "review_ask") == []
    assert broken() == []


@pytest.mark.parametrize(("second", "stays"), [(SAME, False), (OTHER, True)])
def test_a_booking_of_one_takes_back_the_suggestion_to_the_other(clinic, second, stays):
    mia = visited(clinic, berlin(2, 10))
    go_to(berlin(4, 9))
    clinic.book(berlin(30, 10), name="Leo Lund", **second)
    follow_up = queries.current(mia.id)
    assert follow_up.state == "checked"  # it was no visit of hers
    assert bool(sent(go_to(berlin(8, 12)), "next_step")) is stays
    assert broken() == []


def test_what_is_about_the_visit_itself_still_goes(clinic):
    """A missed visit is asked after, although a brother comes tomorrow."""
    missed = clinic.book(berlin(2, 10), name="Mia Lund", **ONE)
    clinic.book(berlin(5, 10), name="Leo Lund", **SAME)
    go_to(berlin(2, 11))
    appointments.miss(missed, now(), DESK, by=Role.CUSTOMER)
    post = go_to(berlin(4, 23))
    assert sent(post, "missed_first") == [("missed_first", 2)]
    assert sent(post, "recovery") == []
    assert queries.current(missed.id).state == "recovering"


def test_nobody_is_invited_while_somebody_there_has_a_visit_ahead(clinic):
    agree(visited(clinic, berlin(2, 10)).customer_id)
    mia = Case.objects.get(path="reactivation")
    leo = clinic.book(now() + timedelta(days=60), name="Leo Lund", **SAME)
    mia.refresh_from_db()
    assert mia.state == "paused"
    assert sent(go_to(now() + timedelta(days=55)), "invitation") == []
    appointments.cancel(leo, now(), MIA, by=Role.CUSTOMER)
    assert sent(go_to(now() + timedelta(days=20)), "invitation")
    assert broken() == []


def test_who_begins_later_knows_of_the_visit_ahead_and_of_the_complaint(clinic):
    clinic.book(berlin(30, 10), name="Leo Lund", **SAME)
    mia = visited(clinic, berlin(2, 10))
    assert queries.current(mia.id).facts["booked_nearby"]
    assert queries.current(mia.id, "reactivation").state == "paused"
    actions.say(clinic.business.id, queries.current(mia.id).id, "went_badly", now(), MIA)
    leo = visited(clinic, berlin(3, 10), name="Ida Lund", **SAME)
    assert queries.current(leo.id).facts["complained"]
    assert queries.current(leo.id, "reputation").state == "held"


def test_a_complaint_of_one_holds_what_asks_the_other(clinic):
    mia, leo = both_visited(clinic, **SAME)
    actions.say(clinic.business.id, queries.current(mia.id).id, "went_badly", now(), MIA)
    assert queries.current(leo.id, "reputation").state == "held"
    post = go_to(berlin(7, 12))
    assert sent(post, "review_ask", "next_step") == []
    assert sent(post, "how_did_it_go") == [("how_did_it_go", 3)]  # of his own visit


def test_a_letter_due_the_moment_a_case_begins_gives_way_too(clinic):
    """She was reminded in the morning."""
    at_once = {"how_did_it_go": "0h"}
    appointments.change_policy(clinic.business, at_once, now(), DESK)
    visited(clinic, berlin(2, 10))
    assert not Message.objects.filter(control="how_did_it_go").exists()
    assert sent(go_to(berlin(3, 12)), "how_did_it_go") == [("how_did_it_go", 3)]


# Who reads which mailbox


def test_capitals_tell_no_two_mailboxes_apart_and_businesses_do(clinic):
    mia, leo = both_visited(clinic, **SAME)
    other = Clinic(name="Canal Salon")
    stranger = other.book(berlin(9, 10), name="Mia Lund", **ONE)
    ids = {mia.customer_id, leo.customer_id}
    assert people_queries.mailboxes([mia.customer_id, stranger.customer_id]) == {
        mia.customer_id: ids,
        stranger.customer_id: {stranger.customer_id},
    }
    assert Business.objects.count() == 2


def test_who_has_no_address_shares_it_with_nobody(clinic):
    by_phone = {"contact": {"phone": "+442079460111"}}
    mia = clinic.book(berlin(2, 10), name="Mia Lund", **by_phone)
    leo = clinic.book(berlin(2, 12), name="Leo Lund", contact={"phone": "+442079460112"})
    boxes = people_queries.mailboxes([mia.customer_id, leo.customer_id])
    assert {len(box) for box in boxes.values()} == {1}


def agree(customer):
    said = {"source": "console", "by": "staff", "wording": "Yes, write to me again."}
    people.record_consent(customer, "marketing", given=True, now=now(), **said)
    case = Case.objects.filter(path="reactivation", person=customer).last()
    if case:
        actions.record_wish(customer, "marketing", now(), DESK, given=True, source="console")


# Two at once


@pytest.mark.parametrize("turn", [cases.turn_due, cases._one_by_one])
def test_two_workers_write_one_letter_to_one_mailbox(house_db, monkeypatch, turn):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: two can never be at it at once.")
    both_visited(Clinic(hours=ALWAYS), **SAME)
    go_to(berlin(3, 9))
    clock.advance_to(berlin(3, 12))
    over = threading.Event()
    began = pause_first_write(monkeypatch, over)
    one = worker(lambda: turn(now(), limit=1))
    assert began.wait(20)
    second = worker(lambda: cases.turn_due(now()))
    second.join(1)  # by then it has written, or passed the mailbox over, or waits for it
    over.set()
    one.join()
    second.join()
    loop.turn_once()
    written = Message.objects.filter(control="how_did_it_go", created_at__lt=berlin(4, 0))
    assert written.count() == 1
    later = Control.objects.filter(name="how_did_it_go").order_by("due_at").last()
    assert later.due_at.day == 4


def test_a_beginning_and_a_booking_of_somebody_else_there_see_each_other(house_db, monkeypatch):
    """One is held up just before it writes; the other waits for it, and sees what it did."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: two can never be at it at once.")
    clinic = Clinic(hours=ALWAYS, comes_again_days=20)
    mia = clinic.book(berlin(2, 10), name="Mia Lund", **ONE)
    go_to(berlin(2, 10, 45))
    appointments.say(mia, "completed", now(), DESK)
    over = threading.Event()
    began = pause_first_write(monkeypatch, over)
    one = worker(lambda: actions.receive_offered(now()))
    assert began.wait(20)
    second = worker(lambda: clinic.book(berlin(30, 10), name="Leo Lund", **SAME))
    second.join(1)
    over.set()
    one.join()
    second.join()
    loop.turn_once()
    assert Customer.objects.count() == 2
    assert queries.current(mia.id).facts["booked_nearby"]
    assert queries.current(mia.id, "reactivation").state == "paused"
