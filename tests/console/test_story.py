"""One page answers: where does it stand, what is next, what happened, who was told what."""

import html
import re
from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.clock import actions as clock
from kept.core.case import Role
from kept.people.actions import checked_contact
from kept.worker import loop
from tests.console.house import CUSTOMER, FRONT_DESK, NOW

START = NOW + timedelta(days=2, hours=3)


@pytest.fixture
def booked(house):
    appointment = house.book(START, time_zone="Asia/Tokyo")
    loop.turn_once()
    return appointment


def page(client, appointment):
    answer = client.get(f"/console/appointments/{appointment.id}/")
    assert answer.status_code == 200
    return answer


def test_the_path_says_where_it_stands(booked, desk):
    steps = page(desk, booked).context["story"].steps
    assert [(step.label, step.standing) for step in steps] == [
        ("Scheduled", "done"),
        ("Confirmed", "now"),
        ("Prepared", "ahead"),
        ("Attended", "ahead"),
        ("Completed", "ahead"),
    ]


def test_an_exception_takes_the_place_of_what_was_to_come(booked, desk):
    appointments.cancel(booked, NOW, CUSTOMER, by=Role.CUSTOMER, reason="ill")
    answer = page(desk, booked)
    steps = answer.context["story"].steps
    assert [step.label for step in steps] == ["Scheduled", "Confirmed", "Cancelled"]
    assert b"The customer gave the time back." in answer.content


def test_stages_that_were_passed_over_say_so(house, desk):
    booked = house.book(NOW + timedelta(hours=1))
    appointments.say(booked, "arrived", NOW, FRONT_DESK)
    steps = page(desk, booked).context["story"].steps
    passed = [step for step in steps if step.standing == "passed"]
    assert passed


def test_the_next_duty_stands_on_top_and_all_that_follow_in_the_timeline(booked, desk):
    story = page(desk, booked).context["story"]
    assert story.next.title in {"First reminder", "Preparation opens"}
    assert story.next.at == START - timedelta(hours=24)
    assert [each.title for each in story.ahead][-1] == story.next.title


def test_both_zones_are_shown_where_they_differ(booked, desk):
    text = page(desk, booked).content.decode()
    assert "Berlin time" in text
    assert "Tokyo time" in text


def test_every_event_says_who_did_it_and_why(booked, desk):
    later = START + timedelta(hours=1)
    appointments.move(booked, later, NOW, FRONT_DESK, reason="asked by phone")
    entries = page(desk, booked).context["story"].entries
    moved = next(entry for entry in entries if entry.title.startswith("Moved from"))
    assert moved.by == "desk@example.com (front desk)"
    assert moved.why == "asked by phone"
    assert moved.leg == 1
    assert entries == sorted(entries, key=lambda entry: entry.at, reverse=True)


def test_a_booking_says_by_which_rule_its_time_could_be_booked(booked, desk):
    (entry,) = [
        e for e in page(desk, booked).context["story"].entries if e.title.startswith("Booked")
    ]
    assert "hours, Wednesday " in entry.why
    assert entry.why.startswith("Chosen freely by the business")


def test_every_duty_says_what_became_of_it_and_why(booked, desk):
    appointments.cancel(booked, NOW, CUSTOMER, by=Role.CUSTOMER)
    [(_, duties)] = page(desk, booked).context["story"].duties
    became = {duty.title: (duty.control.status, duty.reason) for duty in duties}
    assert became["Confirmation"][0] == "done"
    assert became["First reminder"][0] == "void"
    assert became["First reminder"][1]


def test_the_evidence_of_a_message_is_a_ladder(booked, desk):
    [letter] = page(desk, booked).context["story"].letters
    assert [(rung.words, rung.reached) for rung in letter.ladder] == [
        ("queued", True),
        ("handed over", True),
        ("accepted by the mail server", True),
        ("delivered", False),
    ]


