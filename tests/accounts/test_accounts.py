"""Businesses, their members, keys, one-time links and versions of their policy."""

from datetime import UTC, datetime, timedelta

import pytest

from kept.accounts import actions, queries
from kept.accounts.actions import AccountError
from kept.accounts.queries import ApiKey, Business, Member
from kept.core.policy import PolicyError
from kept.core.time import UnknownZone
from tests.together import at_once

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)


def new_business(name="Harbour Clinic", zone="Europe/Berlin", owner="owner@example.com", **more):
    return actions.create_business(name, zone, owner, NOW, **more)


@pytest.fixture
def business(db):
    return new_business()[0]


# Setting up


def test_a_business_begins_with_an_owner_a_policy_and_an_address_of_its_own(db):
    business, owner = new_business(owner=" Owner@Example.com ")
    assert queries.membership(owner, "harbour-clinic").role == Member.OWNER
    assert queries.policy_in_force(business.id).number == 1
    assert business.email == "owner@example.com"
    assert not owner.has_usable_password()


@pytest.mark.parametrize("name", ["", "  ", "L" * 201])
def test_a_business_without_a_name_is_refused(db, name):
    with pytest.raises(AccountError, match="needs a name"):
        new_business(name)


@pytest.mark.parametrize("owner", ["", "owner", "owner@", "a b@example.com"])
def test_an_owner_nobody_can_write_to_is_refused(db, owner):
    with pytest.raises(AccountError, match="not an e-mail address"):
        new_business(owner=owner)


def test_a_refused_business_leaves_nothing_behind(db):
    with pytest.raises(UnknownZone):
        new_business(zone="Europe/Atlantis")
    with pytest.raises(PolicyError, match="first_reminder"):
        new_business(policy={"first_reminder": "soon"})
    with pytest.raises(AccountError, match="not a currency"):
        new_business(currency="Euro")
    assert queries.businesses() == []


def test_names_that_are_alike_get_slugs_that_are_not(db):
    slugs = [new_business()[0].slug for _ in range(3)]
    assert slugs == ["harbour-clinic", "harbour-clinic-2", "harbour-clinic-3"]


def test_a_name_without_latin_letters_gets_a_slug_too(db):
    assert new_business("診所")[0].slug == "business"


def test_a_slug_does_not_end_in_the_middle_of_a_gap(db):
    assert new_business("a" * 59 + " clinic")[0].slug == "a" * 59


def test_two_businesses_of_one_name_founded_at_once_both_exist(house_db):
    founded = at_once(*[new_business] * 4)
    assert sorted(business.slug for business, _ in founded) == [
        "harbour-clinic",
        "harbour-clinic-2",
        "harbour-clinic-3",
        "harbour-clinic-4",
    ]


def test_a_slug_taken_between_looking_and_writing_is_not_an_error(db, monkeypatch):
    new_business()
    look = actions._free_slug

    def too_early(name):
        monkeypatch.setattr(actions, "_free_slug", look)
        return "harbour-clinic"

    monkeypatch.setattr(actions, "_free_slug", too_early)
    assert new_business(owner="other@example.com")[0].slug == "harbour-clinic-2"


# Members


def test_one_person_may_act_for_several_businesses(business):
    other, _ = new_business("Studio", owner="studio@example.com")
    user = actions.add_member(business, "ada@example.com", Member.STAFF)
    assert actions.add_member(other, "ADA@example.com", Member.OWNER) == user
    assert [member.role for member in queries.memberships(user)] == ["staff", "owner"]
    assert queries.membership(user, "studio").role == "owner"
    assert queries.membership(user, "nowhere") is None


def test_somebody_who_is_a_member_keeps_the_role_they_have(business):
    user = actions.add_member(business, "ada@example.com", Member.STAFF)
    actions.add_member(business, "ada@example.com", Member.OWNER)
    assert queries.membership(user).role == Member.STAFF


def test_a_role_that_does_not_exist_is_refused(business):
    with pytest.raises(AccountError, match="owner, front_desk, staff"):
        actions.add_member(business, "ada@example.com", "king")


def test_two_long_addresses_that_begin_alike_are_two_people(business):
    domain = ".".join(["d" * 60] * 3) + ".example"
    one, other = (
        actions.add_member(business, f"ada@{domain}{end}", Member.STAFF) for end in (".com", ".org")
    )
    assert one != other


def test_who_is_no_longer_active_has_no_membership(business):
    user = actions.add_member(business, "ada@example.com", Member.STAFF)
    user.is_active = False
    user.save()
    assert queries.membership(user) is None


# Keys


