"""`kept setup`, and what a business needs afterwards: keys, links, policy."""

import pytest

from tests.cli.conftest import SETUP


def businesses(house):
    return house.python("from kept.accounts import queries; print(len(queries.businesses()))")


def test_setup_prints_the_business_its_key_and_a_sign_in_link(house):
    answer = house.kept(*SETUP, "--json", KEPT_BASE_URL="https://book.example.com").json

    assert set(answer) == {"business", "api_key", "sign_in_url"}
    assert answer["business"]["name"] == "My Studio"
    assert answer["business"]["slug"] == "my-studio"
    assert answer["business"]["time_zone"] == "Europe/Berlin"
    assert answer["business"]["booking_url"] == "https://book.example.com/book/my-studio/"
    assert answer["sign_in_url"].startswith("https://book.example.com/sign-in/")


def test_the_printed_key_opens_this_business_and_the_link_signs_its_owner_in(house):
    answer = house.kept(*SETUP, "--json").json
    key, secret = answer["api_key"], answer["sign_in_url"].rpartition("/")[2]

    held = house.python(
        f"from kept.accounts import queries; print(queries.key_holder({key!r}).business.id)"
    )
    user = house.python(
        "from kept.accounts import actions; from kept.clock.queries import real_now\n"
        f"print(actions.use_sign_in_link({secret!r}, real_now()).email)"
    )

    assert (held, user) == (answer["business"]["id"], "owner@example.com")


def test_setup_prepares_a_new_database_and_says_what_to_do_next(fresh):
    done = fresh.kept(*SETUP)
    assert "API key:  kept_" in done.out
    assert "kept serve" in done.err


def test_sample_data_gives_staff_hours_and_services_but_books_nothing(house):
    house.kept(*SETUP, "--sample-data")
    counted = house.python(
        "from kept.schedule import queries as s; from kept.accounts import queries as a\n"
        "from kept.appointments import queries as q\n"
        "b = a.businesses()[0].id\n"
        "print(len(s.services(b)), len(s.staff(b)), q.listing(b).count())"
    )
    assert counted == "3 3 0"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("--time-zone", "Europe/Berlino"), "Did you mean Europe/Berlin"),
        (("--owner", "nobody"), "not an e-mail address"),
        (("--business", "  "), "needs a name"),
        (("--clock", "2027-03-01T08:00:00"), "has no offset from UTC"),
    ],
)
def test_setup_with_something_wrong_says_so_and_makes_nothing(house, wrong, sentence):
    assert sentence in house.kept(*SETUP, *wrong, code=2).sentence
    assert businesses(house) == "0"


def test_a_second_business_is_made_only_when_it_is_asked_for(house):
    house.kept(*SETUP)
    refused = house.kept(*SETUP, code=1).sentence
    assert "There is a business here already: my-studio." in refused
    assert "--another" in refused
    assert "kept sign-in" in refused
    assert businesses(house) == "1"


def test_two_businesses_of_one_name_get_their_own_addresses(house):
    made = [house.kept(*SETUP, *more, "--json").json for more in ((), ("--another",))]
    assert [each["business"]["slug"] for each in made] == ["my-studio", "my-studio-2"]


def test_a_further_key_belongs_to_the_business_that_was_named(house):
    house.kept(*SETUP)
    house.kept(*SETUP, "--another")
    assert "--business" in house.kept("key", "--name", "website", code=2).sentence
    answer = house.kept("key", "--business", "my-studio-2", "--name", "website", "--json").json
    assert answer["business"]["slug"] == "my-studio-2"
    assert answer["api_key"].startswith("kept_")


def test_a_key_for_a_business_that_does_not_exist_is_refused(house):
    house.kept(*SETUP)
    refused = house.kept("key", "--business", "your-studio", "--name", "website", code=1)
    assert refused.sentence == "There is no business 'your-studio'; there are: my-studio."


def test_a_new_sign_in_link_is_made_for_members_only(house):
    house.kept(*SETUP)
    assert "/sign-in/" in house.kept("sign-in", "Owner@example.com").out
    assert "Nobody" in house.kept("sign-in", "stranger@example.com", code=1).sentence


def test_a_further_member_signs_in_by_link(house):
    house.kept(*SETUP)
    made = house.kept("member", "--email", "Ada@example.com", "--role", "staff", "--json").json
    assert (made["business"], made["email"], made["role"]) == (
        "my-studio",
        "ada@example.com",
        "staff",
    )
    assert "/sign-in/" in made["sign_in_url"]
    again = house.kept("member", "--email", "ada@example.com", "--role", "front_desk")
    assert again.out == "ada@example.com acts for My Studio now, as front desk.\n"
    assert "/sign-in/" not in again.out + again.err


def test_who_belongs_to_one_business_can_be_made_a_member_of_another(house):
    house.kept(*SETUP)
    house.kept(*SETUP, "--owner", "other@example.com", "--another")
    joined = ("member", "--email", "owner@example.com", "--role", "front_desk")
    assert "--business" in house.kept(*joined, code=2).sentence
    done = house.kept(*joined, "--business", "my-studio-2", "--json").json
    assert "sign_in_url" not in done  # it would open their other business too
    roles = house.python(
        "from kept.accounts import queries as q\n"
        "user = q.user_by_email('owner@example.com')\n"
        "print({m.business.slug: m.role for m in q.memberships(user)})"
    )
    assert roles == "{'my-studio': 'owner', 'my-studio-2': 'front_desk'}"


def test_a_member_that_cannot_be_is_refused(house):
    house.kept(*SETUP)
    assert "not an e-mail address" in house.kept(
        "member", "--email", "nobody", "--role", "staff", code=2
    ).sentence  # fmt: skip
    assert "king" in house.kept("member", "--email", "a@example.com", "--role", "king", code=2).err
    last = house.kept("member", "--email", "owner@example.com", "--role", "staff", code=2)
    assert "needs an owner" in last.sentence


def test_a_policy_change_is_in_force_at_once_and_what_is_doubtful_is_said(house):
    house.kept(*SETUP)
    before = house.kept("policy", "--json").json
    after = house.kept("policy", "--set", "change_until=30h", "--json").json

    assert (before["version"], before["policy"]["change_until"]) == (1, "2h")
    assert (after["version"], after["policy"]["change_until"]) == (2, "30h")
    assert after["planned_anew"] == 0
    assert "too late to change" in after["warnings"][0]


def test_a_service_whose_own_terms_make_the_first_reminder_too_late_is_named(house):
    house.kept(*SETUP, "--sample-data")
    assert "too late" not in house.kept("policy").err
    name = house.python(
        "from kept.schedule.queries import Service\n"
        "one = Service.objects.order_by('name').first()\n"
        "Service.objects.filter(id=one.id).update(change_until='48h'); print(one.name)"
    )
    assert f"too late to change {name}: its online changes close" in house.kept("policy").err
    [warning] = house.kept("policy", "--json").json["warnings"]
    assert name in warning


def test_a_policy_value_that_cannot_be_leaves_the_policy_as_it_was(house):
    house.kept(*SETUP)
    assert "first_reminder" in house.kept("policy", "--set", "first_reminder=soon", code=2).sentence
    assert "not a policy field" in house.kept("policy", "--set", "remind=1h", code=2).sentence
    assert "FIELD=VALUE" in house.kept("policy", "--set", "first_reminder", code=2).sentence
    partly = 'hand_offs={"completed": ["follow_up"]}'
    assert "missing: missed_by_customer" in house.kept("policy", "--set", partly, code=2).sentence
    assert house.kept("policy", "--json").json["version"] == 1
