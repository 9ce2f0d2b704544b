"""A form counts for the business it was made for, and nobody acts for a business unawares."""

import re
from html import unescape

import pytest

from kept.accounts import actions as accounts
from kept.accounts import queries
from kept.accounts.queries import Business, Member
from kept.appointments import queries as appointments
from kept.schedule import queries as schedule
from tests.console.house import House, state
from tests.console.test_access import OUTSIDE, PATTERNS, full, snapshot, url

POSTING = re.compile(r'(?s)<form\b[^>]*method="post"[^>]*>.*?</form>')
BUSINESS = {
    "name": "Renamed",
    "email": "new@example.com",
    "phone": "+442079460111",
    "address": "1 New Street",
    "locale": "en_GB",
    "currency": "EUR",
}


@pytest.fixture
def both(house, signed_in):
    """An owner of two businesses, at the desk of the first."""
    other = House("Other Studio", prefix="other-")
    accounts.add_member(other.business, house.owner.email, Member.OWNER)
    house.owner.refresh_from_db()
    client = signed_in(house.owner)
    switch(client, house.business)
    return client


@pytest.fixture
def studio(both):
    return Business.objects.get(slug="other-studio")


def switch(client, business):
    assert client.post("/console/business/", {"business": business.slug}).status_code == 302


def carried(page):
    """The hidden fields of the last form of a page that posts: all of them, and how often."""
    form = POSTING.findall(page.content.decode())[-1]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return [(name, unescape(value)) for name, value in found]


def as_data(fields):
    data = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    return data


def typed(page, **values):
    return {**as_data(carried(page)), **values}


def test_a_form_of_one_business_is_not_written_to_another(house, both, studio):
    page = both.get("/console/set-up/business/")
    switch(both, studio)
    before = snapshot()
    answer = both.post("/console/set-up/business/", typed(page, **BUSINESS))
    assert answer.status_code == 409
    assert snapshot() == before
    said = answer.content.decode()
    assert "made for <bdi>Harbour Clinic</bdi>" in said
    assert "now act for <bdi>Other Studio</bdi>" in said
    assert "Nothing has been saved" in said


def test_the_same_form_is_taken_where_it_belongs(house, both):
    page = both.get("/console/set-up/business/")
    assert both.post("/console/set-up/business/", typed(page, **BUSINESS)).status_code == 302
    house.business.refresh_from_db()
    assert house.business.name == "Renamed"


def test_what_was_typed_is_kept_and_can_be_sent_where_it_belongs(house, both, studio):
    page = both.get("/console/set-up/services/new/")
    switch(both, studio)
    values = {
        "name": "Nail <care>",
        "duration_minutes": "30",
        "buffer_before_minutes": "0",
        "buffer_after_minutes": "0",
        "step_minutes": "15",
        "notice_minutes": "60",
        "horizon_days": "30",
        "mode": "here",
        "staff": [str(house.ada.id), str(house.ben.id)],
    }
    refused = both.post("/console/set-up/services/new/", typed(page, **values))
    assert refused.status_code == 409
    again = both.post("/console/set-up/services/new/", as_data(carried(refused)))
    assert again.status_code == 302, again.content.decode()
    assert "Nail <care>" in [each.name for each in schedule.services(house.business.id)]
    assert "Nail <care>" not in [each.name for each in schedule.services(studio.id)]
    # And one is back at the desk the form was made for.
    assert b"Harbour Clinic" in both.get("/console/").content


def test_an_act_at_an_appointment_of_the_other_business_is_explained_not_missing(
    house, both, studio
):
    booked = house.book()
    page = both.get(f"/console/appointments/{booked.id}/cancel/")
    switch(both, studio)
    sent = typed(page, by="customer", reason="ill")
    answer = both.post(f"/console/appointments/{booked.id}/cancel/", sent)
    assert answer.status_code == 409
    assert state(booked) == "scheduled"


def test_a_form_that_names_no_business_is_refused_where_it_could_be_meant_for_two(both, studio):
    before = snapshot()
    answer = both.post("/console/set-up/business/", BUSINESS)
    assert answer.status_code == 409
    assert snapshot() == before
    assert "does not say for which business" in answer.content.decode()


