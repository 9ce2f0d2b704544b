"""Every page of a customer is well-formed HTML whose parts name and refer to each other rightly."""

import re
from collections import Counter
from itertools import pairwise

import html5lib
import pytest
from django.test import Client

from kept.appointments import actions
from kept.core.case import Role
from tests.public.house import (
    FRONT_DESK,
    MIA,
    TUESDAY_TEN,
    advance,
    body,
    hidden,
    now,
    open_house,
)


def booking(house):
    """The pages of a visitor, and those they see when something goes wrong."""
    visitor, path = house.visitor(), house.path
    get = visitor.client.get
    yield "services", get(f"/book/{house.business.slug}/")
    yield "staff", get(f"{path}/")
    yield "times", get(f"{path}/any/?from=2027-03-02&tz=Asia/Tokyo")
    yield "unknown zone", get(f"{path}/any/?tz=Europe/Berlim")
    yield "no such day", get(f"{path}/any/?from=2027-02-31")
    yield "nothing free", get(f"{path}/any/?from=2027-03-06")
    details = visitor.to_details(tz="Asia/Tokyo")
    yield "details", details
    yield "refused", visitor.send(details, "check", name="", email="mia@", phone="1")
    check = visitor.send(details, "check", **{**MIA, "notes": 'A "quoted"\nnote & <b>'})
    yield "check", check
    yield "details again", visitor.send(check, "change")
    times = visitor.send(check, "times")
    yield "times, typed", times
    yield "lost, typed", lost(house, visitor, times)
    advance(minutes=11)
    house.visitor().book()
    yield "conflict", visitor.send(check, "book")
    yield "taken", house.visitor().choose()


def lost(house, visitor, times):
    other = house.visitor()
    other.choose(TUESDAY_TEN.replace(hour=12))
    asked = {**hidden(times), "chosen": "2027-03-02T12:00:00Z"}
    return visitor.client.post(f"{house.path}/any/details", asked)


def visiting(house):
    """The pages behind the link of an appointment, from the booking to each of its ends."""
    client = Client(HTTP_HOST="127.0.0.1")
    booked = house.book(TUESDAY_TEN.replace(day=4))
    url = f"/a/{booked.token}"
    yield "booked", client.get(url)
    for act in ("acknowledge", "move", "cancel", "late", "cannot-come"):
        yield act, client.get(f"{url}/1/{act}")
    start = {"start": "2027-03-05T09:00:00Z", "who": "any"}
    yield "move, check", client.get(f"{url}/1/move/check", start)
    yield "moved", client.post(f"{url}/1/move/check", start, follow=True)
    yield "an old link", client.get(f"{url}/1")
    yield "an old form", client.post(f"{url}/1/cancel")
    advance(days=3, hours=23)
    yield "close", client.get(url)
    yield "late", client.get(f"{url}/2/late")
    yield "late, unanswered", client.post(f"{url}/2/late")
    yield "cannot come", client.get(f"{url}/2/cannot-come")
    actions.cancel(booked, now(), FRONT_DESK, by=Role.STAFF, reason="Ada is ill")
    yield "cancelled", client.get(url)
    yield "a yes after it", client.post(f"{url}/2/acknowledge", follow=True)
    missed = house.book(TUESDAY_TEN.replace(day=8))
    advance(days=5)
    yield "over", client.get(f"/a/{missed.token}")
    actions.miss(missed, now(), FRONT_DESK, by="customer", reason="")
    yield "missed", client.get(f"/a/{missed.token}")
    yield "nothing here", client.get("/a/nothing")
    yield "front", client.get("/", follow=True)


def is_well_formed(source):
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(source)
    lines = source.splitlines()
    said = [f"{what} {more}: {lines[at[0] - 1][:120]}" for at, what, more in parser.errors]
    assert said == []
    return tree


def every(tree, *names):
    return [each for name in names for each in tree.iter(name)]


def refers_only_to_what_is_there(tree):
    ids = Counter(each.get("id") for each in tree.iter() if each.get("id"))
    assert [name for name, count in ids.items() if count > 1] == []
    for each in tree.iter():
        for attribute in ("for", "form", "aria-describedby", "aria-labelledby"):
            for name in (each.get(attribute) or "").split():
                assert name in ids, f"{attribute}={name}"
        target = each.get("href") or ""
        if target.startswith("#"):
            assert target[1:] in ids, target


def words_of(element):
    return "".join(element.itertext()).strip()


def every_control_has_a_name(tree):
    labels = {each.get("for"): words_of(each) for each in every(tree, "label")}
    for each in every(tree, "input", "textarea", "select"):
        if each.get("type") not in {"hidden", "submit"}:
            assert labels.get(each.get("id")), each.attrib
    for each in every(tree, "button", "a", "summary"):
        assert each.get("aria-label") or words_of(each), each.attrib


def has_one_heading_and_one_title(tree):
    assert len(every(tree, "h1")) == 1
    assert every(tree, "html")[0].get("lang")
    (title,) = [each for each in every(tree, "title") if words_of(each)]
    assert not re.search(r"\s{2}|–\s*$", words_of(title)), words_of(title)
    levels = [int(each.tag[1]) for each in tree.iter() if re.fullmatch(r"h[1-6]", str(each.tag))]
    skipped = [after for before, after in pairwise(levels) if after > before + 1]
    assert skipped == []


@pytest.mark.parametrize("walk", [booking, visiting])
@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_every_page_is_well_formed_and_complete(db, monkeypatch, walk, language):
    monkeypatch.setattr(Client, "__init__", speaking(language, Client.__init__))
    seen = set()
    for name, page in walk(open_house(staff=("Ada Brook",))):
        if page.status_code not in {301, 302, 303}:
            check(name, page)
            seen.add(name)
    assert len(seen) > 9


def speaking(language, make):
    def init(self, *arguments, **options):
        make(self, *arguments, HTTP_ACCEPT_LANGUAGE=language, **options)

    return init


def check(name, page):
    source = body(page)
    try:
        whole(source)
    except AssertionError as error:
        raise AssertionError(f"{name}: {error}") from error


def whole(source):
    tree = is_well_formed(source)
    refers_only_to_what_is_there(tree)
    every_control_has_a_name(tree)
    has_one_heading_and_one_title(tree)
    assert not re.search(r"\{\{|\{%|%\(|\bNone\b(?! of \d|: )", source)


GOOD = """<!doctype html><html lang="en"><head><title>A title</title></head><body>
<main><h1>One</h1><form id="a"><label for="b">Name</label><input id="b"></form>
<button form="a">Go</button></main></body></html>"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<h1>One</h1>", "<h1>One</h2>"),
        ("<h1>One</h1>", "<p><h1>One</h1></p>"),
        ("<h1>One</h1>", "<h1>One</h1><h3>Three</h3>"),
        ('for="b"', 'for="c"'),
        ('form="a"', 'form="x"'),
        ("<button", '<p id="a"></p><button'),
        (">Go<", "><"),
        (" lang=", " data-lang="),
        ("A title", "A – "),
        ("Name", "{{ name }}"),
    ],
)
def test_a_fault_is_found(right, wrong):
    whole(GOOD)
    with pytest.raises(AssertionError):
        whole(GOOD.replace(right, wrong, 1))