def test_what_the_customer_was_told_is_shown_with_whether_it_is_true(booked, desk):
    assert page(desk, booked).context["story"].belief.true
    appointments.move(booked, START + timedelta(hours=2), NOW, FRONT_DESK)
    answer = page(desk, booked)
    assert not answer.context["story"].belief.true
    assert b"not what is true now" in answer.content
    loop.turn_once()
    assert page(desk, booked).context["story"].belief.true


def test_no_event_and_no_duty_is_without_words(booked, desk):
    """Every name of the path has its words: a reader never meets a name with an underscore."""
    from kept.console import words
    from kept.core.paths import PATHS

    path = PATHS["appointment"]
    engine = {"escalated", "escalation_resolved", "escalation_lapsed", "escalation_replaced"}
    engine |= {"control_due", "control_skipped", "escalation_taken", "escalation_released"}
    engine |= {"escalation_snoozed", "escalation_woken"}
    engine |= {"control_expired", "stage_skipped", "hand_off_accepted", "hand_off_rejected"}
    assert {rule.event for rule in path.rules} | engine <= words.EVENTS.keys()
    assert {control.name for control in path.controls} <= words.CONTROLS.keys()
    assert {rule.kind for rule in path.escalations} <= words.ESCALATIONS.keys()
    assert {state.name for state in path.states} <= words.STATES.keys()
    assert path.outcomes.keys() <= words.OUTCOMES.keys()


def test_names_are_shown_as_text(house, desk):
    booked = house.book(START, name="<script>alert(1)</script>", email="x@example.com")
    for path in (f"/console/appointments/{booked.id}/", "/console/?day=2027-03-03"):
        text = desk.get(path).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


ENDINGS = {
    "completed": lambda each: appointments.say(each, "completed", NOW, FRONT_DESK),
    "missed_by_customer": lambda each: appointments.miss(each, NOW, FRONT_DESK, by=Role.CUSTOMER),
    "missed_by_business": lambda each: appointments.miss(each, NOW, FRONT_DESK, by=Role.STAFF),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_says_whose_doing_it_was_and_what_was_handed_on(house, desk, ending):
    booked = house.book(NOW)
    ENDINGS[ending](booked)
    answer = page(desk, booked)
    [first, *_] = answer.context["story"].hand_offs
    assert first.outcome == ending
    assert b"Take over" in answer.content


RAW = re.compile(r"\b[a-z]+_[a-z_]+\b")


def read(client, path):
    """The words of a page as people read them."""
    page = client.get(path).content.decode()
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page.split("<main")[1])))


def test_no_page_shows_the_names_that_rows_have(house, owner):
    wants_more = house.book(START)
    loop.turn_once()
    appointments.say(wants_more, "change_requested", NOW, CUSTOMER, reason="Later, please")
    appointments.move(wants_more, START + timedelta(hours=1), NOW, FRONT_DESK)
    unreached = house.book(START, "Una Unreached", house.ben, email="", phone="+442079460111")
    done = house.book(NOW + timedelta(hours=1), "Dora Done")
    loop.turn_once()
    appointments.say(done, "arrived", NOW, FRONT_DESK)
    appointments.say(done, "completed", NOW, FRONT_DESK)
    clock.advance_to(NOW + timedelta(days=4))
    loop.turn_once()
    pages = [f"appointments/{each.id}/" for each in (wants_more, unreached, done)]
    pages += ["", "escalations/", "hand-offs/", "hand-offs/?status=expired", "messages/"]
    pages += ["set-up/policy/", "missed/", "no-outcome/"]
    for path in pages:
        words = read(owner, f"/console/{path}")
        assert not RAW.findall(words), path
        for jargon in ("staff:", " leg ", "fell due", "Fell due", "IANA", "Duties"):
            assert jargon not in words, path


def test_why_something_is_not_done_is_a_sentence(booked, desk):
    appointments.say(booked, "change_requested", NOW, CUSTOMER)
    [(_, duties)] = page(desk, booked).context["story"].duties
    became = {duty.title: duty.reason for duty in duties}
    assert became["First reminder"] == "The customer asked for a change"


