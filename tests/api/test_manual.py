"""Every example of docs/api.md is run, in its order, and answers what stands below it."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlencode

import pytest

from kept.api.openapi import document
from kept.appointments import actions as appointments
from kept.clock.queries import now
from kept.core.case import Actor, Role
from kept.journeys.actions import receive_offered
from tests.api.house import House, deliver_all, pass_time, stop_clock

MANUAL = Path(__file__).parents[2] / "docs" / "api.md"
BASE = "http://127.0.0.1:8000/api/v1"
# ```sh …``` and ```json …``` blocks, and the notes to the clock in between.
PARTS = re.compile(r"^```(sh|json)\n(.*?)^```$|^<!-- (later|sent)(?:: (.*?))? -->$", re.S | re.M)
COMMAND = re.compile(r"(?:(\w+)=\$\()?(?:call|curl)\s+(.*?)(?:\s*\|\s*jq -r '?\.(\S+))?\)?", re.S)
TAKE_A_VALUE = {"-d": "data", "-H": "header", "-X": "method", "--data-urlencode": "query"}


def commands(block):
    """The commands of a shell block: one a line, but for what is quoted or ends in a backslash."""
    text = re.sub(r"\\\n\s*", " ", block)
    lines = re.findall(r"(?:'[^']*'|\"[^\"]*\"|[^'\"\n])+", text)
    return [each for each in lines if not each.strip().startswith(("#", "export ", "call()"))]


class Reader:
    """Somebody who types the examples in, with a key of their own."""

    def __init__(self, house):
        self.house, self.known, self.called = house, {"KEPT": BASE, "KEY": house.secret}, set()

    def type(self, command):
        """Run one command as the shell would; answers what it got."""
        match = COMMAND.fullmatch(command.strip())
        assert match, f"this example cannot be run: {command}"
        answer = self._send(shlex.split(match[2]))
        if match[1]:
            found = answer
            for name in re.findall(r"\w+", match[3]):
                found = found[int(name) if name.isdigit() else name]
            self.known[match[1]] = found
        return answer

    def _send(self, words):
        words = [re.sub(r"\$(\w+)", lambda name: self.known[name[1]], word) for word in words]
        given = {"data": [], "header": [], "method": [], "query": []}
        address, data = "", iter(words)
        for word in data:
            if word in TAKE_A_VALUE:
                given[TAKE_A_VALUE[word]].append(next(data))
            elif word != "-G":
                address = word
        method = (given["method"] or ["GET" if "-G" in words or not given["data"] else "POST"])[0]
        query = [tuple(each.split("=", 1)) for each in given["query"]]
        return self._ask(method, address, query, "".join(given["data"]), given["header"])

    def _ask(self, method, address, query, data, headers):
        assert address.startswith(BASE)
        path = address.removeprefix(BASE)
        self.called.add((method.lower(), shape_of(path.partition("?")[0])))
        answer = self.house.client.generic(
            method,
            f"/api/v1{path}" + (f"?{urlencode(query)}" if query else ""),
            data,
            content_type="application/json",
            headers=dict(each.split(": ", 1) for each in headers),
        )
        return answer.json()


def shape_of(path):
    """The address as the document has it: `/appointments/{appointment_id}/cancel`."""
    for known in document()["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[0-9a-f-]{36}", known), path):
            return known
    return path


def difference(shown, got, at=""):
    """Where an answer is not what the manual shows, or "". `…` in a text stands for anything, as a
    field or an item for more of them."""
    if isinstance(shown, dict):
        wanted, more = sorted(shown.keys() - {"…"}), "…" in shown
        pairs = [(name, shown[name], got.get(name)) for name in wanted]
        if not (set(wanted) <= got.keys() if more else set(wanted) == got.keys()):
            return f"{at} has {sorted(got)}"
        return next(filter(None, (difference(x, y, f"{at}/{name}") for name, x, y in pairs)), "")
    if isinstance(shown, list):
        wanted, more = [each for each in shown if each != "…"], "…" in shown
        if not (len(wanted) <= len(got) if more else len(wanted) == len(got)):
            return f"{at} has {len(got)}: {got}"
        pairs = enumerate(zip(wanted, got, strict=not more))
        return next(filter(None, (difference(*pair, f"{at}/{n}") for n, pair in pairs)), "")
    if isinstance(shown, str) and "…" in shown:
        same = re.fullmatch(".*".join(map(re.escape, shown.split("…"))), str(got))
    else:
        same = shown == got
    return "" if same else f"{at} is {got!r}, not {shown!r}"


@pytest.fixture
def reader(db):
    stop_clock()
    house = House()
    own = {"built_in": ["follow_up"]}  # as the manual says
    appointments.change_policy(house.business, own, now(), Actor(Role.STAFF, "owner"))
    return Reader(house)


def test_every_example_answers_what_stands_below_it(reader):
    got = {}
    for kind, block, later, span in PARTS.findall(MANUAL.read_text()):
        if later == "sent":
            deliver_all()
        elif later:
            pass_time(**{unit: int(number) for number, unit in re.findall(r"(\d+) (\w+)", span)})
            receive_offered(now())
        elif kind == "sh":
            assert not refused(got), f"refused, and the manual does not show it: {got}"
            for command in commands(block):
                assert not refused(got), f"refused before {command}: {got}"
                got = reader.type(command)
        else:
            shown = json.loads(block)
            assert not difference(shown, got), block
            got = {}
    described = {
        (method, path) for path, methods in document()["paths"].items() for method in methods
    }
    assert described - reader.called == set(), "these have no example"


def refused(answer):
    return "code" in answer
