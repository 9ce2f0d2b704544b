"""Who may open what: by role, by business, and without changing anything by looking."""

from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from kept.accounts import actions as accounts
from kept.accounts import queries as accounts_queries
from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.audit.models import WeeklyLetter
from kept.cases import queries as cases
from kept.console.acts import ACTS
from kept.console.urls import urlpatterns
from kept.core.case import Role
from kept.journeys import reputation
from kept.leads import sources
from kept.outbox import queries as outbox
from kept.schedule import actions as schedule
from kept.webhooks import actions as webhooks
from kept.worker import loop
from tests.console.house import FRONT_DESK, NOW, House, asks

PATTERNS = {pattern.name: pattern for pattern in urlpatterns}
IDS = {
    name: [key for key in pattern.pattern.converters if key.endswith("_id")]
    for name, pattern in PATTERNS.items()
}
OUTSIDE = {"by_link", "sign_in", "sign_out"}


def full(house):
    """A house in which every kind of row exists; answers an id of each, by its name in a URL."""
    completed = house.book(NOW.replace(hour=8), name="Carl Completed")
    unreached = house.book(name="Una Unreached", email="")
    loop.turn_once()
    appointments.say(completed, "arrived", NOW, FRONT_DESK)
    appointments.say(completed, "completed", NOW, FRONT_DESK)
    closure = schedule.close(house.business.id, house.ben, NOW, NOW.replace(hour=9), "Training")
    accounts.new_api_key(house.business, "web site", NOW)
    line = queries.timeline(completed)
    endpoint = webhooks.create(house.business.id, "https://hooks.example.com/", NOW)
    event = webhooks.test(house.business.id, endpoint.id, NOW).event_id
    page = "https://reviews.example.com/harbour"
    link = reputation.add_link(house.business.id, "Example Reviews", page, NOW, FRONT_DESK)
    seen = reputation.Seen("Example Reviews", 2, "I waited an hour.")
    review, _ = reputation.record_review(house.business, seen, NOW, FRONT_DESK)
    letter = WeeklyLetter.objects.create(
        business=house.business,
        week=NOW.date(),
        address=house.owner.email,
        subject_line="Your week",
        created_at=NOW,
        try_at=NOW,
    )
    return {
        "letter_id": letter.id,
        "endpoint_id": endpoint.id,
        "event_id": event,
        "link_id": link.id,
        "review_id": review.id,
        "lead_id": asks(house).pk,
        "source_id": sources.create(house.business, "sms", "Provider", NOW).id,
        "appointment_id": unreached.id,
        "person_id": unreached.customer_id,
        "escalation_id": cases.escalations(house.business.id)[0].id,
        "hand_off_id": line.hand_offs[0].id,
        "message_id": next(m.id for m in outbox.newest(house.business.id) if m.calendar),
        "service_id": house.service.id,
        "resource_id": house.ada.id,
        "closure_id": closure.id,
        "key_id": accounts_queries.api_keys(house.business.id)[0].id,
        "member_id": accounts_queries.members(house.business.id)[0].id,
    }


def url(name, ids, act="arrive"):
    wanted = PATTERNS[name].pattern.converters
    known = {**ids, "name": act, "act": "called", "secret": "not-a-secret"}
    known |= {"figure": "governed_share", "form": "json", "kind": "confirmation"}
    return reverse(f"console:{name}", kwargs={key: known[key] for key in wanted})


def least(name):
    return getattr(PATTERNS[name].callback, "least", None)


ORDER = [Member.STAFF, Member.FRONT_DESK, Member.OWNER]


@pytest.fixture
def ids(house):
    return full(house)


@pytest.mark.parametrize("role", ORDER)
def test_each_page_opens_for_its_roles_and_for_no_others(house, ids, signed_in, role):
    user = {"owner": house.owner, "front_desk": house.desk, "staff": house.worker}[role]
    client = signed_in(user)
    got = {name: client.get(url(name, ids)) for name in PATTERNS.keys() - OUTSIDE}
    expected = dict.fromkeys(got, 200) | {"clock": 404}  # it takes POST only
    for name in got:
        if ORDER.index(role) < ORDER.index(least(name)):
            expected[name] = 403
    assert {name: answer.status_code for name, answer in got.items()} == expected
    assert all("no-store" in got[name]["Cache-Control"] for name in got if expected[name] == 200)


def test_nobody_gets_in_without_signing_in(house, ids):
    before = snapshot()
    for name in PATTERNS.keys() - OUTSIDE:
        answer = Client().get(url(name, ids))
        assert answer.status_code == 302, name
        assert answer["Location"].startswith("/console/sign-in"), name
        assert Client().post(url(name, ids)).status_code == 302, name
    assert snapshot() == before


WITH_IDS = sorted(name for name, ids in IDS.items() if ids)


def test_rows_of_another_business_are_not_found(house, ids, signed_in):
    """Every address that takes an id, by GET and by POST; the table comes from the URLs."""
    stranger = signed_in(House("Other Studio", prefix="other-").owner)
    before = snapshot()
    assert {name: stranger.get(url(name, ids)).status_code for name in WITH_IDS} == (
        dict.fromkeys(WITH_IDS, 404)
    )
    posted = {name: stranger.post(url(name, ids)).status_code for name in WITH_IDS}
    assert set(posted.values()) <= {404, 405}
    assert snapshot() == before
    # The same addresses are found by their own people, so they are not missing for another reason.
    own = signed_in(house.owner)
    assert {own.get(url(name, ids)).status_code for name in WITH_IDS} == {200}


