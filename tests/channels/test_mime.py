"""A letter has the form that mail programs show as an invitation, and cannot be bent."""

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.channels.base import Address, Refused
from kept.channels.email.inbox import InboxTransport
from kept.channels.email.mime import serialise
from tests.channels.letters import CALENDAR, a_letter, with_calendar


def read(letter):
    return message_from_bytes(serialise(letter), policy=policy.default)


def types(message):
    return [part.get_content_type() for part in message.walk()]


def test_an_invitation_is_the_last_alternative_and_a_file_beside_it():
    message = read(with_calendar())
    assert types(message) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    calendar, file = list(message.walk())[4:]
    assert calendar.get_param("method") == "REQUEST"
    assert calendar.get_content_charset() == "utf-8"
    assert calendar["Content-Disposition"] is None
    assert calendar["Content-ID"] is None
    assert calendar.get_payload(decode=True) == CALENDAR
    assert file.get_filename() == "invite.ics"
    assert file.get_payload(decode=True) == CALENDAR


def test_a_cancellation_carries_its_own_method():
    calendar = CALENDAR.replace(b"REQUEST", b"CANCEL")
    message = read(a_letter(calendar=calendar, calendar_method="CANCEL"))
    assert list(message.walk())[4].get_param("method") == "CANCEL"


def test_a_letter_without_a_calendar_is_text_and_html():
    assert types(read(a_letter())) == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    "calendar",
    [
        CALENDAR.replace(b"REQUEST", b"CANCEL"),
        CALENDAR.replace(b"REQUEST", b"request"),
        CALENDAR.replace(b"METHOD:REQUEST\r\n", b""),
        CALENDAR.replace(b"VERSION", b"\xff"),
    ],
)
def test_a_calendar_that_says_another_method_is_refused(calendar):
    with pytest.raises(Refused) as caught:
        serialise(with_calendar(calendar=calendar))
    assert caught.value.permanent


def test_the_headers_say_who_when_and_that_no_machine_should_answer():
    message = read(a_letter())
    assert message["From"] == "Riverside Foot Clinic <desk@example.com>"
    assert message["To"] == "Ann Example <ann@example.org>"
    assert message["Reply-To"] == "bookings+x7@example.com"
    assert message["Date"] == "Wed, 01 Jul 2026 12:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Kept"] == "ref=K4-7Q2M leg=1 control=confirmation"
    assert message["Message-ID"] == "<k-7q2m.1.confirmation@example.com>"


def test_a_later_mail_joins_the_thread_of_the_first():
    first = "<" + "k" * 120 + ".1.confirmation@example.com>"
    second = "<" + "k" * 120 + ".1.moved@example.com>"
    octets = serialise(a_letter(in_reply_to=first, references=(first, second)))
    message = message_from_bytes(octets, policy=policy.default)
    assert message["In-Reply-To"] == first
    assert message["References"].split() == [first, second]
    assert b"=?utf-8?" not in octets


def test_a_reply_without_references_refers_to_what_it_answers():
    assert read(a_letter(in_reply_to="<first@example.com>"))["References"] == "<first@example.com>"


def test_a_long_unsubscribe_link_stays_one_link():
    link = "<https://book.example.com/u/" + "x" * 200 + ">"
    octets = serialise(a_letter(headers={"List-Unsubscribe": link}))
    assert link.encode() in octets


@given(st.lists(st.sampled_from(["Foot", "care", "10:00", "Füße", "–", "a" * 40]), min_size=1))
def test_a_subject_begins_on_the_line_that_names_it(words):
    letter = a_letter(subject=" ".join(words))
    octets = serialise(letter)
    assert re.search(rb"^Subject: [!-~]", octets, re.MULTILINE)
    assert message_from_bytes(octets, policy=policy.default)["Subject"] == letter.subject


def test_a_subject_that_just_fits_a_line_of_its_own_begins_on_the_line_that_names_it():
    octets = serialise(a_letter(subject="Foot care " * 6 + "1234567890"))
    assert b"\r\nSubject: Foot care" in octets
    assert b" \r\n" not in octets.split(b"\r\n\r\n")[0]


