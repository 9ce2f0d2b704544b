"""A fresh installation, by the documented commands alone: the reminder really arrives."""

import email
import json
import urllib.request
from email import policy

import pytest
from aiosmtpd.controller import Controller

from tests.cli.conftest import SETUP, free_port, until

pytestmark = pytest.mark.one_database

START = "2027-03-01T08:00:00+01:00"


class Mailbox:
    """What an SMTP server was given."""

    def __init__(self):
        self.letters = []

    async def handle_DATA(self, server, session, envelope):  # aiosmtpd's name
        letter = email.message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append((envelope.rcpt_tos, letter))
        return "250 taken"

    def about(self, control):
        """The letters of this control, as (recipients, letter)."""
        return [each for each in self.letters if each[1]["X-Kept"].endswith(f"control={control}")]


@pytest.fixture
def mailbox():
    mailbox = Mailbox()
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server.start()
    mailbox.url = f"smtp://127.0.0.1:{server.port}"
    yield mailbox
    server.stop()


def call(base, key, path, body=None):
    request = urllib.request.Request(
        f"{base}/api/v1{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_reminder_that_is_due_in_two_minutes_arrives(fresh, mailbox):
    fresh.env["KEPT_EMAIL_URL"] = mailbox.url
    base = f"http://127.0.0.1:{free_port()}"
    key = fresh.kept(*SETUP, "--clock", START, "--sample-data", "--json").json["api_key"]
    fresh.start("serve", KEPT_BASE_URL=base).wait_for("Kept answers at")

    booked = call(
        base,
        key,
        "/appointments",
        {
            "service": call(base, key, "/services")["items"][0]["id"],
            "start": "2027-03-03T10:00:00+01:00",
            "customer": {"name": "Mia Sommer", "email": "mia@example.com"},
        },
    )
    to, confirmation = until(lambda: mailbox.about("confirmation"), "the confirmation")[0]
    assert to == ["mia@example.com"]
    assert f"ref={booked['reference']}" in confirmation["X-Kept"]

    fresh.kept("clock", "set", "2027-03-02T09:58:00+01:00")
    assert not mailbox.about("first_reminder")
    fresh.kept("clock", "speed", "60")  # two minutes pass in two seconds
    to, reminder = until(lambda: mailbox.about("first_reminder"), "the reminder")[0]

    assert to == ["mia@example.com"]
    assert "10:00" in reminder["Subject"]
    assert len(mailbox.letters) == 2
    story = fresh.kept("explain", booked["reference"], "--json").json
    assert story["told"]["true"]
    assert fresh.kept("check").err.splitlines()[-1] == "Every promise holds."