def test_no_act_reaches_another_business(house, ids, signed_in):
    stranger = signed_in(House("Other Studio", prefix="other-").owner)
    before = snapshot()
    for act in ACTS:
        assert stranger.get(url("act", ids, act)).status_code == 404, act
        filled = {"by": "customer", "to": "missed", "reason": "x", "minutes": "5", "name": "x"}
        assert stranger.post(url("act", ids, act), filled).status_code == 404, act
    assert snapshot() == before


def test_ids_that_do_not_exist_are_not_found(house, owner):
    for name in WITH_IDS:
        unknown = {key: 0 if key == "member_id" else uuid4() for key in IDS[name]}
        assert owner.get(url(name, unknown)).status_code == 404, name


def test_ids_in_the_query_are_kept_apart_too(house, ids, signed_in):
    other = House("Other Studio", prefix="other-")
    stranger = signed_in(other.owner)
    customer = queries.appointment(house.business.id, ids["appointment_id"]).customer_id
    assert stranger.get(f"/console/book/?service={ids['service_id']}").status_code == 404
    own = f"/console/book/?service={other.service.id}"
    assert stranger.get(own).status_code == 200
    assert stranger.get(f"{own}&customer={customer}").status_code == 404
    inbox = stranger.get(f"/console/inbox/?open={ids['message_id']}").content.decode()
    assert reverse("console:message_html", args=[ids["message_id"]]) not in inbox
    assert "Carl" not in inbox


def snapshot():
    """Every row of ours, without what a session keeps."""
    found = {}
    for model in apps.get_models():
        if model.__module__.startswith("kept."):
            found[model.__name__] = sorted(map(repr, model.objects.values()))
    return found


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(house, ids, owner, method):
    before = snapshot()
    for name in sorted(PATTERNS):
        for act in ACTS if name == "act" else [""]:
            getattr(owner, method)(url(name, ids, act))
    assert snapshot() == before


def test_a_member_of_two_businesses_acts_for_one_at_a_time(house, ids, signed_in):
    other = House("Other Studio", prefix="other-")
    accounts.add_member(other.business, house.owner.email, Member.FRONT_DESK)
    house.owner.refresh_from_db()
    both = signed_in(house.owner)
    assert both.post("/console/business/", {"business": other.business.slug}).status_code == 302
    assert b"Other Studio" in both.get("/console/").content
    assert both.get(url("appointment", ids)).status_code == 404
    assert both.get("/console/set-up/").status_code == 403  # only the front desk there
    both.post("/console/business/", {"business": house.business.slug})
    assert both.get(url("appointment", ids)).status_code == 200


def test_a_business_one_is_no_member_of_cannot_be_chosen(house, owner):
    House("Other Studio", prefix="other-")
    assert owner.post("/console/business/", {"business": "other-studio"}).status_code == 404
    assert b"Harbour Clinic" in owner.get("/console/").content


def test_somebody_without_a_business_is_told_so(house, signed_in):
    user = accounts.add_member(house.business, "gone@example.com", Member.FRONT_DESK)
    user.memberships.all().delete()
    answer = signed_in(user).get("/console/")
    assert answer.status_code == 403
    assert b"not a member of any business" in answer.content


def test_staff_see_their_own_appointments_and_no_others(house, ada):
    own, others = house.book(name="Own Guest"), house.book(name="Bens Guest", staff=house.ben)
    page = ada.get("/console/").content
    assert b"Own Guest" in page
    assert b"Bens Guest" not in page
    assert ada.get(f"/console/appointments/{own.id}/").status_code == 200
    assert ada.get(f"/console/appointments/{others.id}/").status_code == 404
    assert ada.post(f"/console/appointments/{others.id}/arrive/").status_code == 404


def test_staff_record_outcomes_and_cancel_nothing(house, ada):
    booked = house.book()
    assert ada.post(f"/console/appointments/{booked.id}/arrive/").status_code == 302
    assert queries.current_leg(booked).case.state == "attended"
    other = house.book(NOW.replace(hour=10), name="Second Guest")
    refused = ada.post(f"/console/appointments/{other.id}/cancel/", {"by": "customer"})
    assert refused.status_code == 403
    assert queries.current_leg(other).case.state == "scheduled"


def test_every_form_is_safe_from_other_sites(house, signed_in):
    booked = house.book()
    careful = signed_in(house.owner, enforce_csrf_checks=True)
    assert careful.post(f"/console/appointments/{booked.id}/arrive/").status_code == 403
    assert queries.current_leg(booked).case.state == "scheduled"


def test_the_page_says_no_to_scripts_and_frames(house, owner):
    policy = owner.get("/console/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


def test_ids_are_the_ones_of_the_url(ids):
    assert all(isinstance(value, UUID | int) for value in ids.values())
    assert {key for keys in IDS.values() for key in keys} == ids.keys()


def test_the_role_of_the_actor_stands_in_the_history(house, desk):
    booked = house.book()
    desk.post(f"/console/appointments/{booked.id}/arrive/")
    event = queries.timeline(booked).events[-1]
    assert (event.actor_role, event.actor_name) == (Role.STAFF.value, "desk@example.com")
