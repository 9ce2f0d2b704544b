"""What the owner sets up, and what becomes of what is booked."""

import re
from dataclasses import fields
from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from kept.accounts import actions as accounts
from kept.accounts import queries as accounts_queries
from kept.accounts import uses
from kept.accounts.queries import Member, PolicyVersion
from kept.appointments import queries
from kept.console import policies
from kept.core.policy import Policy, from_data
from kept.core.time import Window
from kept.schedule import queries as schedule
from kept.worker import loop
from tests.console.house import NOW, House, leg, state
from tests.public.house import text

START = NOW + timedelta(days=2, hours=3)  # Wednesday 11:00 in Berlin


def form_of(answer):
    """What the form of a page would send if nothing were touched."""
    form = answer.context["form"]
    data = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False or value == "":
            continue
        data[bound.html_name] = "on" if value is True else value
    return data


# Closures


CLOSED = {
    "first_day": "2027-03-03",
    "first_at": "00:00",
    "last_day": "2027-03-04",
    "last_at": "00:00",
    "reason": "Public holiday",
}


def close(client, **fields):
    return client.post("/console/set-up/closures/new/", {**CLOSED, **fields})


def test_a_closure_lists_what_it_touches_before_anything_is_saved(house, owner):
    house.book(START)
    asked = close(owner)
    assert asked.status_code == 200
    assert b"Mia Wong" in asked.content
    assert schedule.closures(house.business.id, NOW).count() == 0


def test_once_seen_it_is_saved_and_what_it_touches_needs_a_person(house, owner):
    booked = house.book(START)
    loop.turn_once()
    seen = re.search(r'name="seen" value="([^"]+)"', close(owner).content.decode())[1]
    assert close(owner, seen=seen).status_code == 302
    assert schedule.closures(house.business.id, NOW).count() == 1
    assert state(booked) == "confirmed"  # nothing is cancelled
    assert [e.kind for e in queries.timeline(booked).escalations] == ["RESOURCE_LOST"]
    for card in ("/console/escalations/", f"/console/appointments/{booked.id}/"):
        page = owner.get(card).content.decode()
        assert "The business is closed from Wed 3 March 2027, 00:00" in page
        assert f'href="/console/appointments/{booked.id}/move/">Move…' in page
    assert b"Staff or place is gone" in owner.get("/console/escalations/").content


def test_a_booking_made_meanwhile_is_shown_before_it_is_saved(house, owner):
    seen = re.search(r'name="seen" value="([^"]+)"', close(owner).content.decode())[1]
    house.book(START)
    again = close(owner, seen=seen)
    assert again.status_code == 200
    assert b"Bookings have changed since you looked" in again.content
    assert b"Mia Wong" in again.content
    assert schedule.closures(house.business.id, NOW).count() == 0


def test_one_person_away_touches_only_theirs_and_a_lifted_closure_frees_the_time(house, owner):
    house.book(START)
    only_ben = close(owner, staff=house.ben.id)
    assert b"No booked appointment lies in this time" in only_ben.content
    close(owner, staff=house.ben.id, seen="none")
    [closure] = schedule.closures(house.business.id, NOW)
    assert owner.post(f"/console/set-up/closures/{closure.id}/lift/").status_code == 302
    assert schedule.closures(house.business.id, NOW).count() == 0


def test_a_lifted_closure_says_who_can_come_after_all(house, owner):
    house.book(START)
    seen = re.search(r'name="seen" value="([^"]+)"', close(owner).content.decode())[1]
    close(owner, seen=seen)
    [closure] = schedule.closures(house.business.id, NOW)
    answer = owner.post(f"/console/set-up/closures/{closure.id}/lift/", follow=True)
    assert b"1 appointment in it can take place after all" in answer.content


@pytest.mark.parametrize(
    "wrong",
    [{"last_day": "2027-03-02"}, {"first_day": ""}, {"staff": "nonsense"}, {"first_at": "25:00"}],
)
def test_a_closure_that_cannot_be_is_refused(house, owner, wrong):
    answer = close(owner, seen="none", **wrong)
    assert answer.status_code == 400
    assert b"There is a problem" in answer.content
    assert schedule.closures(house.business.id, NOW).count() == 0


# Services


