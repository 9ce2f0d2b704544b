"""Other settings tried on the past: the page says what the simulation says, and changes nothing."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import html5lib
import pytest

from kept.accounts import queries as accounts
from kept.audit.measures.breaks import BREAKS
from kept.audit.simulate import simulate
from kept.clock import queries as clock_queries
from kept.console import trying, words
from kept.core.policy import Policy, changed
from tests.console.house import House
from tests.console.pages import lived_in

TRY, POLICY = "/console/audit/simulate/", "/console/set-up/policy/"
ALL = {"time": "all"}


@pytest.fixture
def lived(house):
    lived_in(house)
    return house


def in_force(house):
    return accounts.policies_since(house.business.id)[-1][1]


def numbers(page, inside):
    """The raw numbers of the page, in their order."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    [part] = [each for each in tree.iter() if each.get("id") == inside]
    return [(each.get("class"), each.get("value")) for each in part.iter("data")]


def test_the_page_says_what_the_simulation_says(lived, owner):
    asked = {"first_reminder": "48h", "ask_acknowledgement": "on", "change_until": "72h"}
    shown = owner.get(TRY, {**ALL, **asked}).content.decode()
    wanted = {**asked, "ask_acknowledgement": True}
    policy = changed(in_force(lived), wanted)
    found = simulate(lived.business, policy, clock_queries.now())
    assert found.refusals
    assert found.counted
    assert +found.asked
    reports = (found.really, found.again, found.would)
    shares = [("u-share", str(each.headline.values[0].raw)) for each in reports]
    rows = [
        (row[0].number, *(str(each.appointments) for each in row))
        for row in zip(*(each.breaks for each in reports), strict=True)
        if any(each.appointments for each in row)
    ]
    assert rows
    told = numbers(shown, "trial")
    assert told[: len(shares)] == shares
    width = 1 + 3 + 2
    cells = [value for _, value in told[len(shares) :]]
    assert [tuple(cells[at : at + 4]) for at in range(0, len(cells), width)] == rows
    assert f"{found.would_send:,} letters instead of {found.sent:,}" in shown
    for each in (*found.letters, *found.refused):
        assert f'soft ref">{each.reference}<' in shown
    assert all(html.escape(each.sentence) in shown for each in found.refused)
    for kind, count in (+found.asked).items():
        assert f"{words.told_of(kind, words.ESCALATIONS)}</b>: {count} more" in shown
    assert "People do what they really did" in shown


def test_what_is_tried_leads_to_the_policy_and_is_saved_only_there(lived, owner):
    before = in_force(lived)
    asked = {**ALL, "final_reminder": "2h", "switched_on": ["", "final_reminder"]}
    shown = owner.get(TRY, asked).content.decode()
    [link] = re.findall(rf'href="({POLICY}\?[^"]+)"', shown)
    filled = owner.get(html.unescape(link)).content.decode()
    assert "Filled in below, and not saved yet" in filled
    assert re.search(
        r'name="final_reminder"[^>]*value="2h"|value="2h"[^>]*name="final_reminder"', filled
    )
    assert in_force(lived) == before
    ticked = re.findall(
        r'<input type="checkbox" name="switched_on" value="(\w+)"[^>]* checked', filled
    )
    assert ticked == ["final_reminder"]


def test_every_break_with_a_setting_leads_to_its_trial(lived, owner):
    shown = owner.get("/console/audit/", ALL).content.decode()
    led = [html.unescape(each) for each in re.findall(rf'href="({TRY}\?[^"]+)"', shown)]
    assert led
    for link in led:
        asked = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
        assert asked["time"] == "all"
        assert owner.get(link).status_code == 200
    assert {name for names in trying.FIELDS.values() for name in names} <= trying.TRIED
    with_setting = {kind.number for kind in BREAKS if kind.policy}
    assert with_setting == set(trying.ADVICE) == set(trying.FIELDS)
    assert "kept policy --set" in owner.get("/console/audit/download/page", ALL).content.decode()


def test_what_is_advised_differs_from_the_policy_or_is_nothing(db):
    slack = changed(Policy(), {"ask_acknowledgement": True, "outcome_grace": "2h"})
    assert trying.advised("B3", slack) == [("first_reminder_until", "90m")]
    assert trying.advised("B6", slack) == [("outcome_grace", "1h")]
    assert trying.advised("B7", slack) == [("ask_acknowledgement", "")]
    assert trying.advised("B9", slack) == [("accept_within", "144h")]
    for number in ("B1", "B6", "B7", "B8"):
        assert trying.advised(number, Policy()) == []


def test_bad_values_get_the_policy_s_own_sentence_and_stay_typed(lived, owner):
    for asked, said in {
        ("first_reminder", "soon"): "soon",
        ("first_reminder", "30m"): "would never be sent",
        ("outcome_grace", "400h"): "is 0m to 168h, not 400h",
        ("quiet_from", "08:00"): "Give both times, or neither.",
    }.items():
        answer = owner.get(TRY, {**ALL, asked[0]: asked[1]})
        shown = html.unescape(answer.content.decode())
        assert answer.status_code == 400
        assert said in shown
        assert f'value="{asked[1]}"' in shown
        assert "What would have come of it" not in shown


def test_nothing_is_tried_where_nothing_is_changed_or_there_is_no_appointment(lived, owner):
    assert "These are your settings as they are now" in owner.get(TRY, ALL).content.decode()
    assert (
        "no appointment in this time"
        in owner.get(
            TRY, {"from": "2020-01-01", "to": "2020-01-02", "first_reminder": "48h"}
        ).content.decode()
    )


def test_only_the_owner_tries_and_nobody_another_business(lived, owner, desk, ada, signed_in):
    asked = {**ALL, "first_reminder": "48h"}
    assert desk.get(TRY, asked).status_code == ada.get(TRY, asked).status_code == 403
    assert owner.post(f"{TRY}?first_reminder=48h", {}).status_code == 405
    theirs = signed_in(House("Quayside", "q").owner).get(TRY, asked).content.decode()
    assert "no appointment in this time" in theirs
    assert 'class="soft ref"' not in theirs
