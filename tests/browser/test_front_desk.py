"""The front desk in a real browser: sign in by link, see the day, record what happens."""

import re

import pytest
from playwright.sync_api import expect

from kept.accounts import actions as accounts
from kept.appointments import queries
from kept.clock import actions as clock
from kept.clock.queries import real_now
from kept.worker import loop
from tests.browser.test_accessible import look
from tests.console.house import NOW, House, start_clock
from tests.console.pages import every_page, heard, lived_in

pytestmark = pytest.mark.one_database


@pytest.fixture
def house(house_db):
    start_clock()
    house = House()
    house.book()
    house.book(name="Jonas Weber", staff=house.ben)
    loop.turn_once()
    clock.beat("test", started_at=NOW, idle=True, turned=0, failed=0)
    return house


def signed_in(visitor, live_server, user, **options):
    page = visitor(**options)
    page.goto(f"{live_server.url}/sign-in/{accounts.new_sign_in_link(user, real_now())}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    return page


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_sign_in_see_the_day_arrive_and_complete(house, visitor, live_server, scripts):
    page = signed_in(visitor, live_server, house.desk, java_script_enabled=scripts)
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today, Monday 1 March 2027")
    page.get_by_role("link", name="Mia Wong", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mia Wong")
    now = page.locator("[aria-current=step]")
    expect(now).to_contain_text("Prepared")
    page.get_by_role("button", name="Arrived").click()
    expect(now).to_contain_text("Attended")
    page.get_by_role("button", name="Completed").click()
    expect(page.get_by_role("status")).to_contain_text("Recorded: completed")
    expect(page.get_by_role("heading", name="Handed on", exact=True)).to_be_visible()
    assert {leg.case.state for leg in queries.listing(house.business.id)} == {
        "completed",
        "prepared",
    }


def test_one_tap_from_the_day_and_undo(house, visitor, live_server):
    page = signed_in(visitor, live_server, house.desk)
    page.goto(f"{live_server.url}/console/")
    page.get_by_role("button", name=re.compile("^Arrived.*Jonas")).click()
    expect(page.get_by_role("region", name=re.compile("^Here"))).to_contain_text("Jonas Weber")
    page.get_by_role("button", name=re.compile("^Undo.*Jonas")).click()
    expect(page.get_by_role("region", name=re.compile("^To come"))).to_contain_text("Jonas Weber")


def test_a_message_is_read_in_its_frame_and_its_link_opens_beside_it(house, visitor, live_server):
    # The frame's links lead to the address of the installation, which is another one here.
    page = signed_in(visitor, live_server, house.owner)
    page.get_by_role("link", name="Demo inbox").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    expect(frame.get_by_role("link").first).to_be_visible()
    assert frame.locator("base").get_attribute("target") == "_blank"


def test_every_page_fits_a_phone(house, visitor, live_server):
    page = signed_in(visitor, live_server, house.owner, viewport={"width": 320, "height": 700})
    appointment = queries.listing(house.business.id)[0].appointment_id
    endpoint, event = heard(house)
    for path in (
        "",
        "escalations/",
        "book/",
        "missed/",
        "hand-offs/",
        "messages/",
        "inbox/",
        "set-up/policy/",
        "set-up/members/",
        "set-up/webhooks/",
        "set-up/webhooks/new/",
        f"set-up/webhooks/{endpoint}/",
        f"set-up/webhooks/{endpoint}/events/{event}/",
        f"set-up/staff/{house.ada.id}/",
        f"set-up/services/{house.service.id}/",
        f"appointments/{appointment}/",
        f"appointments/{appointment}/move/",
    ):
        page.goto(f"{live_server.url}/console/{path}")
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, path


@pytest.mark.parametrize(("width", "scheme", "half"), [(390, "light", 0), (1280, "dark", 1)])
def test_every_page_is_accessible(house_db, visitor, live_server, width, scheme, half):
    """Each page once, every other one narrow and light: what axe finds is rarely of the screen."""
    start_clock()
    house = House()
    appointment = lived_in(house)
    size = {"width": width, "height": 844}
    page = signed_in(visitor, live_server, house.owner, viewport=size, color_scheme=scheme)
    pages = [each for each in every_page(house, appointment) if not each.startswith("audit/")]
    for path in pages[half::2]:  # a report weighs more than a page: test_audit.py looks at those
        page.goto(f"{live_server.url}/console/{path}")
        look(page, path, opened=True)


def test_the_keyboard_reaches_the_first_act(house, visitor, live_server):
    page = signed_in(visitor, live_server, house.desk)
    page.goto(f"{live_server.url}/console/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").startswith("Arrived"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Recorded: arrived")