def test_a_key_opens_its_business_and_is_not_kept(business):
    secret = actions.new_api_key(business, "till", NOW)
    assert secret.startswith("kept_")
    assert queries.key_holder(secret).business == business
    row = ApiKey.objects.get()
    assert not any(secret in str(value) for value in vars(row).values())


def test_a_revoked_key_is_dead_at_once_and_for_ever(business):
    secret = actions.new_api_key(business, "till", NOW)
    key = queries.key_holder(secret)
    actions.revoke_api_key(business.id, key.id, NOW)
    assert queries.key_holder(secret) is None
    actions.revoke_api_key(business.id, key.id, NOW + timedelta(days=1))
    key.refresh_from_db()
    assert key.revoked_at == NOW


def test_nobody_revokes_the_key_of_another_business(business):
    other, _ = new_business("Studio", owner="studio@example.com")
    secret = actions.new_api_key(business, "till", NOW)
    actions.revoke_api_key(other.id, queries.key_holder(secret).id, NOW)
    assert queries.key_holder(secret) is not None


@pytest.mark.parametrize("wrong", ["", "kept_", "kept_unknown", "\0", "é"])
def test_a_wrong_key_opens_nothing(business, wrong):
    assert queries.key_holder(wrong) is None


# One-time links


def test_a_link_lets_one_person_in_once(business):
    user = actions.add_member(business, "ada@example.com", Member.STAFF)
    secret = actions.new_sign_in_link(user, NOW)
    assert actions.use_sign_in_link(secret, NOW) == user
    assert actions.use_sign_in_link(secret, NOW) is None
    assert actions.use_sign_in_link("guessed", NOW) is None


def test_a_link_lives_for_a_week(business):
    user = actions.add_member(business, "ada@example.com", Member.STAFF)
    last = NOW + actions.LINK_LIFETIME
    late, in_time = (actions.new_sign_in_link(user, NOW) for _ in range(2))
    assert actions.use_sign_in_link(late, last) is None
    assert actions.use_sign_in_link(in_time, last - timedelta(seconds=1)) == user


def test_a_link_of_somebody_who_left_opens_nothing(business):
    user = actions.add_member(business, "ada@example.com", Member.STAFF)
    secret = actions.new_sign_in_link(user, NOW)
    user.is_active = False
    user.save()
    assert actions.use_sign_in_link(secret, NOW) is None


def test_of_two_who_use_a_link_at_once_one_gets_in(house_db):
    _, owner = new_business()
    secret = actions.new_sign_in_link(owner, NOW)
    answers = at_once(*[lambda: actions.use_sign_in_link(secret, NOW)] * 2)
    assert sorted(answer is None for answer in answers) == [False, True]


# Policy


def test_a_change_is_a_new_version_and_the_old_one_stays(business):
    changed = actions.new_policy_version(business, {"first_reminder": "48h"}, NOW, "owner")
    assert (changed.number, changed.data["first_reminder"]) == (2, "48h")
    assert queries.policy_in_force(business.id) == changed
    first = business.policies.get(number=1)
    assert queries.policy_version(first.id).first_reminder.delta == timedelta(hours=24)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"first_reminder": "soon"}, "first_reminder: 'soon'"),
        ({"outcome_grace": "1d 18:00"}, "outcome_grace must be an elapsed time"),
        ({"remind_always": True}, "remind_always is not a policy field"),
        ({"switched_off": "all"}, "switched_off must be a list"),
        ({"quiet_hours": ["8", "late"]}, "quiet_hours must be null or like"),
        ({"hand_offs": {"completed": "follow_up"}}, "hand_offs must map"),
        ({"hand_offs": {"completed": []}}, "missing: missed_by_customer, "),
        ({"ask_acknowledgement": "yes"}, "must be true or false"),
    ],
)
def test_an_invalid_policy_is_refused_with_the_name_of_the_field(business, changes, says):
    with pytest.raises(PolicyError) as refused:
        actions.new_policy_version(business, changes, NOW, "owner")
    assert says in str(refused.value)
    assert queries.policy_in_force(business.id).number == 1


def test_changes_saved_at_once_are_numbered_one_after_the_other_and_none_is_lost(house_db):
    business, _ = new_business()
    fields = iter(["late_cancel", "preparation", "late_grace", "outcome_grace"])

    def change():
        return actions.new_policy_version(business, {next(fields): "30m"}, NOW, "owner")

    answers = at_once(*[change] * 4)
    assert sorted(version.number for version in answers) == [2, 3, 4, 5]
    data = queries.policy_in_force(business.id).data
    changed = ("late_cancel", "preparation", "late_grace", "outcome_grace")
    assert [data[name] for name in changed] == ["30m"] * 4
    assert Business.objects.count() == 1
