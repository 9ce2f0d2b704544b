"""What nobody means and no browser sends is told in words, and never breaks a page."""

import re
from html import unescape

import pytest
from django.test import Client

from tests.console.test_access import OUTSIDE, PATTERNS, full, url

ASKED = ["day", "slot", "service", "customer", "staff", "open", "q", "next", "status", "to", "by",
         "reason", "page"]  # fmt: skip
HOSTILE = ["a\0b", "0001-01-01", "9999-12-31", "9" * 400, "½"]
IN_FORMS = ["a\0b", "0001-01-01", "9999-12-31", "0001-01-01T00:00", "2999-12-31", "9" * 400]
# So that one hostile value is not refused for the sake of an empty neighbour.
PLAUSIBLE = {
    "first_day": "2027-03-05",
    "first_at": "00:00",
    "last_day": "2027-03-05",
    "last_at": "12:00",
    "day": "2027-03-05",
    "at": "00:00",
    "reason": "ill",
    "name": "Kim Doe",
    "email": "kim@example.com",
    "note": "done",
    "to": "missed",
    "by": "customer",
    "minutes": "5",
    "duration_minutes": "30",
}
TYPED = re.compile(r'<(?:input|select|textarea)[^>]*? name="([^"]+)"')
VALUE = re.compile(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"')
POSTING = re.compile(r'(?s)<form\b[^>]*method="post"[^>]*>.*?</form>')
ACTION = re.compile(r'<form\b[^>]*action="([^"]+)"')


@pytest.fixture
def browser(house):
    client = Client(raise_request_exception=False)
    client.force_login(house.owner)
    return client


@pytest.fixture
def ids(house):
    return full(house)


def forms(page, path):
    """Every form of a page that posts: where to, what it begins with, what can be typed."""
    for form in POSTING.findall(page):
        action = ACTION.search(form)
        known = {name: unescape(value) for name, value in VALUE.findall(form)}
        yield unescape(action.group(1)) if action else path, known, set(TYPED.findall(form))


def test_no_address_of_the_console_breaks(house, ids, browser):
    broken = []
    for name in sorted(PATTERNS.keys() - OUTSIDE):
        for value in HOSTILE:
            answer = browser.get(url(name, ids), dict.fromkeys(ASKED, value))
            if answer.status_code >= 500:
                broken.append((name, value))
    assert broken == []


@pytest.mark.parametrize(
    ("day", "status"), [("0001-01-01", 400), ("9999-12-31", 400), ("2027-03-05", 200)]
)
def test_a_day_at_the_end_of_time_is_refused_at_its_field(house, browser, day, status):
    sent = {"staff": str(house.ada.id), "first_day": day, "first_at": "00:00",
            "last_day": day, "last_at": "23:59", "reason": "closed"}  # fmt: skip
    answer = browser.post("/console/set-up/closures/new/", sent)
    assert answer.status_code in {status, 302}
    assert (b"is not between the years" in answer.content) == (status == 400)


def test_no_form_of_the_console_breaks(house, ids, browser):
    broken, seen = set(), set()
    plausible = {**PLAUSIBLE, "staff": str(ids["resource_id"]), "service": str(ids["service_id"])}
    for name in sorted(PATTERNS.keys() - OUTSIDE - {"clock"}):
        path = url(name, ids, "cancel")
        for action, known, typed in forms(browser.get(path).content.decode(), path):
            for field in sorted(typed):
                key = (re.sub(r"[0-9a-f-]{36}", "", action), field)
                if key in seen:
                    continue
                seen.add(key)
                for value in IN_FORMS:
                    begun = {name: plausible.get(name) or known.get(name, "") for name in typed}
                    answer = browser.post(action, {**known, **begun, field: value})
                    if answer.status_code >= 500:
                        broken.add((name, action, field, value))
    assert sorted(broken) == []
