"""Every page of the console is well-formed, and its parts name and refer to each other rightly."""

import pytest

from tests.console.pages import every_page, lived_in
from tests.public.test_markup import check

POLICY = "/console/set-up/policy/"


def test_every_page_is_well_formed_and_complete(house, owner):
    appointment = lived_in(house)
    for path in every_page(house, appointment):
        page = owner.get(f"/console/{path}")
        assert page.status_code == 200, path
        check(path, page)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("set-up/policy/", {"first_reminder": "soon"}),
        ("set-up/services/new/", {"name": ""}),
        ("set-up/staff/new/", {"from_0_0": "09:00"}),
        ("set-up/closures/new/", {"first_day": "2027-03-09", "last_day": "2027-03-08"}),
        ("set-up/keys/", {"name": ""}),
        ("set-up/members/", {"email": "x"}),
        ("set-up/business/", {"name": ""}),
        ("account/", {"new": "a", "again": "b"}),
        ("walk-in/", {"name": ""}),
        ("appointments/{}/correct/", {"to": "missed"}),
        ("appointments/{}/cancel/", {}),
        ("appointments/{}/move/", {"day": "2027-10-31", "at": "02:30", "freely": "on"}),
    ],
)
def test_so_is_every_refused_form(house, owner, path, data):
    appointment = house.book()
    answer = owner.post(f"/console/{path.format(appointment.id)}", data)
    assert answer.status_code in {400, 409}
    check(path, answer)


def test_so_is_what_a_closure_would_touch(house, owner):
    house.book()
    data = {"first_day": "2027-03-01", "first_at": "00:00", "last_at": "00:00", "reason": "Snow"}
    answer = owner.post("/console/set-up/closures/new/", {**data, "last_day": "2027-03-02"})
    assert answer.context["seen"]
    check("closure", answer)


def test_so_is_what_a_policy_would_do(house, owner):
    house.book()
    form = owner.get(POLICY).context["form"]
    data = {each.html_name: each.value() for each in form if each.value() not in (None, False)}
    answer = owner.post(POLICY, {**data, "first_reminder": "90h"})
    assert answer.context["seen"]
    check("effect", answer)
