"""A weekly letter that could not be sent is told on the day page, to the owner in its words."""

from uuid import uuid4

import pytest

from kept.audit import letters
from kept.audit.models import WeeklyLetter
from kept.channels.base import TransportError
from kept.clock.queries import now
from kept.worker.weekly import send_waiting
from tests.appointments.clinic import Post


@pytest.fixture
def unsent(house):
    """Refused for good."""
    letter = WeeklyLetter.objects.create(
        business=house.business,
        week=now().date(),
        due_at=now(),
        address=letters.owners(house.business)[0],
        subject_line="Your week",
        text="€60.00 are lost",
        html="<h1>Week</h1>",
        created_at=now(),
        try_at=now(),
    )
    post = Post()
    post.error = TransportError("550 no such mailbox", permanent=True)
    send_waiting(post, now())
    letter.refresh_from_db()
    return letter


def test_the_owner_reads_it_and_has_it_sent_again(owner, unsent):
    page = owner.get("/console/").content.decode()
    assert "was not sent: 550 no such mailbox" in page
    where = f"/console/messages/weekly/{unsent.id}/"
    shown = owner.get(where).content.decode()
    assert "€60.00 are lost" in shown
    assert "handed over" in shown
    owner.post(where, {"again": "1"})
    assert "was not sent" not in owner.get("/console/").content.decode()
    post = Post()
    assert send_waiting(post, now()) == 1
    assert [each.subject for each in post.letters] == ["Your week"]


def test_once_it_was_put_away_nobody_is_told_any_more(owner, unsent):
    owner.post(f"/console/messages/weekly/{unsent.id}/", {"seen": "1"})
    assert "was not sent" not in owner.get("/console/").content.decode()
    assert send_waiting(Post(), now()) == 0


def test_the_desk_is_told_without_the_money_and_nobody_elses_letter_is_found(desk, owner, unsent):
    page = desk.get("/console/").content.decode()
    assert "was not sent: 550 no such mailbox" in page
    assert "Tell the owner" in page
    assert desk.get(f"/console/messages/weekly/{unsent.id}/").status_code == 403
    assert owner.get(f"/console/messages/weekly/{uuid4()}/").status_code == 404
    assert owner.get(f"/console/messages/weekly/{unsent.id}/").status_code == 200
    unsent.refresh_from_db()
    assert unsent.seen_at is None, "reading changes nothing"