def test_a_service_is_added_and_can_be_booked(house, owner):
    page = owner.get("/console/set-up/services/new/")
    data = {**form_of(page), "name": "Hand care", "duration_minutes": "30", "mode": "here"}
    data |= {"price": "35.50", "staff": [str(house.ada.id)], "directions": "Ring twice."}
    assert owner.post("/console/set-up/services/new/", data).status_code == 302
    made = schedule.services(house.business.id).get(name="Hand care")
    assert (made.duration_minutes, str(made.price)) == (30, "35.50")
    assert made.directions == "Ring twice."
    assert owner.get(f"/console/book/?service={made.id}").status_code == 200


def test_a_service_nobody_gives_is_added_and_not_said_to_be_bookable(house, owner):
    page = owner.get("/console/set-up/services/new/")
    data = {**form_of(page), "name": "Hand care", "duration_minutes": "30", "mode": "here"}
    told = owner.post("/console/set-up/services/new/", data, follow=True).content
    assert b"Nobody gives it yet" in told
    assert b"Hand care can be booked now" not in told
    given = {**data, "name": "Nail care", "staff": [str(house.ada.id)]}
    told = owner.post("/console/set-up/services/new/", given, follow=True).content
    assert b"Nail care can be booked now" in told


def test_the_set_up_says_where_customers_book(house, owner, settings):
    settings.BASE_URL = "https://book.example.com"
    page = owner.get("/console/set-up/").content.decode()
    assert f"https://book.example.com/book/{house.business.slug}/" in page


def test_a_changed_price_lists_who_keeps_the_old_one(house, owner):
    booked = house.book(START)
    path = f"/console/set-up/services/{house.service.id}/"
    before = owner.get(path)
    assert b"Mia Wong" in before.content  # affected bookings are listed before anything is saved
    data = {**form_of(before), "price": "75", "duration_minutes": "60"}
    after = owner.post(path, data, follow=True)
    assert b"1 booked appointment keeps the price and duration" in after.content
    assert b"keeps the old terms" in after.content
    assert Decimal(leg(booked).snapshot["price"]) == 60
    assert leg(booked).snapshot["duration_minutes"] == 45


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "“Name” is missing.".encode()),
        ({"duration_minutes": "5000"}, b"1 to 1440"),
        ({"price": "-1"}, "“Price” must be 0 or more".encode()),
        ({"change_until": "soon"}, b"soon"),
        ({"change_until": "1d 18:00"}, b"elapsed time"),
    ],
)
def test_a_service_that_cannot_be_is_refused(house, owner, wrong, said):
    path = f"/console/set-up/services/{house.service.id}/"
    answer = owner.post(path, {**form_of(owner.get(path)), **wrong})
    assert answer.status_code == 400
    assert said in answer.content


def test_terms_under_which_the_first_reminder_comes_too_late_are_warned_of(house, owner):
    path = f"/console/set-up/services/{house.service.id}/"
    data = form_of(owner.get(path))
    warned = b"arrives too late to change Foot care: its online changes close 36h before"
    assert warned not in owner.post(path, {**data, "change_until": "12h"}, follow=True).content
    assert warned in owner.post(path, {**data, "change_until": "36h"}, follow=True).content
    assert warned in owner.get("/console/set-up/policy/").content
    new = {**data, "name": "Hand care", "change_until": "48h"}
    made = owner.post("/console/set-up/services/new/", new, follow=True).content
    assert b"arrives too late to change Hand care" in made


def test_a_service_says_what_follows_which_of_its_outcomes(house, owner):
    path = f"/console/set-up/services/{house.service.id}/"
    data = form_of(owner.get(path))
    assert data["after_completed"] == "policy"
    own = {
        "after_completed": "these",
        "paths_completed": ["reactivation"],
        "after_missed_by_customer": "nothing",
        "paths_missed_by_customer": ["follow_up"],  # counts only where “These” is chosen
    }
    assert owner.post(path, {**data, **own}).status_code == 302
    saved = schedule.service(house.business.id, house.service.id)
    assert saved.hand_offs == {"completed": ["reactivation"], "missed_by_customer": []}
    data = form_of(owner.get(path))
    assert (data["after_completed"], data["paths_completed"]) == ("these", ["reactivation"])
    assert data["after_missed_by_customer"] == "nothing"
    assert data["after_missed_by_business"] == "policy"
    none = owner.post(path, {**data, "paths_completed": []})
    assert none.status_code == 400
    assert "tick what follows, or choose “Nothing”" in none.content.decode()
    back = {**data, "after_completed": "policy", "after_missed_by_customer": "policy"}
    assert owner.post(path, back).status_code == 302
    assert schedule.service(house.business.id, house.service.id).hand_offs == {}


