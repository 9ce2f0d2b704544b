"""Each message as its reader sees it, in a frame that can do nothing."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.channels.email import mime
from kept.clock.queries import now
from kept.console.views.messages import headers
from kept.journeys import reputation
from kept.outbox import queries as outbox
from kept.worker import loop
from tests.appointments.clinic import go_to
from tests.console.house import FRONT_DESK, NOW, House, asks


@pytest.fixture
def message(house):
    house.book()
    loop.turn_once()
    return next(m for m in outbox.newest(house.business.id) if m.control == "confirmation")


def test_the_inbox_shows_what_the_customer_reads(house, desk, message):
    page = desk.get("/console/inbox/").content.decode()
    assert message.subject_line in page
    assert "BEGIN:VCALENDAR" in page
    assert "X-Kept" in page
    assert "leg=1 control=confirmation" in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


def test_the_framed_part_may_run_and_load_nothing(desk, message):
    answer = desk.get(f"/console/messages/{message.id}/html")
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert b'<base target="_blank">' in answer.content


def test_the_calendar_part_is_a_file(desk, message):
    answer = desk.get(f"/console/messages/{message.id}/invite.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    assert b"METHOD:REQUEST" in answer.content


def test_a_message_has_its_evidence(desk, message):
    page = desk.get(f"/console/messages/{message.id}/").content.decode()
    assert "accepted by the mail server" in page
    assert "mia@example.com" in page


def test_a_message_that_has_not_left_has_no_words_yet(house, desk):
    house.book()
    waiting = outbox.newest(house.business.id)[0]
    page = desk.get(f"/console/messages/{waiting.id}/")
    assert b"has not been worded yet" in page.content
    assert desk.get(f"/console/messages/{waiting.id}/html").status_code == 404
    assert desk.get(f"/console/messages/{waiting.id}/invite.ics").status_code == 404
    assert b"Nothing has been sent yet" in desk.get("/console/inbox/").content


def test_the_inbox_holds_only_this_business(house, desk, message, signed_in):
    other = House("Other Studio", prefix="other-")
    page = signed_in(other.owner).get("/console/inbox/").content
    assert b"Mia Wong" not in page
    assert b"Mia Wong" in desk.get("/console/inbox/").content


def test_each_message_can_be_opened_from_the_list(desk, message):
    assert f"/console/messages/{message.id}/" in desk.get("/console/messages/").content.decode()
    opened = desk.get(f"/console/inbox/?open={message.id}")
    assert opened.context["shown"].id == message.id


def test_the_headers_shown_are_those_that_were_sent(house):
    """Also of a letter that its reader may refuse: their mail program shows a button for it."""
    page = "https://reviews.example.com/harbour"
    reputation.add_link(house.business.id, "Example Reviews", page, NOW, FRONT_DESK)
    asks(house)
    booked = house.book()
    go_to(NOW + timedelta(hours=3))
    appointments.say(booked, "completed", now(), FRONT_DESK)
    post = go_to(NOW + timedelta(days=4))
    sent = {letter.message_id: _read(mime.build(letter)) for letter in post.letters}
    shown = [dict(headers(each)) for each in outbox.newest(house.business.id) if each.text]
    shown = {each["Message-ID"]: each for each in shown if each["Message-ID"] in sent}
    assert shown == sent
    refusable = [each["X-Kept"] for each in sent.values() if "List-Unsubscribe" in each]
    for control in ("review_ask", "lead_nudge_second"):
        assert any(control in each for each in refusable)


def _read(built):
    return {name: " ".join(str(value).split()) for name, value in built.items()}
