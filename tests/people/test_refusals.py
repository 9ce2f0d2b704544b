"""What a person refuses holds: for every letter, for their address, and for ever as proof."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from kept.accounts.actions import create_business
from kept.core.wishes import NOT_AGREED, SENTENCES
from kept.people import actions, queries
from kept.people.actions import checked_contact
from kept.people.queries import Consent, may_write

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)


def new_business(name="Harbour Clinic"):
    return create_business(name, "Europe/Berlin", "owner@example.com", NOW)[0].id


@pytest.fixture
def business(db):
    return new_business()


def remember(business, name, email="mia@example.com"):
    person = actions.customer_for(business, checked_contact(name, email), NOW)
    person.save()
    return person


def say(person, wish, *, given=False):
    actions.record_consent(person.id, wish, given=given, now=NOW, source="test", by="customer")


def test_who_has_said_nothing_may_be_written(business):
    mia = remember(business, "Mia Wong")
    assert may_write(mia, "service") is may_write(mia.id, "marketing") is None
    assert may_write(mia, "marketing", agreement=True) == NOT_AGREED


def test_each_purpose_is_refused_by_itself_and_contact_refuses_them_all(business):
    mia = remember(business, "Mia Wong")
    say(mia, "marketing")
    assert may_write(mia, "marketing") == SENTENCES["marketing"]
    assert may_write(mia, "review") is may_write(mia, "service") is None
    say(mia, "contact")
    for purpose in ("service", "review", "marketing"):
        assert may_write(mia, purpose) == SENTENCES["contact"]
    assert queries.has_refused(mia.id, "service")


def test_the_last_word_counts(business):
    mia = remember(business, "Mia Wong")
    say(mia, "contact")
    say(mia, "marketing")
    say(mia, "contact", given=True)
    assert may_write(mia, "service") is None
    assert may_write(mia, "marketing") == SENTENCES["marketing"]
    say(mia, "marketing", given=True)
    assert may_write(mia, "marketing", agreement=True) is None


def test_a_refusal_holds_for_the_address_under_another_name(business):
    say(remember(business, "Mia Wong", "Mia@example.com"), "marketing")
    again = remember(business, "Mia Wong-Ek", "mia@example.com")
    assert may_write(again, "marketing") == SENTENCES["marketing"]
    assert may_write(remember(business, "Leo Ek", "leo@example.com"), "marketing") is None
    assert may_write(remember(business, "Ann Ek", ""), "marketing") is None


def test_nobodys_yes_undoes_the_no_of_another_one(business):
    mia, leo = remember(business, "Mia Wong"), remember(business, "Leo Wong")
    say(mia, "marketing")
    say(leo, "marketing", given=True)
    assert may_write(mia, "marketing") == SENTENCES["marketing"]
    assert may_write(leo, "marketing", agreement=True) is None


def test_a_refusal_stays_within_its_business(business):
    say(remember(business, "Mia Wong"), "contact")
    assert may_write(remember(new_business("Other House"), "Mia Wong"), "service") is None


def test_who_has_never_spoken_costs_a_booking_no_further_question(business):
    mia = remember(business, "Mia Wong")
    contact = actions.contact_of(mia)
    with transaction.atomic():
        assert not actions.customer_for(business, contact, NOW).has_spoken
        say(mia, "marketing")
        assert actions.customer_for(business, contact, NOW).has_spoken


# The proof


def test_no_consent_is_ever_changed_or_deleted(business):
    mia = remember(business, "Mia Wong")
    say(mia, "marketing")
    row = Consent.objects.filter(customer=mia)
    for attempt in (lambda: row.update(given=True), lambda: row._raw_delete("default")):
        with pytest.raises(DatabaseError, match="consents_are_append_only"), transaction.atomic():
            attempt()
    assert [each.given for each in queries.everything_said(mia)] == [False]


def test_no_consent_is_written_over(business):
    say(remember(business, "Mia Wong"), "marketing")
    forged = Consent.objects.get()
    forged.given = True
    with pytest.raises(DatabaseError, match="consents_are_append_only"), transaction.atomic():
        Consent.objects.bulk_create(
            [forged], update_conflicts=True, unique_fields=["id"], update_fields=["given"]
        )
    if connection.vendor == "sqlite":
        with (
            pytest.raises(DatabaseError, match="consents_are_append_only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("INSERT OR REPLACE INTO people_consent SELECT * FROM people_consent")