def test_a_service_shows_what_is_its_own_and_folds_away_what_is_as_usual(house, owner):
    def opened(page):
        form = page.context["form"]
        folds = [*form.more(), form.following()]
        assert page.content.count(b'<details class="lines" open') == sum(f.open for f in folds)
        return [fold.title for fold in folds if fold.open]

    new = "/console/set-up/services/new/"
    assert opened(owner.get(new)) == []
    page = owner.get(f"/console/set-up/services/{house.service.id}/")
    assert opened(page) == ["More: when it can be booked"]  # it keeps 15 minutes free
    asked = {**form_of(owner.get(new)), "name": "Hand care", "duration_minutes": 30, "mode": "here"}
    wrong = owner.post(new, {**asked, "change_until": "soon"})
    assert (wrong.status_code, opened(wrong)) == (400, ["More: changing it"])
    assert owner.post(new, asked).status_code == 302


def test_the_set_up_says_that_customers_see_an_owners_address(house, owner):
    hint = b'an owner signs in with it. <a href="/console/set-up/business/">'
    assert hint in owner.get("/console/set-up/").content
    house.business.email = "hello@example.com"
    house.business.save()
    assert hint not in owner.get("/console/set-up/").content


def test_an_outcome_that_nothing_says_what_follows_is_shown_at_set_up(house, owner):
    said = b"Nothing says what follows completed after Foot care"
    pages = ("", "services/", f"services/{house.service.id}/", "policy/")
    for page in pages:
        assert said not in owner.get(f"/console/set-up/{page}").content
    in_force = accounts_queries.policy_in_force(house.business.id)
    silent = {**in_force.data, "hand_offs": dict(in_force.data["hand_offs"])}
    del silent["hand_offs"]["completed"]
    PolicyVersion.objects.create(business=house.business, number=2, data=silent, created_at=NOW)
    for page in pages:
        assert said in owner.get(f"/console/set-up/{page}").content


def test_an_archived_service_is_not_offered_and_what_is_booked_stays(house, owner):
    booked = house.book(START)
    path = f"/console/set-up/services/{house.service.id}/archive/"
    assert b"Mia Wong" in owner.get(path).content
    assert owner.post(path).status_code == 302
    assert schedule.services(house.business.id).count() == 0
    assert owner.get(f"/console/appointments/{booked.id}/").status_code == 200
    assert owner.get(f"/console/appointments/{booked.id}/move/").status_code == 200


# Staff


def test_new_hours_name_what_lies_outside_them(house, owner):
    booked = house.book(START)
    path = f"/console/set-up/staff/{house.ada.id}/"
    data = form_of(owner.get(path))
    del data["from_2_0"], data["to_2_0"]  # closed on Wednesdays
    after = owner.post(path, data, follow=True)
    assert b"1 booked appointment lies outside these hours" in after.content
    assert b"Mia Wong" in after.content
    assert state(booked) == "scheduled"


def test_somebody_is_added_with_a_break_in_the_day(house, owner):
    data = {"name": "Cleo Park", "time_zone": "Europe/Berlin"}
    data |= {"from_0_0": "09:00", "to_0_0": "12:00", "from_0_1": "13:00", "to_0_1": "17:00"}
    assert owner.post("/console/set-up/staff/new/", data).status_code == 302
    page = owner.get("/console/set-up/staff/").content.decode()
    assert "Monday 09:00–12:00, 13:00–17:00" in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "“Name” is missing.".encode()),
        ({"time_zone": "Europe/Atlantis"}, b"Atlantis"),
        ({"from_0_0": "09:00"}, b"both a start and an end"),
        (
            {"from_0_0": "09:00", "to_0_0": "12:00", "from_0_1": "11:00", "to_0_1": "13:00"},
            b"overlap",
        ),
    ],
)
def test_hours_that_cannot_be_are_refused(house, owner, wrong, said):
    data = {"name": "Cleo Park", "time_zone": "Europe/Berlin", **wrong}
    answer = owner.post("/console/set-up/staff/new/", data)
    assert answer.status_code == 400
    assert said in answer.content
    assert schedule.staff(house.business.id).count() == 2


