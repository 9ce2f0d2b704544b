"""What is heard of a message after it left: delivered, or come back, perhaps hours later."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kept.appointments import actions, reports
from kept.cases.queries import Event
from kept.channels.base import Interrupted
from kept.core.case import Actor, NotAllowed, Role
from kept.outbox import queries as outbox
from kept.outbox.queries import Message
from kept.people.actions import contact_of
from kept.people.queries import customer, told
from tests.appointments.clinic import (
    DESK,
    MIA,
    NOW,
    Clinic,
    Post,
    berlin,
    escalations,
    go_to,
    now,
    state,
)

START = berlin(4, 10)
GATEWAY = Actor(Role.INTEGRATION, "gateway")
UNKNOWN = "550 5.1.1 no such mailbox"
DOUBT = Interrupted("the line went dead")
FULL = "552 5.2.2 mailbox full"


@pytest.fixture
def booked(db):
    clinic = Clinic()
    return clinic.book(START, clinic.ada)


@pytest.fixture
def post():
    return Post()


def message():
    return Message.objects.get(control="confirmation")


def evidence():
    return [each.kind for each in message().evidence.order_by("at", "id")]


def report(kind, detail="250 ok", at=None):
    reports.report(message(), kind, detail, now(), GATEWAY, at=at)
    return message().status


def heard():
    """The events that reports have made of the case."""
    return [each.name for each in Event.objects.filter(actor_role="integration").order_by("seq")]


def test_what_comes_back_takes_the_confirmation_back_and_says_who_reported_it(booked, post):
    post.deliver()
    go_to(now() + timedelta(hours=5), post)
    assert report("bounced", FULL) == "failed"
    assert (state(booked), escalations(booked)) == ("scheduled", {"CONFIRMATION_FAILED"})
    assert told(booked.id) is None
    assert (evidence(), message().error) == (["accepted", "bounced"], FULL)
    assert "message_failed" in heard()
    assert customer(booked.customer_id).email_bad == ""  # it is full, not gone


def test_an_address_that_does_not_exist_is_not_written_to_again(booked, post):
    post.deliver()
    report("bounced", UNKNOWN)
    assert customer(booked.customer_id).email_bad == UNKNOWN
    assert escalations(booked) == {"CONFIRMATION_FAILED"}


def test_an_old_bounce_does_not_blame_the_address_corrected_since(booked, post):
    post.deliver()
    Message.objects.update(address="old@example.com")
    report("bounced", UNKNOWN)
    assert customer(booked.customer_id).email_bad == ""


def test_the_same_report_twice_is_one(booked, post):
    post.deliver()
    for kind, detail in [("delivered", "250 ok"), ("bounced", UNKNOWN)]:
        report(kind, detail)
        before = heard()
        report(kind, detail)
        assert heard() == before
    assert evidence() == ["accepted", "delivered", "bounced"]


def test_a_repeated_bounce_does_not_blame_an_address_that_was_put_right(booked, post):
    post.deliver()
    report("bounced", UNKNOWN)
    contact = contact_of(customer(booked.customer_id))
    actions.correct_contact(booked, contact, now(), DESK)
    assert customer(booked.customer_id).email_bad == ""
    first = Message.objects.earliest("created_at", "run")
    reports.report(first, "bounced", UNKNOWN, now(), GATEWAY)
    assert customer(booked.customer_id).email_bad == ""


def test_a_bounce_after_a_delivery_counts_and_a_delivery_after_a_bounce_is_only_noted(booked, post):
    post.deliver()
    assert report("delivered") == "delivered"
    assert report("bounced", FULL) == "failed"
    assert report("delivered", "250 after all") == "failed"
    assert (state(booked), escalations(booked)) == ("scheduled", {"CONFIRMATION_FAILED"})
    assert evidence() == ["accepted", "delivered", "bounced", "delivered"]


def test_a_report_settles_a_doubt(booked, post):
    post.error = DOUBT
    while message().status != "doubtful":
        go_to(outbox.next_attempt() or now(), post)
        post.deliver()
    assert state(booked) == "scheduled"
    assert report("delivered") == "delivered"
    assert (state(booked), escalations(booked)) == ("confirmed", set())
    assert evidence()[-2:] == ["accepted", "delivered"]


def test_what_arrived_although_we_doubted_is_not_sent_a_second_time(booked, post):
    post.error = DOUBT
    post.deliver()
    assert message().status == "queued"
    assert report("delivered") == "delivered"
    assert outbox.next_attempt() is None
    assert state(booked) == "confirmed"


def test_a_copy_that_comes_back_while_it_is_tried_again_is_only_noted(booked, post):
    post.error = DOUBT
    post.deliver()
    assert report("bounced", FULL) == "queued"
    assert state(booked) == "scheduled"
    assert "bounced" in evidence()


@pytest.mark.parametrize("kind", ["delivered", "bounced"])
def test_nothing_can_be_reported_of_what_never_left(booked, post, kind):
    with pytest.raises(NotAllowed, match="has not been handed over"):
        report(kind)
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    assert message().status == "withdrawn"
    with pytest.raises(NotAllowed, match="has not been handed over"):
        report(kind, UNKNOWN)
    assert (evidence(), customer(booked.customer_id).email_bad) == (["withdrawn"], "")


def test_while_it_is_being_handed_over_nothing_is_known_yet(booked, post):
    post.deliver()
    Message.objects.update(status="handing_over")
    with pytest.raises(NotAllowed, match="at this moment"):
        report("delivered")


def test_of_a_closed_leg_it_is_only_evidence(booked, post):
    post.deliver()
    actions.move(booked, berlin(5, 10), now(), MIA)
    reports.report(message(), "bounced", FULL, now(), GATEWAY)
    post.deliver()
    assert (state(booked), escalations(booked)) == ("confirmed", set())


def test_it_happened_when_the_gateway_says_but_not_before_it_left_and_not_ahead(booked, post):
    post.deliver()
    go_to(now() + timedelta(hours=2), post)
    report("delivered", at=NOW - timedelta(seconds=1))
    report("bounced", FULL, at=now() + timedelta(hours=1))
    assert [each.at for each in message().evidence.order_by("at", "id")] == [NOW, NOW, now()]


def test_the_id_is_found_in_a_message_id(booked):
    one = uuid4()
    for text in (str(one), one.hex, f"<{one.hex}.confirmation.1@kept.example.com>"):
        assert reports.message_in(text) == one
    assert reports.message_in("<20270301.4711@mail.example.com>") is None
