"""Customers are remembered, never merged by guesswork, and found by what the desk knows of them."""

from datetime import UTC, datetime, timedelta

import pytest

from kept.accounts.actions import create_business
from kept.people import actions, queries
from kept.people.actions import checked_contact

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def business(db):
    return create_business("Harbour Clinic", "Europe/Berlin", "owner@example.com", NOW)[0].id


def remember(business, name, email="", phone="", **said):
    contact = checked_contact(name, email, phone, **said)
    person = actions.customer_for(business, contact, NOW)
    person.save()
    return person


def test_somebody_who_books_again_is_the_same_customer(business):
    first = remember(business, "Mia Wong", "mia@example.com", "+442079460123")
    again = remember(business, " Mia  Wong", "mia@EXAMPLE.com", "+44 20 7946 0123")
    assert again == first


def test_a_family_that_shares_an_address_stays_several_people(business):
    family = [remember(business, name, "wong@example.com") for name in ("Mia", "Leo", "Ann")]
    assert len({person.id for person in family}) == 3


def test_another_phone_number_makes_another_customer(business):
    first = remember(business, "Mia Wong", "mia@example.com")
    other = remember(business, "Mia Wong", "mia@example.com", "+442079460123")
    assert other != first


def test_customers_of_two_businesses_are_strangers(business):
    other = create_business("Other", "Europe/Berlin", "other@example.com", NOW)[0].id
    assert remember(business, "Mia", "m@example.com") != remember(other, "Mia", "m@example.com")
    assert len(queries.search(business, "Mia")) == 1


def test_what_they_say_about_zone_and_language_now_replaces_what_they_said(business):
    remember(business, "Mia", "mia@example.com", time_zone="Europe/Berlin", locale="de")
    again = remember(business, "Mia", "mia@example.com", time_zone="Asia/Tokyo")
    assert (again.time_zone, again.locale) == ("Asia/Tokyo", "de")
    assert queries.customer(again.id).time_zone == "Asia/Tokyo"


def test_a_stranger_who_types_somebodys_name_and_address_changes_nothing_about_them(business):
    mia = remember(business, "Mia", "mia@example.com", time_zone="Europe/Berlin", locale="de")
    typed = checked_contact("Mia", "mia@example.com", time_zone="Asia/Tokyo", locale="ja")
    again = actions.customer_for(business, typed, NOW, by_stranger=True)
    assert again == mia
    kept = queries.customer(mia.id)
    assert (kept.time_zone, kept.locale) == ("Europe/Berlin", "de")


def test_a_stranger_to_us_is_remembered_as_they_said(business):
    typed = checked_contact("Mia", "mia@example.com", time_zone="Asia/Tokyo", locale="ja")
    made = actions.customer_for(business, typed, NOW, by_stranger=True)
    assert (made.time_zone, made.locale) == ("Asia/Tokyo", "ja")


def test_an_address_that_refused_for_good_reaches_nobody_until_it_is_corrected(business):
    mia = remember(business, "Mia", "mia@example.com")
    assert queries.channels(mia) == ["email"]
    actions.mark_email_bad(mia.id, "mia@example.com", "no such user")
    assert queries.channels(queries.customer(mia.id)) == []
    mended = actions.correct_contact(mia.id, checked_contact("Mia", "mia@example.org"))
    assert queries.channels(mended) == ["email"]


def test_an_address_corrected_meanwhile_is_not_called_bad(business):
    mia = remember(business, "Mia", "mia@example.com")
    actions.correct_contact(mia.id, checked_contact("Mia", "mia@example.org"))
    actions.mark_email_bad(mia.id, "mia@example.com", "no such user")
    assert queries.channels(queries.customer(mia.id)) == ["email"]


@pytest.mark.parametrize(
    "text",
    ["mia", "WONG", "a@exam", "Zo\u00eb", "Zoe\u0308", "7946 0123", "020 7946 0123", "+4420"],
)
def test_the_desk_finds_people_by_a_part_of_name_address_or_number(business, text):
    mia = remember(business, "Zo\u00eb Mia Wong", "mia@example.com", "+442079460123")
    remember(business, "Leo Ek", "leo@example.org", "+12025550199")
    assert queries.search(business, text) == [mia]


@pytest.mark.parametrize("text", ["", "  ", "\0", "%", "_", "'", "nobody", "00"])
def test_a_text_that_names_nobody_finds_nobody(business, text):
    remember(business, "Mia Wong", "mia@example.com", "+442079460123")
    assert queries.search(business, text) == []


def told(mia, business, leg, at=NOW, **more):
    return actions.Told(
        subject=mia.id,
        business=business,
        customer=mia.id,
        leg=leg,
        start=NOW + timedelta(days=leg),
        via="email",
        evidence="accepted",
        control="confirmation",
        at=at,
        **{"cancelled": False, **more},
    )


def test_only_the_last_thing_somebody_was_told_counts(business):
    mia = remember(business, "Mia")
    assert queries.told(mia.id) is None
    actions.remember_told([told(mia, business, 1)])
    actions.remember_told([told(mia, business, 2, NOW + timedelta(hours=1), cancelled=True)])
    last = queries.told(mia.id)
    assert (last.leg, last.start, last.cancelled) == (2, NOW + timedelta(days=2), True)
    assert queries.told_many([mia.id]) == {mia.id: last}
