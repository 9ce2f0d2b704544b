"""A message, its invitation and its transport together: what the customer's mail program gets."""

from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy

from icalendar import Calendar

from kept.calendars.invitation import cancel, request
from kept.channels.email import from_url
from kept.outbox.texts.compose import compose
from tests.calendars.test_invitation import an_invitation
from tests.channels.letters import a_letter
from tests.channels.mail_server import MailServer, running
from tests.texts.people import facts

FIRST = "<k-7q2m.1.confirmation@example.com>"


def letters_as_they_arrive(*letters):
    with running(MailServer()) as house:
        with closing(from_url(house.url)()) as transport:
            for letter in letters:
                transport.hand_over(letter)
        return [message_from_bytes(each.content, policy=policy.default) for each in house.letters]


def letter(kind, calendar, method, **changes):
    text = compose(kind, facts())
    said = {"subject": text.subject, "text": text.text, "html": text.html}
    return a_letter(**said, calendar=calendar, calendar_method=method, **changes)


def calendar_in(message):
    part = message.get_body(("calendar",)) or next(
        each for each in message.walk() if each.get_content_type() == "text/calendar"
    )
    return part.get_param("method"), Calendar.from_ical(part.get_payload(decode=True))


def test_a_booking_and_its_cancellation_arrive_as_one_event_in_one_thread():
    booked, cancelled = letters_as_they_arrive(
        letter("confirmation", request(an_invitation()), "REQUEST", message_id=FIRST),
        letter(
            "cancelled_notice",
            cancel(an_invitation(sequence=1)),
            "CANCEL",
            message_id="<k-7q2m.1.cancelled_notice@example.com>",
            in_reply_to=FIRST,
        ),
    )
    (method, asked), (last_method, taken_back) = map(calendar_in, (booked, cancelled))
    assert (method, last_method) == ("REQUEST", "CANCEL")
    assert (asked["METHOD"], taken_back["METHOD"]) == ("REQUEST", "CANCEL")
    assert asked.events[0]["UID"] == taken_back.events[0]["UID"]
    assert taken_back.events[0]["SEQUENCE"] > asked.events[0]["SEQUENCE"]
    assert asked.events[0].start.astimezone(UTC) == datetime(2026, 7, 14, 7, 30, tzinfo=UTC)
    assert cancelled["In-Reply-To"] == cancelled["References"] == booked["Message-ID"] == FIRST


def test_the_words_arrive_as_they_were_written():
    text = compose("confirmation", facts())
    (message,) = letters_as_they_arrive(letter("confirmation", request(an_invitation()), "REQUEST"))
    assert message["Subject"] == text.subject
    plain, html = (message.get_body((face,)).get_content() for face in ("plain", "html"))
    assert plain.replace("\r\n", "\n") == text.text
    assert html.replace("\r\n", "\n").strip() == text.html.strip()
