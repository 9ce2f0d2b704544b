"""A person over all paths in a real browser: the desk's view, and the way a letter leads."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kept.appointments import actions as appointments
from kept.cases.queries import Case
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.case import Role
from kept.journeys import actions as journeys
from kept.journeys import queries
from kept.worker import loop
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to
from tests.browser.test_accessible import look
from tests.browser.test_front_desk import signed_in
from tests.console.house import CUSTOMER, FRONT_DESK, NOW, House, start_clock

pytestmark = pytest.mark.one_database


@pytest.fixture
def house(house_db):
    start_clock()
    house = House()
    missed, done = (
        house.book(phone="+442079460123"),
        house.book(NOW + timedelta(hours=4), phone="+442079460123"),
    )
    loop.turn_once()
    go_to(NOW + timedelta(hours=6))
    appointments.miss(missed, clock_queries.now(), FRONT_DESK, by=Role.CUSTOMER)
    appointments.say(done, "completed", clock_queries.now(), FRONT_DESK)
    go_to(NOW + timedelta(hours=30))
    case = Case.objects.get(subject=done.id, path="follow_up")
    journeys.say(
        house.business.id, case.id, "went_badly", clock_queries.now(), CUSTOMER, words="It hurts."
    )
    house.book(NOW + timedelta(days=3), phone="+442079460123")
    loop.turn_once()
    clock.beat("test", started_at=NOW, idle=True, turned=0, failed=0)
    house.mia = missed.customer
    return house


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_the_page_of_a_person_is_accessible_and_fits(house, visitor, live_server, width, scheme):
    size = {"width": width, "height": 844}
    page = signed_in(visitor, live_server, house.desk, viewport=size, color_scheme=scheme)
    for name in ("people/", f"people/{house.mia.id}/", f"people/{house.mia.id}/?show=letters"):
        page.goto(f"{live_server.url}/console/{name}")
        look(page, name, opened=True)
        if folder := os.environ.get("KEPT_SCREENSHOTS"):
            file = Path(folder) / f"{name.replace('/', '-').replace('?', '-')}{width}.png"
            page.screenshot(path=file, full_page=True)


def test_the_desk_finds_a_person_and_writes_down_what_they_want(house, visitor, live_server):
    page = signed_in(visitor, live_server, house.desk, java_script_enabled=False)
    page.goto(f"{live_server.url}/console/people/")
    page.get_by_label("Name, e-mail or phone", exact=True).fill("wong")
    page.get_by_role("search", name="People").get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 found")
    page.get_by_role("link", name="Mia Wong", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mia Wong")
    page.get_by_text("Write down what they want").click()
    page.get_by_label("Any contact at all").check()
    page.get_by_label("They do not want it").check()
    page.get_by_label("How they said it").fill("on the phone")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("status")).to_contain_text("It holds at once")
    expect(page.get_by_text("Not to be contacted", exact=True)).to_be_visible()
    page.get_by_role("link", name="What they want").click()
    expect(page.get_by_text("Refused: any contact at all")).to_be_visible()


def test_a_letter_leads_to_a_new_booking_and_that_stops_the_letters(
    house_db, visitor, live_server, settings
):
    settings.BASE_URL = live_server.url
    clinic = Clinic()
    missed = clinic.book(berlin(2, 10), clinic.ada)
    go_to(berlin(2, 10, 45))
    appointments.miss(missed, clock_queries.now(), DESK, by=Role.CUSTOMER)
    letter = go_to(berlin(2, 11, 30)).letters[-1]
    assert letter.headers["X-Kept"].endswith("missed_first")
    assert queries.current(missed.id).state == "recovering"
    [offered, *_] = re.findall(rf"{re.escape(live_server.url)}/book/\S+from=\S+", letter.text)
    page = visitor(timezone_id="Europe/Berlin")
    page.goto(offered)
    page.get_by_role("button", name=re.compile("^9:00|^09:00|^10:00|^1")).first.click()
    page.get_by_label("Full name").fill("Mia Wong")
    page.get_by_label("E-mail address").fill("mia@example.com")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Book appointment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is booked")
    ended = queries.current(missed.id)
    assert (ended.state, ended.facts["result"]) == ("closed", "recovered")
    kinds = [each.headers["X-Kept"].split("control=")[1] for each in go_to(berlin(12, 12)).letters]
    assert not [kind for kind in kinds if kind.startswith("recovery")]
    assert MIA
