"""What a busy front desk works with, in a real browser: the queue and the week."""

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


@pytest.mark.parametrize(
    "options",
    [{**WIDE, "color_scheme": "light"}, {**NARROW, "color_scheme": "dark"}],
    ids=["wide and light", "narrow and dark"],
)
def test_the_week_is_read_and_booked_from(house, visitor, live_server, options):
    page = signed_in(visitor, live_server, house.desk, **options)
    page.get_by_role("link", name="Week", exact=True).click()
    expect(page.get_by_role("link", name=re.compile("^Monday 12:00 Mia Wong"))).to_be_visible()
    look(page, "week", most=120_000)
    grid = page.locator(".week").evaluate("each => getComputedStyle(each).display")
    assert grid == ("grid" if options["viewport"] == WIDE["viewport"] else "block")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name=re.compile("^Monday 12:00 Mia Wong"))).to_be_visible()
    expect(page.locator(".free").first).to_be_hidden()
    page.emulate_media(media="screen", forced_colors="active")
    page.get_by_role("link", name="As a table").click()
    expect(page.get_by_role("table").first).to_be_visible()
    if options["viewport"] == WIDE["viewport"]:
        look(page, "week as a table", most=120_000)
    page.get_by_role("link", name="As a calendar").click()
    free = page.get_by_role("link", name=re.compile("^Book Tuesday 09:15"))
    free.focus()
    page.keyboard.press("Enter")
    chosen = page.locator("input[name=slot]:checked")
    expect(chosen).to_have_value(re.compile("^2027-03-02T08:15"))


def test_a_letter_is_read_and_sent_to_oneself(house, visitor, live_server):
    page = signed_in(visitor, live_server, house.owner, **NARROW)
    page.goto(f"{live_server.url}/console/set-up/letters/")
    page.get_by_role("link", name=re.compile("^Confirmation")).click()
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible()
    look(page, "letter")
    page.get_by_role("button", name="Send me a test").click()
    expect(page.get_by_role("status")).to_contain_text("on its way to owner@example.com")
    expect(page.get_by_role("table")).to_contain_text("waiting to be sent")
