"""The audit's pages: the same numbers as its files, the appointments behind each, foreign files."""

import base64
import gzip
import html
import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kept.clock import actions as clock
from tests.audit.exports import rows
from tests.audit.read_back import from_csv_zip, from_json, from_page
from tests.console.house import NOW, House
from tests.console.pages import lived_in

AUDIT, FILE = "/console/audit/", "/console/audit/file/"
ALL = {"time": "all"}


@pytest.fixture
def lived(house):
    lived_in(house)
    return house


def sent(client, text, name="bookings.csv", **answers):
    file = SimpleUploadedFile(name, text.encode(), "text/csv")
    return client.post(FILE, {"files": file, **answers})


def test_page_and_downloads_agree_to_the_digit(lived, owner):
    shown = owner.get(AUDIT, ALL).content.decode()
    made = owner.get(f"{AUDIT}download/json", ALL).json()
    told = from_json(made)
    assert len(told) > 20
    assert from_page(shown) == told
    page = owner.get(f"{AUDIT}download/page", ALL)
    assert from_page(page.content.decode()) == told
    assert from_csv_zip(owner.get(f"{AUDIT}download/tables", ALL).content) == told
    assert page["Content-Disposition"] == 'attachment; filename="kept-audit-report.html"'


def test_each_number_leads_to_the_appointments_it_counts(lived, owner):
    shown = owner.get(AUDIT, ALL).content.decode()
    led = {
        html.unescape(each) for each in re.findall(r'href="(/console/audit/behind/[^"]+)"', shown)
    }
    assert led
    made = owner.get(f"{AUDIT}download/json", ALL).json()
    every = {each["name"]: each for each in (made["headline"], *made["figures"])}
    every |= {each["number"]: each for each in made["breaks"]}
    for address in led:
        listed = owner.get(address).content.decode()
        name = address.split("/")[4]
        assert set(re.findall(r'class="soft ref">([^<]+)<', listed)) == set(every[name]["behind"])
    assert owner.get(f"{AUDIT}behind/nothing/", ALL).status_code == 404


def test_what_happened_is_there_as_an_event_log(lived, owner):
    log = owner.get(f"{AUDIT}event-log", ALL)
    assert log["Content-Disposition"] == 'attachment; filename="kept-events.xes"'
    traces = ElementTree.fromstring(b"".join(log)).findall("{*}trace")
    counted = owner.get(f"{AUDIT}download/json", ALL).json()["headline"]["values"]
    [appointments] = [each["raw"] for each in counted if each["name"] == "appointments"]
    assert len(traces) == appointments


def test_only_the_time_asked_for_is_looked_at(house, owner):
    house.book()
    clock.advance_to(NOW + timedelta(days=40))
    house.book(NOW + timedelta(days=40, hours=2))
    for query, used in {
        "time=all": 2,
        "time=month": 1,
        "from=2027-03-01&to=2027-03-01": 1,
        "from=2027-04-10&to=2027-04-10": 1,
        "from=2027-03-02&to=2027-03-30": 0,
    }.items():
        assert owner.get(f"{AUDIT}download/json?{query}").json()["quality"]["used"] == used
    for wrong in ("from=2027-03-02&to=2027-03-01", "from=x&to=y", "from=2027-03-02", "time=y"):
        assert owner.get(f"{AUDIT}?{wrong}").status_code == 200
    assert b"the first not later" in owner.get(f"{AUDIT}?from=x&to=9999-12-31").content


def test_only_the_owner_sees_money_and_nobody_another_business(lived, owner, desk, ada, signed_in):
    for each in (AUDIT, FILE, f"{AUDIT}behind/governed_share/", f"{AUDIT}download/json"):
        assert desk.get(each).status_code == 403
        assert ada.get(each).status_code == 403
    other = House("Quayside", "q")
    theirs = signed_in(other.owner)
    assert theirs.get(f"{AUDIT}download/json", ALL).json()["quality"]["used"] == 0
    reference = owner.get(f"{AUDIT}download/json", ALL).json()["headline"]
    assert owner.get(AUDIT, ALL).status_code == theirs.get(AUDIT, ALL).status_code == 200
    assert all(each not in theirs.get(AUDIT, ALL).content.decode() for each in reference["behind"])


def test_an_event_log_names_no_staff_unless_asked_and_is_refused_to_others(lived, owner, desk):
    log, named = f"{AUDIT}event-log", {**ALL, "names": "yes"}
    for form in ("xes", "ocel"):
        said = b"".join(owner.get(log, {**ALL, "form": form})).decode()
        assert "Ada" not in said
        assert "Mia" not in said
        said = b"".join(owner.get(log, {**named, "form": form})).decode()
        assert "Ada" in said
        assert "Mia" not in said
    assert owner.get(log, {**ALL, "form": "nothing"}).status_code == 404
    assert b"With the names of staff" in owner.get(f"{AUDIT}log/", ALL).content
    for page in (log, f"{AUDIT}log/"):
        assert desk.get(page, ALL).status_code == 403
        assert owner.post(page).status_code == 405


