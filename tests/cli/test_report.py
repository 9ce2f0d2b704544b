"""`kept report`: what a mail server said of a message that left, by hand or out of a mail."""

from email.message import EmailMessage

import pytest
from click.testing import CliRunner

from kept.cli import commands, reporting
from kept.cli.problems import Refused
from kept.outbox.queries import Message
from tests.promises.house import House, Ledger, open_kinds, state, turn

pytestmark = pytest.mark.one_database


@pytest.fixture
def sent(db, monkeypatch):
    """An appointment whose confirmation left, in the letter of that Message-ID."""
    monkeypatch.setattr("kept.cli.house.require_there", lambda: None)
    post, house = Ledger(), House()
    appointment = house.book()
    turn(post)
    return appointment, post.letters[0].message_id


def kept(*arguments, code=0, mail=None):
    done = CliRunner().invoke(commands.kept, ["report", *arguments], input=mail)
    assert done.exit_code == code, done.output
    return done.output


def returned(message_id, action="failed", whole=True):
    """A delivery-status mail as mail servers write it (RFC 3464)."""
    part = f"Message-ID: {message_id}\nSubject: Your appointment\n"
    returned = f"message/rfc822\n\n{part}\nHello" if whole else f"text/rfc822-headers\n\n{part}"
    return f"""From: mailer-daemon@mx.example.com
To: clinic@example.com
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; mia@example.com
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <mia@example.com>: unknown
   user
--b
Content-Type: {returned}
--b--
""".encode()


def test_a_bounce_is_reported_by_the_message_id(sent):
    appointment, message_id = sent
    said = kept(message_id, "bounced", "--detail", "552 5.2.2 full")
    assert "confirmation to mia@example.com: failed." in said
    assert (state(appointment), open_kinds(appointment)) == ("scheduled", {"CONFIRMATION_FAILED"})


@pytest.mark.parametrize("whole", [True, False])
def test_a_mail_that_came_back_is_read(sent, whole):
    appointment, message_id = sent
    kept("--from-mail", mail=returned(message_id, whole=whole))
    assert state(appointment) == "scheduled"
    assert Message.objects.get().error == "550 5.1.1 <mia@example.com>: unknown user"


def test_a_mail_that_says_delivered_is_evidence_and_one_of_a_delay_is_nothing(sent):
    appointment, message_id = sent
    assert "not final" in kept("--from-mail", mail=returned(message_id, "delayed"))
    assert Message.objects.get().status == "accepted"
    kept("--from-mail", mail=returned(message_id, "delivered"))
    assert (Message.objects.get().status, state(appointment)) == ("delivered", "confirmed")


def test_what_is_not_ours_is_refused_in_a_sentence(sent):
    _, message_id = sent
    stranger = message_id.replace(message_id[1:9], "00000000")
    assert "There is no message" in kept(stranger, "bounced", code=1)
    assert "There is no message" in kept("<4711@example.com>", "bounced", code=1)
    other = EmailMessage()
    other.set_content("On holiday until Monday.")
    with pytest.raises(Refused, match="no delivery report"):
        reporting.read(bytes(other))


def test_a_report_says_of_what_and_what_became_of_it(sent):
    for wrong in ([], [sent[1]], [sent[1], "bounced", "--from-mail"]):
        assert "Give MESSAGE" in kept(*wrong, code=2)
