"""Who the customers are does not leave the reader, and nothing leaves the machine."""

import dataclasses
import gc
import json
import socket
from pathlib import Path

import pytest

from kept.audit.drawing import data
from kept.audit.reading import persons
from kept.audit.report import audit
from tests.audit.reading import test_calendars, test_logs, test_tools

SECRETS = ["jane", "guest", "sore knee", "0101", "@example.com", "joe", "jil", "jon"]
PERSON = '<string key="customer" value="Jane Guest"/>'
PRIVATE = {
    "calendly": test_tools.CALENDLY.replace("e1,i1", "sore knee,i1"),
    "acuity": test_tools.ACUITY,
    "calendar": test_calendars.calendar(
        test_calendars.entry(
            "SUMMARY:Jane Guest",
            "DESCRIPTION:sore knee",
            "ATTENDEE;CN=Jane Guest:mailto:jane@example.com",
        )
    ).replace("1@example.com", "1"),
    "xes": test_logs.xes(test_logs.STORY).replace("</event>", f"{PERSON}</event>"),
}


def reachable(thing, seen):
    """Every text that hangs on a history or its appointments, through whatever holds it."""
    if id(thing) in seen or isinstance(thing, type | type(json)) or callable(thing):
        return
    seen[id(thing)] = thing
    if isinstance(thing, str):
        yield thing
        return
    for each in gc.get_referents(thing):
        yield from reachable(each, seen)


@pytest.mark.parametrize("source", PRIVATE)
def test_no_name_address_or_note_is_in_the_history_or_its_report(reader, source):
    history, found = reader.read(PRIVATE[source])
    assert found
    assert any(each.person is not None for each in found)
    texts = [*reachable(found, {}), *reachable(history.quality, {})]
    texts.append(json.dumps(data.data(audit(history)), default=str))
    texts += map(str, (dataclasses.asdict(each) for each in found))
    for secret in SECRETS:
        assert not [text for text in texts if secret in text.casefold()]


@pytest.mark.parametrize("source", PRIVATE)
def test_nothing_is_asked_of_the_network(reader, source, monkeypatch):
    def refuse(*said, **more):
        raise AssertionError("reading asked the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert reader.read(PRIVATE[source])[1]


@pytest.mark.parametrize("source", PRIVATE)
def test_nothing_is_written_beside_the_file(reader, source):
    reader.read(PRIVATE[source])
    assert [each.name for each in Path(reader.folder).iterdir()] == ["export.csv"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane@Example.com", "mailto:jane@example.com "),
        ("+44 20 7946 0123", "(020) 7946-0123"),
        ("Jane  Guest", "jane guest"),
    ],
)
def test_one_person_is_one_number(one, other):
    assert persons.pseudonym(one) == persons.pseudonym(other) is not None


def test_different_people_and_different_keys_give_different_numbers(monkeypatch):
    before = persons.pseudonym("jane@example.com")
    assert before != persons.pseudonym("joe@example.com")
    monkeypatch.setattr(persons, "_KEY", b"another" * 4)
    assert before != persons.pseudonym("jane@example.com")


def test_nobody_is_nobody():
    assert persons.pseudonym("", "  ") is None
