"""What was late, left out or never sent while no worker ran: said to those who can still act."""

from datetime import timedelta

import pytest

from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.worker import loop
from tests.console.house import NOW, House

PAGE = "/console/lateness/"
NEEDS = "/console/escalations/"
DAYS = timedelta(days=1)


@pytest.fixture
def away(house):
    """Away from two days before one visit until ten minutes before another, 22 hours earlier."""
    start = NOW + 3 * DAYS
    house.book(start, "Mia Wong")
    house.book(start - timedelta(hours=22), "Leo Ek", phone="+442079460123")
    clock.advance_to(start - timedelta(hours=47))
    loop.turn_once()
    clock.advance_to(start - timedelta(hours=22, minutes=10))
    loop.turn_once()


def test_what_was_late_and_what_was_not_sent_is_said(house, desk, away):
    page = desk.get(PAGE).content.decode()
    assert "3 done late, the longest by 23 h 50 min" in page
    assert "2 not done: their time of use was over" in page
    assert "1 customer got no reminder at all" in page
    reminder = page[page.index("No reminder at all") :]
    assert reminder.index("Leo Ek") < reminder.index("tel:+442079460123")
    assert "First reminder" in page
    assert "Final reminder" in page


@pytest.mark.parametrize("page", [NEEDS, "/console/"])
def test_who_looks_at_the_day_or_at_what_needs_a_person_is_led_there(house, desk, away, page):
    said = desk.get(page).content.decode()
    assert f'href="{PAGE}"' in said
    assert "5 things were late or left out" in said
    clock.advance_to(clock_queries.now() + 1 * DAYS + timedelta(minutes=1))  # it is over
    assert f'href="{PAGE}"' not in desk.get(page).content.decode()


@pytest.mark.parametrize("page", [NEEDS, "/console/", PAGE])
def test_where_nothing_was_late_nothing_is_said(house, desk, page):
    house.book(NOW + 3 * DAYS)
    house.book(NOW + timedelta(minutes=90), "Short Notice")  # its preparation was open already
    loop.turn_once()
    said = desk.get(page).content.decode()
    assert "late or left out" not in said
    assert ("Nothing was late" in said) is (page == PAGE)


def test_one_looks_further_back_when_asked(house, desk, away):
    clock.advance_to(clock_queries.now() + 2 * DAYS)
    assert "done late" not in desk.get(PAGE).content.decode()
    assert "3 done late" in desk.get(PAGE, {"days": "3"}).content.decode()
    for odd in ("0", "400", "x", ""):
        assert desk.get(PAGE, {"days": odd}).status_code == 200


def test_it_is_of_this_business_and_for_the_front_desk(house, desk, ada, away):
    assert ada.get(PAGE).status_code == 403
    assert "late or left out" not in ada.get("/console/").content.decode()
    other = House("Quay Studio", "quay-")
    desk.force_login(other.desk)
    assert "Nothing was late" in desk.get(PAGE).content.decode()
    assert "late or left out" not in desk.get(NEEDS).content.decode()