def retire(client, path):
    return client.post(path, {"seen": client.get(path).context["seen"]}, follow=True)


def test_who_leaves_is_retired_once_it_was_seen_what_is_booked_with_them(house, owner):
    booked = house.book(START)
    kept = house.book(START, "Ola Other", house.ben)
    loop.turn_once()
    path = f"/console/set-up/staff/{house.ada.id}/retire/"
    assert path.encode() in owner.get(f"/console/set-up/staff/{house.ada.id}/").content
    asked = owner.get(path)
    assert b"Mia Wong" in asked.content
    assert b"Ola Other" not in asked.content
    assert b"Nothing was changed" in owner.post(path).content
    assert schedule.staff(house.business.id).count() == 2
    done = retire(owner, path)
    assert b"Ada Lindt can no longer be booked. 1 appointment stays booked" in done.content
    assert [each.name for each in schedule.staff(house.business.id)] == ["Ben Okoro"]
    assert [e.kind for e in queries.timeline(booked).escalations] == ["RESOURCE_LOST"]
    assert not queries.timeline(kept).escalations
    assert state(booked) == "confirmed"
    assert owner.get(path).status_code == 404


def test_a_booking_made_meanwhile_is_shown_before_anybody_is_retired(house, owner):
    path = f"/console/set-up/staff/{house.ada.id}/retire/"
    seen = owner.get(path).context["seen"]
    house.book(START)
    again = owner.post(path, {"seen": seen})
    assert b"Mia Wong" in again.content
    assert schedule.staff(house.business.id).count() == 2


def test_only_the_owner_retires_and_only_their_own_staff(house, owner, desk):
    path = "/console/set-up/staff/{}/retire/"
    assert desk.post(path.format(house.ada.id), {"seen": "none"}).status_code == 403
    other = House("Hill Clinic", "hill-")
    assert owner.post(path.format(other.ada.id), {"seen": "none"}).status_code == 404
    assert schedule.staff(other.business.id).count() == 2


# Policy


POLICY = "/console/set-up/policy/"


def test_every_field_of_the_policy_can_be_set(house, owner):
    data = policies.initial(Policy())
    form = policies.PolicyForm({k: v for k, v in data.items() if v is not None}, initial=data)
    assert form.is_valid(), form.errors
    assert policies._data(form, Policy()).keys() == {field.name for field in fields(Policy)}
    assert policies.changes(form, Policy()) == {}


def test_long_durations_are_said_in_days_beside_the_field(house, owner):
    page = text(owner.get(POLICY))
    assert "Suggest it once more, after the visit 168h are 7 days." in page
    assert "24h are" not in page
    assert "10:00 are" not in page


def save_policy(client, data):
    """Send the form, look at what it would do, and confirm."""
    asked = client.post(POLICY, data)
    assert asked.status_code == 200
    return client.post(POLICY, {**data, "seen": asked.context["seen"]}, follow=True)


def figures(page):
    return [(each.count, each.words) for each in page.context["numbers"]]


def test_what_a_policy_would_do_is_shown_before_it_is_saved(house, owner):
    booked = house.book(START)
    loop.turn_once()
    data = {**form_of(owner.get(POLICY)), "first_reminder": "72h"}
    asked = owner.post(POLICY, data)
    page = asked.content.decode()
    assert "24h" in page
    assert "72h" in page
    assert accounts_queries.policy_in_force(house.business.id).number == 1
    assert (1, "First reminder: will not be sent") in figures(asked)
    [planned] = [c for c in queries.timeline(booked).controls if c.name == "first_reminder"]
    assert planned.status == "planned"
    again = owner.post(POLICY, {**data, "again": "1"})
    assert (again.status_code, form_of(again)["first_reminder"]) == (200, "72h")
    saved = owner.post(POLICY, {**data, "seen": asked.context["seen"]}, follow=True)
    assert b"Saved as a new version." in saved.content
    assert accounts_queries.policy_in_force(house.business.id).number == 2


def test_a_booking_made_meanwhile_is_counted_before_the_policy_is_saved(house, owner):
    house.book(START)
    data = {**form_of(owner.get(POLICY)), "first_reminder": "36h"}
    seen = owner.post(POLICY, data).context["seen"]
    house.book(START, "Late Guest", house.ben)
    again = owner.post(POLICY, {**data, "seen": seen})
    assert b"has changed since you looked" in again.content
    assert accounts_queries.policy_in_force(house.business.id).number == 1


