"""`kept check` sees when somebody who listens was not told, or not in order."""

from datetime import timedelta

import pytest

from kept.accounts.queries import business
from kept.appointments import actions
from kept.checks import promises
from kept.webhooks import actions as webhooks
from kept.webhooks.queries import Delivery, Event
from kept.worker.hooks import deliver_hooks
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, now
from tests.webhooks.conftest import receiver  # noqa: F401  (a fixture)


@pytest.fixture
def told(db, receiver):  # noqa: F811
    """A clinic that is heard of, some days later."""
    clinic = Clinic()
    webhooks.create(clinic.business.id, receiver.url, now())
    clinic.business = business(clinic.business.id)
    go_to(now() + timedelta(hours=1))
    mia = clinic.book(berlin(3, 10))
    actions.move(mia, berlin(4, 10), now(), MIA)
    go_to(berlin(4, 10))
    actions.say(mia, "arrived", now(), DESK)
    actions.say(mia, "completed", now(), DESK)
    go_to(berlin(4, 12))
    while deliver_hooks("test", now):
        pass
    return clinic


def broken():
    (result,) = promises.run(now(), only=[10])
    return result.broken


def test_all_is_well_where_everything_was_told(told):
    assert Delivery.objects.filter(status=Delivery.DELIVERED).count() > 10
    assert broken() == []


def test_an_entry_nobody_was_told_of_is_named(told):
    Event.objects.get(type="appointment.completed").delete()
    (said,) = broken()
    assert "never told of appointment.completed" in said


def test_what_came_too_early_is_named(told):
    late = Delivery.objects.get(event__type="appointment.scheduled")
    Delivery.objects.filter(id=late.id).update(delivered_at=now())
    # The move belongs to another leg; within the first one nothing came later.
    assert all("before" in each for each in broken())
    first = Delivery.objects.get(event__type="appointment.attended")
    Delivery.objects.filter(id=first.id).update(delivered_at=now() + timedelta(hours=1))
    assert any(f"before {first.event_id}" in each for each in broken())


def test_what_was_chosen_later_is_not_missed_before(told):
    endpoint = Delivery.objects.first().endpoint
    webhooks.change(told.business.id, endpoint.id, now(), types=["appointment.completed"])
    Event.objects.all().delete()
    assert broken() == []


def test_what_was_sent_once_more_or_given_up_is_in_order(told):
    endpoint = Delivery.objects.first().endpoint
    event = Delivery.objects.order_by("id").first().event_id
    webhooks.replay(told.business.id, endpoint.id, event, now())
    while deliver_hooks("test", now):
        pass
    assert broken() == []
