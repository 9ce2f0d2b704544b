"""What a busy front desk works with, in a real browser: the queue of what needs a person."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from kept.clock import actions as clock
from kept.worker import loop
from tests.browser.test_accessible import look
from tests.browser.test_front_desk import signed_in
from tests.console.house import NOW, House, start_clock

pytestmark = pytest.mark.one_database

NARROW = {"viewport": {"width": 390, "height": 844}}
WIDE = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def house(house_db):
    start_clock()
    house = House()
    house.book(NOW + timedelta(days=2), "Una Unreached", email="", phone="+442079460111")
    house.book(NOW + timedelta(hours=4), "Mia Wong")
    loop.turn_once()
    clock.beat("test", started_at=NOW, idle=True, turned=0, failed=0)
    return house


@pytest.mark.parametrize(
    "options",
    [
        {**NARROW, "java_script_enabled": True, "color_scheme": "dark"},
        {**WIDE, "java_script_enabled": False, "forced_colors": "active"},
    ],
    ids=["narrow and dark", "wide, without scripts"],
)
def test_taken_put_off_and_back_by_itself(house, visitor, live_server, options):
    page = signed_in(visitor, live_server, house.desk, **options)
    page.goto(f"{live_server.url}/console/escalations/")
    page.get_by_role("button", name=re.compile("^I take this.*Una Unreached")).click()
    expect(page.get_by_text("You see to it", exact=True)).to_be_visible()
    page.locator("summary", has_text="Put off").click()
    later = page.get_by_role("button", name=re.compile("^1 hour.*Una Unreached"))
    expect(later).to_be_visible()
    if options["java_script_enabled"]:
        look(page, "queue, opened")
    later.click()
    expect(page.get_by_text("Nothing needs a person.")).to_be_visible()
    expect(page).to_have_title(re.compile("^Needs a person"))
    clock.advance(timedelta(hours=1))
    page.goto(f"{live_server.url}/console/escalations/")
    expect(page.get_by_role("heading", level=2)).to_have_text("Cannot be reached")
    expect(page).to_have_title(re.compile(r"^\(1\) Needs a person"))