def test_a_change_that_touches_nothing_planned_says_so(house, owner):
    house.book(START)
    data = {**form_of(owner.get(POLICY)), "after_completed": ["follow_up"]}
    page = owner.post(POLICY, data).content.decode()
    assert "Nothing that is planned" in page
    assert "What follows: completed" in page
    assert "Follow-up, Reputation, Reactivation" in page


def test_a_changed_policy_is_a_new_version_and_plans_anew(house, owner):
    booked = house.book(START)
    loop.turn_once()
    data = {**form_of(owner.get(POLICY)), "first_reminder": "36h"}
    after = save_policy(owner, data)
    looked_at = "First reminder: sent at another time, in 1 appointment."
    assert f"Saved as a new version. {looked_at}" in after.content.decode()
    assert accounts_queries.policy_in_force(house.business.id).number == 2
    reminder = [c for c in queries.timeline(booked).controls if c.name == "first_reminder"]
    assert reminder[-1].due_at == START - timedelta(hours=36)


def test_saving_without_a_change_makes_no_version(house, owner):
    after = owner.post(POLICY, form_of(owner.get(POLICY)), follow=True)
    assert b"no new version" in after.content
    assert accounts_queries.policy_in_force(house.business.id).number == 1


def test_switches_windows_and_what_follows_are_kept(house, owner):
    data = form_of(owner.get(POLICY))
    data |= {"switched_on": ["final_reminder"], "quiet_from": "08:00", "quiet_to": "21:00"}
    data |= {"ask_acknowledgement": "on", "after_completed": ["follow_up"]}
    data |= {"asking_from": "10:00", "asking_to": "18:00"}
    save_policy(owner, data)
    policy = from_data(accounts_queries.policy_in_force(house.business.id).data)
    assert policy.switched_off == {"first_reminder"}
    assert policy.ask_acknowledgement
    assert policy.quiet_hours is not None
    assert policy.window("asking_hours") == Window(time(10), time(18))
    assert policy.hand_offs["completed"] == ("follow_up",)


def test_a_probable_mistake_is_warned_of(house, owner):
    data = {**form_of(owner.get(POLICY)), "change_until": "48h"}
    warned = b"arrives too late to change"
    assert warned in owner.post(POLICY, data).content  # before
    assert warned in save_policy(owner, data).content  # and after


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_reminder": "soon"},
        {"late_grace": "1d 18:00"},
        {"quiet_from": "08:00"},
        {"quiet_from": "21:00", "quiet_to": "23:00"},  # no hour is left for what follows
    ],
)
def test_a_policy_that_cannot_be_is_refused_where_it_is_wrong(house, owner, wrong):
    answer = owner.post(POLICY, {**form_of(owner.get(POLICY)), **wrong})
    assert answer.status_code == 400
    assert b"There is a problem" in answer.content
    assert accounts_queries.policy_in_force(house.business.id).number == 1


def test_a_refused_policy_calls_its_fields_what_the_page_calls_them(house, owner):
    wrong = {**form_of(owner.get(POLICY)), "first_reminder": "1h"}
    [said] = owner.post(POLICY, wrong).context["form"].errors["first_reminder"]
    assert said.startswith("“First reminder, before the start” would never be sent")
    assert "first_reminder" not in said


# Keys, members, the business


KEYS = "/console/set-up/keys/"


def secret_on(page):
    found = re.search(r'class="secret">([^<]+)<', page.content.decode())
    return found[1] if found else None


def test_a_key_is_shown_once_and_works_until_it_is_revoked(house, owner):
    secret = secret_on(owner.post(KEYS, {"name": "Web site"}, follow=True))
    assert accounts_queries.key_holder(secret).business == house.business
    assert secret not in owner.get(KEYS).content.decode()
    [key] = accounts_queries.api_keys(house.business.id)
    owner.post(f"/console/set-up/keys/{key.id}/revoke/")
    assert accounts_queries.key_holder(secret) is None


def test_reloading_after_a_key_was_made_makes_no_second(house, owner):
    made = owner.post(KEYS, {"name": "Web site"})
    assert (made.status_code, made.url) == (302, KEYS)
    assert secret_on(owner.get(KEYS))
    assert not secret_on(owner.get(KEYS))
    assert len(accounts_queries.api_keys(house.business.id)) == 1


