"""One damaged row takes nothing else away, and is named where somebody looks."""

from functools import partial

import pytest
from django.test import Client

from kept.accounts import actions as accounts
from kept.accounts.queries import members, policy_in_force
from kept.appointments import actions
from kept.appointments.queries import Leg
from kept.audit import own
from kept.audit.own_again import Simulated
from kept.audit.report import audit
from kept.cases.queries import Case, policy_effect
from kept.checks.promises import run
from kept.core.policy import Policy
from kept.core.time import parse_offset
from tests.appointments.clinic import DESK, Clinic, berlin, now

DAMAGES = [
    {"state": "nonsense"},
    {"path": "nonsense"},
    {"anchors": {}},
    {"anchors": {"start": "no instant"}},
    {"facts": []},
    {"facts": {"outcome": "no record"}},
    {"zone": "Mars/Base"},
    {"snapshot": {}},
]


@pytest.fixture
def clinic(db):
    return Clinic()


@pytest.fixture(params=DAMAGES, ids=str)
def damaged(request, clinic):
    """Two appointments of one day, the first one's record damaged."""
    bad = clinic.book(berlin(4, 10), clinic.ada)
    clinic.book(berlin(4, 11), clinic.ada, name="Good Guest")
    leg = Leg.objects.filter(appointment=bad)
    case = Case.objects.filter(id=leg.get().case_id)
    (leg if "snapshot" in request.param else case).update(**request.param)
    return bad


def client():
    return Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)


def test_the_list_of_the_api_goes_on_without_it_and_names_it(clinic, damaged):
    key = accounts.new_api_key(clinic.business, "web site", now())
    answer = client().get("/api/v1/appointments", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    listed = [item["id"] for item in answer.json()["items"]]
    named = answer.json().get("unreadable", [])
    assert len(listed) + len(named) == 2
    assert str(damaged.id) in {*listed, *named}
    assert str(damaged.id) not in listed or named == []


def test_the_day_sheet_goes_on_without_it_and_names_it(clinic, damaged):
    browser = client()
    browser.force_login(members(clinic.business.id)[0].user)
    page = browser.get("/console/", {"day": str(berlin(4, 10).date())})
    assert page.status_code == 200
    assert b"Good Guest" in page.content
    assert damaged.reference.encode() in page.content


@pytest.mark.parametrize("read", [own.history, partial(Simulated, policy=None)])
def test_the_audit_goes_on_without_it(clinic, damaged, read):
    history = read(clinic.business, now())
    report = audit(history)
    quality = report.quality
    assert quality.adds_up
    assert quality.used in {1, 2}
    named = [place for places in quality.where.values() for place in places]
    assert damaged.reference in named or quality.used == 2
    assert "damaged" in " ".join(quality.dropped) or quality.used == 2


def test_the_check_names_it_and_looks_at_every_promise(clinic, damaged):
    results = run(now())
    said = [line for result in results for line in result.broken]
    assert len(results) == 12
    assert any(damaged.reference in line for line in said), said


def test_what_is_whole_is_not_named(clinic):
    clinic.book(berlin(4, 10), clinic.ada)
    assert [line for result in run(now()) for line in result.broken] == []


def test_a_new_policy_reaches_the_others(clinic, damaged):
    policy = Policy(first_reminder=parse_offset("30h"))
    assert len(list(policy_effect(clinic.business.id, policy, now()))) in {1, 2}
    actions.change_policy(clinic.business, {"first_reminder": "30h"}, now(), DESK)
    (other,) = Leg.objects.exclude(appointment=damaged).select_related("case")
    in_force = policy_in_force(clinic.business.id)
    assert other.case.policy_id == in_force.pk