def test_a_reminder_that_cannot_be_sent_says_so_and_is_not_what_is_next(house, desk):
    reached = house.book(START)
    unreached = house.book(START, "Una Unreached", house.ben, email="", phone="+442079460111")
    loop.turn_once()
    cannot = "cannot be sent, no e-mail reaches the customer"
    assert cannot not in read(desk, f"/console/appointments/{reached.id}/")
    story = page(desk, unreached).context["story"]
    assert not {each.title for each in story.ahead if not each.unsendable} & {"First reminder"}
    assert story.next.title != "First reminder"


def test_told_by_a_person_is_not_called_sent(house, desk):
    appointment = house.book(START, "Una Unreached", email="", phone="+442079460111")
    loop.turn_once()
    appointments.say(appointment, "told_by_staff", NOW, FRONT_DESK, reason="Rang her")
    assert page(desk, appointment).context["story"].sentence == "A person has told the customer."


def test_a_moved_appointment_says_when_it_was_first_booked_and_when_moved(booked, desk):
    clock.advance_to(NOW + timedelta(days=1))
    appointments.move(booked, START + timedelta(hours=1), NOW + timedelta(days=1), FRONT_DESK)
    words = read(desk, f"/console/appointments/{booked.id}/")
    assert "First booked Mon 1 March 2027, 08:00 , on the booking page" in words
    assert "Last moved Tue 2 March 2027, 08:00" in words
    assert page(desk, booked).context["story"].steps[0].note == "moved to this time"


def test_what_once_needed_a_person_says_in_words_why_it_no_longer_does(house, owner):
    unreached = house.book(START, "Una Unreached", email="", phone="+442079460111")
    loop.turn_once()
    reached = checked_contact("Una Unreached", "una@example.com", "+442079460111")
    appointments.correct_contact(unreached, reached, NOW, FRONT_DESK)
    loop.turn_once()
    for path in (f"appointments/{unreached.id}/", "escalations/?resolved=1"):
        words = read(owner, f"/console/{path}")
        assert "accepted by the mail server" in words.split("once needed a person")[1]
        assert not RAW.findall(words), path


def test_a_stage_that_was_passed_over_says_why_in_a_sentence(house, desk):
    early = house.book(NOW + timedelta(hours=1))
    appointments.say(early, "arrived", NOW, FRONT_DESK)
    words = read(desk, f"/console/appointments/{early.id}/")
    passed_over = words.index("“Confirmed” was passed over")
    assert "The customer is here" in words[passed_over : passed_over + 150]


def test_a_reason_and_the_rule_of_a_booking_are_two_sentences(booked, desk):
    appointments.move(booked, START + timedelta(hours=1), NOW, FRONT_DESK, reason="Ada is ill")
    said = {each.title: each.why for each in page(desk, booked).context["story"].entries}
    assert said["The new time is booked"].startswith("Ada is ill. Offered by")


def test_a_customer_who_does_not_know_of_the_cancellation_is_not_said_to_have_another_time(
    booked, desk
):
    loop.turn_once()
    appointments.cancel(booked, NOW, FRONT_DESK, by=Role.STAFF, reason="Ada is ill")
    words = read(desk, f"/console/appointments/{booked.id}/")
    assert "Was told it takes place" in words
    assert "Was told another time" not in words
    loop.turn_once()
    assert "Was told" not in read(desk, f"/console/appointments/{booked.id}/")


def test_a_duty_that_is_done_again_says_in_words_which_time_it_is(booked, desk):
    for _ in range(2):
        appointments.say(booked, "confirmation_requested", NOW, FRONT_DESK)
    [(_, duties)] = page(desk, booked).context["story"].duties
    titles = [duty.title for duty in duties if duty.title.startswith("Confirmation")]
    assert titles == [
        "Confirmation",
        "Confirmation, the second time",
        "Confirmation, the third time",
    ]
