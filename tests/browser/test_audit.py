"""The audit as its owner meets it: in the console, from a file, on a phone and in the dark."""

import re

import pytest
from playwright.sync_api import expect

from kept.cli import elsewhere
from kept.clock.queries import real_now
from tests.browser.test_accessible import AXE, RUN, TAGS
from tests.browser.test_demo import picture
from tests.browser.test_front_desk import signed_in
from tests.console.house import House, start_clock
from tests.console.pages import lived_in

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
def house(house_db):
    start_clock()
    house = House()
    lived_in(house)
    return house


def test_every_page_of_the_audit_is_accessible_and_a_number_leads_to_its_appointments(
    visitor, live_server, house, tmp_path
):
    visitor.expects("409")
    page = signed_in(visitor, live_server, house.owner, viewport=PHONE)
    page.get_by_role("link", name="Audit", exact=True).click()
    page.get_by_role("link", name="Everything").click()
    expect(page.get_by_role("link", name="Everything")).to_have_attribute("aria-current", "page")
    accessible(page, "the report, on a phone")
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="dark")
    page.reload()  # on the way from light to dark every colour is one of neither
    accessible(page, "the report, in the dark")
    page.locator("#governed_share .behind a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("without a break")
    accessible(page, "the appointments behind a number")
    page.locator("tbody th a").first.click()
    page.wait_for_url(re.compile(r"/console/appointments/[0-9a-f-]{36}/$"))
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/console/audit/file/")
    accessible(page, "a file")
    page.set_input_files("#files", write(tmp_path, "Wann,Was\n2025-02-01 09:00,Massage\n"))
    page.get_by_role("button", name="Audit it").click()
    expect(page.get_by_text("The file leaves some things open.")).to_be_visible()
    accessible(page, "what a file leaves open")


def test_a_setting_is_tried_on_the_past_and_taken_over_into_the_policy(visitor, live_server, house):
    page = signed_in(visitor, live_server, house.owner, viewport=PHONE)
    page.goto(f"{live_server.url}/console/audit/?time=all")
    page.get_by_role("link", name=re.compile("^Try it on the past")).first.click()
    page.wait_for_url(re.compile("/console/audit/simulate/"))
    page.locator("summary", has_text="Final reminder").click()
    page.get_by_label("Final reminder, before the start").fill("2h")
    page.get_by_role("button", name="Try it on the past").click()
    page.wait_for_url(re.compile("final_reminder=2h"))
    expect(page.get_by_role("heading", name="What would have come of it")).to_be_visible()
    accessible(page, "a setting tried on the past, on a phone")
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="dark")
    page.reload()
    accessible(page, "a setting tried on the past, in the dark")
    page.get_by_role("link", name="Take this over into the policy").click()
    expect(page.get_by_text("Filled in below, and not saved yet")).to_be_visible()
    accessible(page, "the policy, filled in")
    page.get_by_role("button", name="See what it changes").click()
    expect(page.get_by_role("heading", name="Save this policy?")).to_be_visible()


def test_a_file_is_audited_without_scripts_and_its_report_can_be_kept(
    visitor, live_server, house, tmp_path
):
    export = elsewhere.write(tmp_path / "bookings.csv", real_now().date())
    page = signed_in(visitor, live_server, house.owner, java_script_enabled=False)
    page.goto(f"{live_server.url}/console/audit/file/")
    page.set_input_files("#files", export)
    page.get_by_role("button", name="Audit it").click()
    expect(page.get_by_text("The file is gone again")).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("link", name="The report as a page").click()
    assert kept.value.suggested_filename == "kept-audit-report.html"
    place = tmp_path / "report.html"
    kept.value.save_as(place)
    reader = visitor(viewport={"width": 900, "height": 1150})
    reader.goto(place.as_uri())
    expect(reader.get_by_role("heading", level=1)).to_have_text("Revenue Audit: bookings.csv")
    expect(reader.get_by_role("img").first).to_be_visible()
    accessible(reader, "the file of the report")
    reader.evaluate("document.querySelector('#part-money').scrollIntoView()")
    picture(reader, "audit")


def write(folder, text):
    place = folder / "strange.csv"
    place.write_text(text, encoding="utf-8")
    return place


def accessible(page, name):
    """No rule of accessibility is broken, and nothing is out of sight. A report has no limit of
    weight: it is looked at once, by who asked for it."""
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{name} is {wide} px too wide"
    page.evaluate(AXE)
    found = page.evaluate(RUN, TAGS)["violations"]
    said = [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]
    assert said == [], f"{name}: {said}"