def test_a_form_that_names_no_business_is_taken_from_who_has_only_one(house, owner):
    assert owner.post("/console/set-up/business/", BUSINESS).status_code == 302


@pytest.mark.parametrize("named", ["nonsense", "\0", "6f2f8b1e-0c8e-4c55-9a08-6a6f3f0f3a55", ""])
def test_a_business_that_is_none_is_refused_and_named_nowhere(house, owner, named):
    before = snapshot()
    answer = owner.post("/console/set-up/business/", {**BUSINESS, "for_business": named})
    assert answer.status_code in {400, 409}
    assert snapshot() == before


def test_another_business_is_neither_named_nor_entered_by_a_form(house, owner):
    stranger = House("Secret Studio", prefix="other-").business
    before = snapshot()
    sent = {**BUSINESS, "for_business": str(stranger.id), "and_switch": "yes"}
    answer = owner.post("/console/set-up/business/", sent)
    assert answer.status_code == 409
    assert snapshot() == before
    assert b"Secret Studio" not in answer.content
    assert b"Harbour Clinic" in owner.get("/console/").content


def test_every_form_of_every_page_carries_its_business(house, signed_in):
    ids = full(house)
    client = signed_in(house.owner)
    forms = 0
    for name in sorted(PATTERNS.keys() - OUTSIDE - {"clock"}):
        page = client.get(url(name, ids)).getvalue().decode()
        for form in POSTING.findall(page):
            forms += 1
            assert f'name="for_business" value="{house.business.id}"' in form, (name, form)
    assert forms > 40


def test_the_demo_clock_obeys_only_the_form_of_ones_own_business(house, both, studio):
    switch(both, studio)
    sent = {"to": "hour", "for_business": str(house.business.id)}
    assert both.post("/console/clock/", sent).status_code == 409


@pytest.fixture
def at_both(house, signed_in):
    """Signed in at the front desk of one business, and a member of another one as well."""
    other = House("Other Studio", prefix="other-")
    accounts.add_member(other.business, house.desk.email, Member.OWNER)
    house.desk.refresh_from_db()
    return signed_in(house.desk), other


def removed(at_both, user):
    """Somebody of two businesses who acts for the second one, until they are removed from it."""
    client, other = at_both
    switch(client, other.business)
    assert b"Other Studio" in client.get("/console/").content
    queries.membership(user, "other-studio").delete()
    return client


def test_who_was_removed_is_told_and_chooses(house, at_both):
    desk = removed(at_both, house.desk)
    booked = house.book()
    page = desk.get("/console/")
    assert page.status_code == 403
    said = page.content.decode()
    assert "no longer a member of <bdi>Other Studio</bdi>" in said
    assert "Harbour Clinic" in said
    refused = desk.post(f"/console/appointments/{booked.id}/arrive/")
    assert refused.status_code == 403
    assert state(booked) == "scheduled"
    switch(desk, house.business)
    assert desk.get("/console/").status_code == 200
    assert desk.post(f"/console/appointments/{booked.id}/arrive/").status_code == 302
    assert appointments.current_leg(booked).case.state == "attended"


def test_who_never_chose_and_is_removed_from_the_first_business_is_told_too(house, at_both):
    desk, _ = at_both
    assert b"Harbour Clinic" in desk.get("/console/").content
    queries.membership(house.desk, house.business.slug).delete()
    page = desk.get("/console/")
    assert page.status_code == 403
    assert b"no longer a member of <bdi>Harbour Clinic</bdi>" in page.content


def test_who_was_removed_from_the_only_business_is_a_member_of_none(house, desk):
    assert desk.get("/console/").status_code == 200
    queries.membership(house.desk).delete()
    assert b"not a member of any business" in desk.get("/console/").content


def test_looking_at_a_form_of_a_lost_business_and_sending_it_writes_nothing(house, at_both):
    desk, other = at_both
    switch(desk, other.business)
    page = desk.get("/console/set-up/business/")
    queries.membership(house.desk, "other-studio").delete()
    switch(desk, house.business)
    before = snapshot()
    answer = desk.post("/console/set-up/business/", typed(page, **BUSINESS))
    assert answer.status_code == 409
    assert b"Other Studio" not in answer.content
    assert snapshot() == before