def test_lines_are_short_and_end_in_crlf():
    letter = with_calendar(
        text="Zäh fließt der Nebel. " * 400,
        html="<p>" + "日本語" * 2000 + "</p>",
        subject="ä" * 300,
    )
    octets = serialise(letter)
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert octets.isascii()
    message = message_from_bytes(octets, policy=policy.default)
    assert message["Subject"] == letter.subject
    assert message.get_body(("plain",)).get_content().strip() == letter.text.strip()
    assert message.get_body(("html",)).get_content().strip() == letter.html


INJECTION = "Ann\r\nBcc: all@example.net"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": INJECTION},
        {"subject": "one\x00two"},
        {"subject": "half a letter \ud83d"},
        {"text": "half a letter \ud83d"},
        {"subject": "one\u2028two"},
        {"sender": Address("desk@example.com", INJECTION)},
        {"recipient": Address("ann@example.org", INJECTION)},
        {"recipient": Address("ann@example.org\r\nBcc: all@example.net")},
        {"reply_to": Address("desk@example.com", INJECTION)},
        {"message_id": "<a@example.com>\r\nBcc: all@example.net"},
        {"message_id": "a@example.com"},
        {"in_reply_to": "<a@example.com> \r\n<b@example.com>"},
        {"references": ("<a@example.com>", "b")},
        {"headers": {"X-Kept": "a\r\nBcc: all@example.net"}},
        {"headers": {"X-Kept": "ä"}},
        {"headers": {"X-Kept\r\nBcc": "all@example.net"}},
        {"headers": {"Bcc": "all@example.net"}},
        {"headers": {"From": "other@example.net"}},
        {"headers": {"Content-Type": "text/plain"}},
    ],
)
def test_what_could_bend_a_header_or_is_no_text_is_refused(changes):
    with pytest.raises(Refused) as caught:
        serialise(a_letter(**changes))
    assert caught.value.permanent
    assert caught.value.code == 0


@pytest.mark.parametrize(
    "name", ['Müller & "Söhne", Fuß', "O'Neil, Ann", "<script>", "=?utf-8?q?Bcc?=", "", "日本"]
)
def test_a_name_is_only_a_name(name):
    message = read(a_letter(recipient=Address("ann@example.org", name)))
    (mailbox,) = message["To"].addresses
    assert mailbox.addr_spec == "ann@example.org"
    if not name.startswith("=?"):
        assert mailbox.display_name == name


@given(st.text(max_size=200), st.text(max_size=80))
def test_any_subject_and_name_gives_a_letter_to_one_person_or_none(subject, name):
    try:
        octets = serialise(a_letter(subject=subject, recipient=Address("ann@example.org", name)))
    except Refused:
        return
    message = message_from_bytes(octets, policy=policy.default)
    assert [each.addr_spec for each in message["To"].addresses] == ["ann@example.org"]
    assert set(message.keys()) == {
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Kept",
        "MIME-Version",
        "Content-Type",
    }


def test_a_letter_without_a_time_zone_is_refused():
    letter = a_letter()
    with pytest.raises(Refused, match="time zone"):
        serialise(a_letter(date=letter.date.replace(tzinfo=None)))


def test_the_demo_inbox_keeps_what_could_be_sent_and_refuses_what_could_not():
    inbox = InboxTransport()
    inbox.prepare()
    assert inbox.hand_over(with_calendar()).detail == "kept in the demo inbox"
    with pytest.raises(Refused):
        inbox.hand_over(a_letter(subject=INJECTION))
    inbox.close()


def test_our_own_trace_stands_on_one_line():
    trace = "ref=KX7-M2PT9 leg=12 control=cancelled_notice"
    octets = serialise(a_letter(headers={"X-Kept": trace}))
    assert f"X-Kept: {trace}\r\n".encode() in octets
