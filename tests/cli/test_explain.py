"""`kept explain`: what was due, what went out, what did not and why."""

import pytest

pytestmark = pytest.mark.one_database

LIVE = """
from datetime import timedelta
from kept.accounts import queries as accounts
from kept.appointments import actions
from kept.cli.week import CUSTOMER, pass_time
from kept.clock import actions as clock
from kept.clock.queries import now
from kept.core.time import parse_instant
from kept.people.actions import checked_contact
from kept.schedule import queries as schedule
from kept.worker import loop
clock.run_at(0)
business = accounts.businesses()[0]
service = next(s for s in schedule.services(business.id) if s.name == "Follow-up treatment")
def book(name, start, **contact):
    booking = actions.Booking(service.id, parse_instant(start), checked_contact(name, **contact))
    visit = actions.book(business, booking, now(), CUSTOMER)
    loop.turn_once()
    return visit
"""


def live(house, script):
    return house.python(LIVE + script)


@pytest.fixture
def moved(studio):
    """An appointment that was booked on Monday, moved on Tuesday, and reminded of once."""
    return live(
        studio,
        """
visit = book("Mia Sommer", "2027-03-04T10:00:00+01:00", email="mia@example.com")
pass_time(parse_instant("2027-03-02T18:00:00+01:00"))
actions.move(visit, parse_instant("2027-03-05T11:00:00+01:00"), now(), CUSTOMER, reason="Work")
loop.turn_once()
pass_time(parse_instant("2027-03-04T12:00:00+01:00"))
print(visit.reference)
""",
    )


def controls(leg):
    return {each["name"]: (each["status"], each["reason"]) for each in leg["controls"]}


def test_every_leg_says_what_was_due_and_what_became_of_it(studio, moved):
    first, second = studio.kept("explain", moved, "--json").json["legs"]

    assert first["state"] == "rescheduled"
    assert controls(first)["confirmation"] == ("done", "")
    assert controls(first)["first_reminder"] == ("void", "moved")
    assert controls(second)["moved_notice"] == ("done", "")
    assert controls(second)["first_reminder"] == ("done", "")
    assert controls(second)["final_reminder"] == ("planned", "")
    message = first["messages"][0]
    assert (message["control"], message["to"]) == ("confirmation", "mia@example.com")
    assert "accepted" in [known["kind"] for known in message["evidence"]]


def test_it_tells_what_the_customer_was_last_told_and_that_it_is_true(studio, moved):
    told = studio.kept("explain", moved, "--json").json["told"]
    assert (told["true"], told["control"], told["leg"]) == (True, "first_reminder", 2)
    assert told["start"] == "2027-03-05T11:00:00+01:00"
    assert told["evidence"] == "accepted"


def test_it_says_whether_certainty_holds_and_if_not_which_control_broke_it(studio, moved):
    known = studio.kept("explain", moved, "--json").json["certainty"]
    assert known["holds"] is True
    assert (known["broken_by"], known["since"]) == (None, None)

    reference = live(
        studio,
        'print(book("Ruth", "2027-03-08T10:00:00+01:00", phone="+442079460148").reference)',
    )
    known = studio.kept("explain", reference, "--json").json["certainty"]
    assert (known["holds"], known["broken_by"]) == (False, "confirmation")
    assert known["since"].startswith("2027-03-04T12:00:00")
    told = studio.kept("explain", reference).out
    assert "Not certain since Thu 2027-03-04 12:00 +01:00. Confirmation: no channel" in told


def test_it_reads_as_a_story(studio, moved):
    told = studio.kept("explain", moved.lower()).out
    for part in (
        f"{moved}  Mia Sommer, My Studio: prepared",
        "All times are of Europe/Berlin",
        "Certain. The preparation window is open and every duty is done.",
        "That is the truth.",
        "● scheduled ── ● confirmed ── ◉ rescheduled",
        "Fri 2027-03-05 11:00 +01:00",
        "moved notice to mia@example.com by email: accepted",
    ):
        assert part in told, told
    assert "\x1b" not in told  # no colours into a pipe


def test_why_somebody_without_an_address_got_nothing(studio):
    reference = live(
        studio,
        """
from datetime import timedelta
from kept.appointments import actions
from kept.cases.queries import Escalation
from kept.clock.queries import now
from kept.core.case import Actor, Role
print(book("Ruth", "2027-03-04T10:00:00+01:00", phone="+442079460148").reference)
row, desk = Escalation.objects.get(), Actor(Role.STAFF, "desk@example.com")
actions.take_escalation(row.business_id, row.id, now(), desk)
actions.snooze_escalation(row.business_id, row.id, now() + timedelta(hours=1), now(), desk)
""",
    )
    story = studio.kept("explain", reference, "--json").json
    assert controls(story["legs"][0])["confirmation"][0] == "skipped"
    assert story["told"] == {"true": False, "anything": False}
    assert story["escalations"][0]["kind"] == "CONTACT_GAP"
    told = studio.kept("explain", reference).out
    assert "The customer has been told nothing." in told
    assert "CONTACT_GAP" in told
    assert "escalation snoozed (CONTACT_GAP)" in told
    assert "open, taken by staff:desk@example.com, put off until " in told


def test_a_reference_nobody_has_is_refused(studio):
    assert "looks like KX7-M2PT9" in studio.kept("explain", "XXX-XXXXX", code=1).sentence


def retried(studio, times):
    """An appointment whose confirmation the mail server refused so many times for now."""
    return live(
        studio,
        f"""
from kept.outbox.models import Evidence, Message
visit = book("Mia Sommer", "2027-03-04T10:00:00+01:00", email="mia@example.com")
said = Message.objects.get(subject=visit.id)
for minute in range({times}):
    at = parse_instant(f"2027-03-01T09:{{minute:02}}:00+01:00")
    Evidence.objects.create(message=said, kind="retrying", at=at, detail="450 try later")
print(visit.reference)
""",
    )


def test_equal_attempts_one_after_the_other_are_one_line_with_their_number(studio):
    reference = retried(studio, 53)
    told = [line for line in studio.kept("explain", reference).out.splitlines() if "450" in line]
    assert [line.strip() for line in told] == [
        "Mon 2027-03-01 09:00 +01:00  retrying: 450 try later "
        "(53 times, the last at Mon 2027-03-01 09:52 +01:00)"
    ]
    [leg] = studio.kept("explain", reference, "--json").json["legs"]
    assert len([each for each in leg["messages"][0]["evidence"] if each["detail"]]) >= 53


def test_one_attempt_is_told_without_a_number(studio):
    told = studio.kept("explain", retried(studio, 1)).out
    assert "retrying: 450 try later\n" in told


def test_into_a_pipe_every_row_is_one_line_of_its_full_width(studio):
    reference = live(
        studio,
        """
visit = book("Mia Sommer", "2027-03-04T10:00:00+01:00", email="mia@example.com")
why = "a reason of many words " * 20
actions.cancel(visit, now(), CUSTOMER, by=CUSTOMER.role, reason=why.strip())
print(visit.reference)
""",
    )
    told = studio.kept("explain", reference).out
    [row] = [line for line in told.splitlines() if "a reason of many words" in line][:1]
    assert row.count("a reason of many words") == 20
    assert not any(line.endswith(" ") for line in told.splitlines())
