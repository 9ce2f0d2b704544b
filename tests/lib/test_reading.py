"""GET and HEAD change nothing, whatever a view does; POST may."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory

from kept.accounts.queries import Business
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.lib.reading import ReadingChangesNothing, WroteWhileReading, only

SAFE = ["GET", "HEAD", "OPTIONS", "TRACE"]


def create():
    Business.objects.create(
        name="Quay", slug="quay", time_zone="UTC", email="a@example.com", created_at=clock.now()
    )


def answered_by(change):
    def view(request):
        change()
        return HttpResponse("done")

    return ReadingChangesNothing(view)


@pytest.mark.parametrize("method", SAFE)
def test_a_write_while_reading_is_refused_and_leaves_nothing(db, method):
    with pytest.raises(WroteWhileReading, match="accounts_business"), transaction.atomic():
        answered_by(create)(RequestFactory().generic(method, "/"))
    assert not Business.objects.exists()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_same_write_is_allowed_when_it_is_asked_for(db, method):
    answered_by(create)(RequestFactory().generic(method, "/"))
    assert Business.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda: Business.objects.update(name="other"),
        lambda: Business.objects.all().delete(),
        lambda: Business.objects.bulk_create(
            [Business(name="b", slug="b", time_zone="UTC", email="", created_at=clock.now())],
            ignore_conflicts=True,
        ),
        lambda: clock_actions.advance(timedelta(hours=1)),
        lambda: connection.cursor().execute("  update clock_clock SET id = id WHERE 1 = 0"),
        lambda: connection.cursor().execute("DELETE FROM accounts_apikey"),
    ],
)
def test_every_kind_of_write_is_seen(db, change):
    create()
    clock_actions.start(clock.real_now(), speed=0)
    with pytest.raises(WroteWhileReading), transaction.atomic():
        answered_by(change)(RequestFactory().get("/"))


def test_reading_goes_through_also_in_a_transaction_and_under_a_lock(db):
    create()

    def read():
        with transaction.atomic(), transaction.atomic():
            assert Business.objects.select_for_update().get().name == "Quay"

    answered_by(read)(RequestFactory().get("/"))


def test_a_session_may_be_kept_while_reading(db, client):
    client.get("/")
    with only():
        client.session.save()


def test_the_guard_is_gone_when_the_request_has_been_answered(db):
    answered_by(lambda: None)(RequestFactory().get("/"))
    create()
    assert Business.objects.exists()
