"""Booking in a real browser: without scripts, without a mouse, on a narrow screen."""

import re

import pytest
from playwright.sync_api import expect

from tests.public.house import open_house, state_of

pytestmark = pytest.mark.one_database

NO_SCRIPT = {"java_script_enabled": False}
NARROW = {"viewport": {"width": 320, "height": 640}}
BERLIN = {"timezone_id": "Europe/Berlin"}


@pytest.fixture
def house(house_db):
    return open_house(staff=("Ada Brook", "Noor Haddad"))


def fill_in(page):
    page.get_by_label("Full name").fill("Mia Sanders")
    page.get_by_label("E-mail address").fill("mia@example.com")
    page.get_by_role("button", name="Continue").click()


def walk(page, live_server):
    """Through all steps to the page of the appointment; yields the name of each page reached.

    A click comes back while the old page is still being swapped for the next; a browser asked to
    go back, reload or print at that moment has no page to do it with. So each step waits.
    """
    page.goto(live_server.url)
    yield "staff"
    page.get_by_role("link", name="Any available").click()
    yield "times"
    page.get_by_role("link", name=re.compile("^Wed 3 March 2027")).click()
    page.get_by_role("button", name=re.compile("^10:00, Wednesday 3 March 2027, Berlin")).click()
    arrived(page, page.get_by_label("Full name"))
    yield "details"
    page.get_by_role("button", name="Continue").click()
    yield "error"
    fill_in(page)
    yield "check"
    page.get_by_role("button", name="Book appointment").click()
    arrived(page, page.get_by_role("heading", name="Your appointment is booked"))
    yield "booked"


def arrived(page, what):
    """Wait until the page that has this is there, whole."""
    what.wait_for()
    page.wait_for_load_state("load")


@pytest.mark.parametrize("options", [NO_SCRIPT, BERLIN, {"timezone_id": "Asia/Tokyo"}])
def test_a_visitor_books_with_and_without_scripts(visitor, live_server, house, options):
    visitor.expects("422")
    page = visitor(**options)
    for _ in walk(page, live_server):
        pass
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is booked")
    said = page.locator("main").inner_text()
    assert "Wednesday 3 March 2027, 10:00–10:45" in said
    assert ("18:00 Tokyo time" in said) == (options.get("timezone_id") == "Asia/Tokyo")


def test_a_visitor_books_moves_and_cancels_with_the_keyboard_alone(visitor, live_server, house):
    page = visitor(**BERLIN)
    page.goto(live_server.url)
    press(page, "Any available")
    press(page, re.compile("^Wed 3 March 2027"))
    press(page, re.compile("^10:00, Wed"))
    tab_to(page, "Full name")
    page.keyboard.type("Mia Sanders")
    page.keyboard.press("Tab")
    page.keyboard.type("mia@example.com")
    press(page, "Continue")
    press(page, "Book appointment")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is booked")
    press(page, "Move it")
    press(page, re.compile("^11:00, "))
    press(page, "Move my appointment")
    assert "Your appointment is moved." in page.get_by_role("status").first.inner_text()
    press(page, "Cancel it")
    press(page, "Cancel my appointment")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is cancelled")


FOCUSED = """() => {
    const at = document.activeElement;
    const label = at.labels && at.labels.length ? at.labels[0].innerText : "";
    const name = at.getAttribute("aria-label") || label || at.textContent || "";
    return name.trim().replace(/\\s+/g, " ");
}"""