def test_what_is_shown_once_is_shown_to_nobody_else(house, owner):
    owner.post(KEYS, {"name": "Web site"})
    other = accounts.add_member(house.business, "second@example.com", Member.OWNER)
    cookie = owner.cookies["shown_once"].value
    owner.force_login(other)  # at the same browser
    owner.cookies["shown_once"] = cookie
    assert not secret_on(owner.get(KEYS))


def test_two_keys_of_one_name_are_told_apart(house, owner):
    secrets = [secret_on(owner.post(KEYS, {"name": "Web site"}, follow=True)) for _ in range(2)]
    page = owner.get(KEYS).content.decode()
    for secret in secrets:
        assert f"<code>{secret[:9]}…</code>" in page
    assert page.count("never") == 2
    at = NOW + timedelta(hours=4)
    uses.key_used(accounts_queries.key_holder(secrets[0]), at)
    uses.write_down()
    page = owner.get(KEYS).content.decode()
    assert page.count("never") == 1
    assert "Mon 1 March 2027, 12:00" in page


def test_a_request_with_a_key_is_its_use(house, owner):
    secret = secret_on(owner.post(KEYS, {"name": "Web site"}, follow=True))
    answer = Client().get("/api/v1/hand-offs", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    uses.write_down()
    assert accounts_queries.key_holder(secret).use.at == NOW


def test_a_new_member_gets_a_link_that_is_shown_once(house, owner):
    data = {"email": "new@example.com", "role": "front_desk"}
    page = owner.post("/console/set-up/members/", data, follow=True)
    path = "/" + secret_on(page).split("/", 3)[3]
    assert path not in owner.get("/console/set-up/members/").content.decode()
    fresh = Client()
    assert fresh.post(path).status_code == 302
    assert fresh.get("/console/escalations/").status_code == 200


def test_a_link_for_a_member_is_shown_once_on_their_page(house, owner):
    members = {m.user.email: m for m in accounts_queries.members(house.business.id)}
    page = f"/console/set-up/members/{members['desk@example.com'].id}/"
    assert "/sign-in/" in secret_on(owner.post(page, {"do": "link"}, follow=True))
    assert not secret_on(owner.get(page))


def test_no_link_is_made_for_somebody_known_elsewhere(house, owner):
    """A link opens the whole account, so one business must not make one for another's people."""
    other = House("Other Studio", prefix="other-")
    data = {"email": "Other-Owner@example.com", "role": "staff"}
    answer = owner.post("/console/set-up/members/", data)
    assert answer.status_code == 400
    assert b"/sign-in/" not in answer.content
    user = accounts.add_member(house.business, other.owner.email, Member.STAFF)
    member = user.memberships.get(business=house.business)
    refused = owner.post(f"/console/set-up/members/{member.id}/", {"do": "link"})
    assert refused.status_code == 409
    assert b"/sign-in/" not in refused.content


def test_roles_change_and_the_last_owner_stays(house, owner):
    members = {m.user.email: m for m in accounts_queries.members(house.business.id)}
    mine = f"/console/set-up/members/{members['owner@example.com'].id}/"
    theirs = f"/console/set-up/members/{members['desk@example.com'].id}/"
    for refused in ({"do": "remove"}, {"do": "role", "role": "staff"}, {"do": "nonsense"}):
        assert owner.post(mine, refused).status_code == 409
    assert owner.post(theirs, {"do": "role", "role": "owner"}).status_code == 302
    assert owner.post(mine, {"do": "role", "role": "front_desk"}).status_code == 302
    assert owner.get("/console/set-up/").status_code == 403


def test_a_removed_member_is_out_at_once(house, owner, desk):
    members = {m.user.email: m for m in accounts_queries.members(house.business.id)}
    assert desk.get("/console/").status_code == 200
    owner.post(f"/console/set-up/members/{members['desk@example.com'].id}/", {"do": "remove"})
    assert desk.get("/console/").status_code == 403


def test_the_business_is_described_and_mistakes_are_named(house, owner):
    path = "/console/set-up/business/"
    data = form_of(owner.get(path))
    assert owner.post(path, {**data, "phone": "+442079460199"}).status_code == 302
    assert accounts_queries.business(house.business.id).phone == "+442079460199"
    for wrong in ({"currency": "XXQ"}, {"locale": "xx_YY"}, {"name": ""}, {"email": "x"}):
        assert owner.post(path, {**data, **wrong}).status_code == 400