def test_a_foreign_file_is_audited_once_and_its_downloads_are_within_the_page(owner):
    answer = sent(owner, "\n".join(rows()))
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert "60 rows were read" in shown
    assert "/console/search?q=" not in shown
    links = dict(re.findall(r'href="data:([^;]+);base64,([^"]+)"', shown))
    made = json.loads(base64.b64decode(links["application/json"]))
    told = from_json(made)
    assert from_page(shown) == told
    assert from_page(base64.b64decode(links["text/html"]).decode()) == told
    assert from_csv_zip(base64.b64decode(links["application/zip"])) == told
    assert "person1@example.com" not in shown + json.dumps(made)
    assert made["source"]["now"] <= datetime.now(UTC).isoformat()


def test_nothing_of_a_foreign_file_is_kept(owner, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sent(owner, "\n".join(rows()))
    sent(owner, "not,a\ncalendar,file\n")
    assert list(tmp_path.iterdir()) == []


def test_what_a_file_leaves_open_is_asked_at_once_and_the_answers_count(owner):
    strange = "Wann,Was,Wer\n2025-02-01 09:00,Massage,a@example.com\n2025-02-02 09:00,Massage,b\n"
    asked = sent(owner, strange)
    assert asked.status_code == 409
    shown = asked.content.decode()
    assert "Which column says when the appointment begins?" in shown
    assert "choose the file once more" in shown
    keys = re.findall(r'name="(q\d+_key)" value="([^"]*)"', shown)
    answers = {name: html.unescape(value) for name, value in keys}
    answers |= {name: chosen for name, chosen in chosen_in(shown).items() if name not in answers}
    assert answers["q0"] == "Wann"
    assert "Which column says the service?" in shown
    again = sent(owner, strange, **answers)
    assert again.status_code == 200
    assert "2 rows were read" in again.content.decode()


def chosen_in(shown):
    """What each list of a form has chosen."""
    lists = re.findall(r'<select id="(q\d+)".*?</select>', shown, re.S)
    bodies = re.findall(r'(<select id="q\d+".*?</select>)', shown, re.S)
    return {
        name: html.unescape(re.search(r'value="([^"]*)" selected', body)[1])
        for name, body in zip(lists, bodies, strict=True)
    }


def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(owner, monkeypatch):
    for text, name in (("", "empty.csv"), ("PK\x03\x04", "book.xlsx"), ("<html>", "x.html")):
        refused = sent(owner, text, name)
        assert refused.status_code == 409
        assert "This file could not be read" in refused.content.decode()
    assert "Choose a file." in owner.post(FILE, {}).content.decode()
    monkeypatch.setattr("kept.console.auditing.LARGEST", 10)
    assert "takes files of any size" in sent(owner, "start\n2025-01-01 10:00\n").content.decode()


def test_what_grows_or_repeats_without_measure_is_refused_while_one_waits(owner, monkeypatch):
    packed = SimpleUploadedFile("all.csv.gz", gzip.compress(b"start,end,status\n" * 5_000_000))
    asked = owner.post(FILE, {"files": packed})
    assert "unpacked" in asked.content.decode()
    series = "BEGIN:VEVENT\nUID:{}\nDTSTART:19950101T100000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
    calendar = "BEGIN:VCALENDAR\n{}END:VCALENDAR\n".format("".join(map(series.format, range(40))))
    for limit in ("MOST", "LONGEST"):
        with monkeypatch.context() as tight:
            tight.setattr(f"kept.console.auditing.{limit}", 0)
            asked = sent(owner, calendar, "all.ics")
            assert asked.status_code == 409
            assert "kept audit" in asked.content.decode()


def test_a_long_name_of_a_file_is_cut_and_not_an_error(owner):
    asked = sent(owner, "\n".join(rows()), name="\N{PILE OF POO}" * 120 + ".csv")
    assert asked.status_code == 200


def test_a_file_needs_the_token_of_its_form(house):
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.owner)
    assert sent(client, "start\n2025-01-01 10:00\n").status_code == 403


def test_a_name_of_a_file_leads_nowhere_else(owner):
    answer = sent(owner, "\n".join(rows()), "../../<b>.csv")
    assert answer.status_code == 200
    assert "<b>.csv" not in answer.content.decode()
