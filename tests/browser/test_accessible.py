"""Every page of a customer, looked at as people with other eyes and hands do, and weighed.

The rules are those of axe-core (WCAG 2.2 A and AA, and its good practice), run inside the page with
its content security policy in force: a refused style would hide a fault of contrast.
"""

from datetime import timedelta
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from kept.appointments import actions as appointments
from kept.journeys import reputation
from kept.journeys.actions import record_wish
from kept.leads.queries import Lead
from tests.appointments.clinic import DESK, Clinic, berlin, go_to, now
from tests.browser.test_booking import walk
from tests.public.house import advance, open_house

pytestmark = pytest.mark.one_database

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
WEIGHT = """() => performance.getEntriesByType("resource")
    .concat(performance.getEntriesByType("navigation"))
    .map((each) => each.transferSize)"""
LARGEST, MOST = 60_000, 8  # bytes and requests of one page


@pytest.fixture
def house(house_db):
    return open_house(staff=("Ada Brook", "Noor Haddad"))


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_every_page_is_accessible_and_light_and_fits(visitor, live_server, house, width, scheme):
    for error in ("422", "404", "409"):
        visitor.expects(error)
    size = {"width": width, "height": 844}
    page = visitor(viewport=size, color_scheme=scheme, timezone_id="Asia/Tokyo")
    for name in walk(page, live_server):
        look(page, name)
        if name == "check":
            change_the_time(page)
    for name in after_booking(page, page.url):
        look(page, name)


def change_the_time(page):
    page.get_by_role("button", name="Change the time").click()
    look(page, "times, typed")
    page.get_by_role("button", name="11:00, Wednesday").click()
    look(page, "check again")


def after_booking(page, url):
    """From the page of the appointment through every act to the cancellation."""
    for act in ("acknowledge", "move", "cancel"):
        page.goto(f"{url}/1/{act}")
        yield act
    page.goto(f"{url}/1/move")
    page.locator(".slots button").last.click()
    yield "move, check"
    page.get_by_role("button", name="Move my appointment").click()
    yield "moved"
    page.goto(f"{url}/1")
    yield "an old link"
    page.goto(f"{url}/2/cancel")
    page.get_by_role("button", name="Cancel my appointment").click()
    yield "cancelled"
    page.goto(f"{url}x")
    yield "not found"


def test_what_is_left_on_the_day_itself_is_accessible(visitor, live_server, house):
    visitor.expects("422")
    page = visitor(viewport={"width": 390, "height": 844})
    booked = house.book()
    advance(hours=24)
    url = f"{live_server.url}/a/{booked.token}"
    for act in ("", "/1/late", "/1/cannot-come"):
        page.goto(f"{url}{act}")
        look(page, act or "close")
    page.goto(f"{url}/1/late")
    page.get_by_role("button", name="Say that I am late").click()
    look(page, "late, unanswered")


def test_what_follows_a_visit_is_accessible_and_light(visitor, live_server, house_db):
    visitor.expects("422")
    page = visitor(viewport={"width": 390, "height": 844})
    url = f"{live_server.url}/a/{an_invited_visit().token}"
    for rest, heading in (
        ("", "Your visit is over"),
        ("/went", "How did it go?"),
        ("/review", "Write a review"),
        ("/review/stop", "No more asking for reviews?"),
        ("/later", "Another time?"),
        ("/stop", "No more suggestions?"),
    ):
        page.goto(f"{url}{rest}")
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        look(page, rest or "completed")
    page.goto(f"{url}/went")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, "went, unanswered")


def an_invited_visit():
    """Completed, asked how it went and for a review, and invited to come again."""
    clinic = Clinic(comes_again_days=42)
    reputation.add_link(clinic.business.id, "One", "https://one.example.com/", now(), DESK)
    visit = clinic.book(berlin(2, 10))
    go_to(berlin(2, 10, 45))
    appointments.say(visit, "completed", now(), DESK)
    record_wish(visit.customer_id, "marketing", now(), DESK, given=True, source="page")
    go_to(berlin(2, 10) + timedelta(days=45))
    return visit


def test_asking_is_accessible_and_light_also_in_a_frame(visitor, live_server, house):
    visitor.expects("422")
    page = visitor(viewport={"width": 390, "height": 844})
    for frame in ("", "frame"):
        page.goto(f"{live_server.url}/ask/{house.business.slug}/{frame}")
        look(page, "ask")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_be_visible()
        look(page, "ask, unanswered")
        page.get_by_label("Full name").fill("Mia Sanders")
        page.get_by_label("E-mail address").fill("mia@example.com")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("We have your enquiry")
        look(page, "asked")
    page.goto(f"{live_server.url}/l/{Lead.objects.first().token}/stop")
    look(page, "ask no more")


def look(page, name, *, opened=False, most=LARGEST):
    """Nothing is wrong with the page. Unless it was just `opened`, a click has led to it."""
    if not opened:
        page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{name} is {wide} px too wide"
    sizes = page.evaluate(WEIGHT)
    assert sum(sizes) <= most, f"{name} weighs {sum(sizes)} bytes"
    assert len(sizes) <= MOST, f"{name} asks {len(sizes)} times"
    page.evaluate(AXE)
    found = page.evaluate(RUN, TAGS)["violations"]
    said = [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]
    assert said == [], f"{name}: {said}"


def test_a_fault_is_found(visitor, live_server, house):
    page = visitor()
    page.goto(live_server.url)
    page.evaluate(
        "document.querySelector('h1').outerHTML = '<h4><img src=/static/web/icon.svg></h4>'"
    )
    with pytest.raises(AssertionError, match="image-alt"):
        look(page, "spoilt")