def tab_to(page, name):
    """Press Tab until the focus is on what has this name, as somebody without a mouse would."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if name.search(focused) if isinstance(name, re.Pattern) else focused.startswith(name):
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            return
    raise AssertionError(f"{name} cannot be reached with the keyboard on {page.title()}")


def press(page, name):
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_after_a_mistake_the_summary_leads_to_the_field(visitor, live_server, house):
    visitor.expects("422")
    page = visitor(**BERLIN)
    steps = walk(page, live_server)
    while next(steps) != "error":
        pass
    assert page.title().startswith("Error: ")
    page.wait_for_function("document.activeElement.id === 'errors'")
    press_in_place(page, "Enter your name.")
    assert page.evaluate("document.activeElement.id") == "id_name"


def press_in_place(page, name):
    tab_to(page, name)
    page.keyboard.press("Enter")


# A box is ticked by its words too: they are its target.
SMALL = """() => {
const target = (each) => each.type === "checkbox" ? each.labels[0] : each;
return [...document.querySelectorAll(
    "main a, main button, main input:not([type=hidden]), main textarea, main summary, footer a"
)].filter((each) => !each.closest(".trap") && !each.closest("p, dd, li li"))
  .map((each) => [each.textContent.trim() || each.name, target(each).getBoundingClientRect()])
  .filter(([, box]) => box.height < 43.9).map(([name, box]) => `${name}: ${box.height}`)}"""


@pytest.mark.parametrize("options", [NARROW, {**NARROW, "timezone_id": "Asia/Kathmandu"}])
def test_on_a_narrow_screen_nothing_is_cut_off_or_too_small(visitor, live_server, house, options):
    visitor.expects("422")
    page = visitor(**options)
    for step in walk(page, live_server):
        assert_fits(page, step)
    url = page.url
    for act in ("move", "cancel", "acknowledge"):
        page.goto(f"{url}/1/{act}")
        assert_fits(page, act)


def assert_fits(page, step):
    page.wait_for_load_state("networkidle")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320, f"{step} is {width} px wide"
    assert page.evaluate(SMALL) == [], step


def test_back_shows_the_visitors_own_time_as_held_and_not_as_taken(visitor, live_server, house):
    page = visitor(**BERLIN)
    steps = walk(page, live_server)
    while next(steps) != "details":
        pass
    go_back(page)
    assert "held for you" in page.get_by_role("button", name=re.compile("^10:00")).inner_text()


def go_back(page):
    """As the browser's own button does."""
    page.evaluate("history.back()")
    arrived(page, page.get_by_role("button", name=re.compile("^10:00")))


@pytest.mark.parametrize("options", [NO_SCRIPT, BERLIN])
def test_another_time_is_chosen_with_and_without_scripts_and_nothing_is_typed_twice(
    visitor, live_server, house, options
):
    visitor.expects("422")
    page = visitor(**options)
    steps = walk(page, live_server)
    while next(steps) != "error":
        pass
    page.get_by_label("Full name").fill("Mia Sanders")
    page.get_by_label("E-mail address").fill("mia@example.com")
    page.get_by_label("E-mail address").press("Enter")  # goes on, as everywhere
    expect(page.get_by_role("heading", level=1)).to_have_text("Check and book")
    page.get_by_role("button", name="Change the time").click()
    page.get_by_role("button", name=re.compile("^Thu 4 March 2027")).click()
    page.get_by_role("button", name=re.compile("^11:00, Thursday 4 March 2027")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check and book")
    page.get_by_role("button", name="Book appointment").click()
    expect(page.locator("main")).to_contain_text("Thursday 4 March 2027, 11:00–11:45")


def test_a_german_browser_books_in_german(visitor, live_server, house):
    page = visitor(locale="de-DE", **BERLIN)
    page.goto(live_server.url)
    page.get_by_role("link", name="Wer frei ist").click()
    page.get_by_role("link", name=re.compile("^Mi., 3. März 2027")).click()
    page.get_by_role("button", name=re.compile("^10:00, Mittwoch, 3. März 2027")).click()
    page.get_by_label("Vor- und Nachname").fill("Jörg Weiß")
    page.get_by_label("E-Mail-Adresse").fill("joerg@example.com")
    page.get_by_role("button", name="Weiter").click()
    page.get_by_role("button", name="Termin buchen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Termin ist gebucht")
    assert page.locator("html").get_attribute("lang") == "de-DE"


def test_the_link_of_the_booked_page_can_be_opened_again(visitor, live_server, house):
    visitor.expects("422")
    page = visitor(**BERLIN)
    for _ in walk(page, live_server):
        pass
    page.reload()
    other = visitor()
    other.goto(page.url)
    assert other.title() == page.title()
    other.get_by_role("link", name="Cancel it").click()
    other.get_by_role("button", name="Cancel my appointment").click()
    arrived(other, other.get_by_role("heading", name="Your appointment is cancelled"))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointment is cancelled")
    from kept.appointments import queries

    token = page.url.rsplit("/", 1)[-1]
    assert state_of(queries.by_token(token)) == "cancelled"


def test_the_confirmation_prints_on_one_page(visitor, live_server, house):
    visitor.expects("422")
    page = visitor(**BERLIN)
    for _ in walk(page, live_server):
        pass
    page.wait_for_load_state("networkidle")  # a page that is still loading cannot be printed
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
