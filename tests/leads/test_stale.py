"""An enquiry that fell silent, of somebody who agreed to be written to, is taken up again."""

import importlib
import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection

from kept.accounts import queries as accounts
from kept.accounts.queries import PolicyVersion
from kept.appointments import actions as appointments
from kept.cases.queries import Case, HandOff
from kept.checks import promises
from kept.core import holdout
from kept.core.policy import DEFAULT_HAND_OFFS
from kept.journeys import actions as journeys
from kept.journeys import reactivation
from kept.leads import actions, mail, queries
from tests.leads.clinic import (
    DESK,
    EMAIL,
    VISITOR,
    Clinic,
    asks,
    berlin,
    go_to,
    lead,
    letters,
    now,
    say,
    state,
)
from tests.leads.test_sources import letter as sent_by

AGREED = "Write to me later"
SILENT = timedelta(days=15)
FIRST = timedelta(days=31)  # after it fell silent: the distance of invitations from each other


@pytest.fixture
def clinic(db):
    return Clinic(policy={"hold_out": 0})


def fell_silent(clinic, *, agrees=AGREED, **more):
    """A lead nobody heard of for two weeks, and whatever that begins."""
    asked = lead(clinic, agrees=agrees, **more)
    say(asked, "responded")
    go_to(now() + SILENT)
    assert state(asked) == "stale"
    return asked


def taken_up(asked):
    """The case of Reactivation it became, if any."""
    return Case.objects.filter(path="reactivation", subject=asked.case_id).first()


def ended(asked):
    case = taken_up(asked)
    return case.state, case.facts.get("result")


def offers(asked):
    rows = HandOff.objects.filter(case=asked.case_id, to="reactivation")
    return [row.status for row in rows]


def broken():
    return [sentence for promise in promises.run(now()) for sentence in promise.broken]


def test_who_agreed_is_invited_with_free_times_and_at_most_three_times(clinic):
    asked = fell_silent(clinic)
    assert offers(asked) == ["accepted"]
    assert taken_up(asked).state == "due_set"
    silent = now()
    post = go_to(silent + timedelta(days=200))
    assert letters(post) == ["invitation_first", "invitation_second", "invitation_third"]
    days = [(each.date - silent).days for each in post.letters]
    assert days[0] >= 29
    assert all(later - sooner >= 30 for sooner, later in pairwise(days))
    assert taken_up(asked).state == "lapsed"
    first = post.letters[0]
    assert f"/book/{clinic.business.slug}/{clinic.service.id}/any/?lead={asked.token}" in first.text
    assert "from=" in first.text
    assert "12 Canal Street, Riverton" in first.text
    assert first.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"/l/{asked.token}/stop" in first.headers["List-Unsubscribe"]
    assert broken() == []


def invitation_to(clinic, *, contact=None, **more):
    """The first invitation of somebody who asked once and was never here."""
    asked = fell_silent(clinic, contact={**EMAIL, **(contact or {})}, **more)
    return asked, go_to(now() + FIRST).letters[-1]


def offered(letter):
    """The days its times are on, by the links to book them."""
    return [date.fromisoformat(day) for day in re.findall(r"from=([\d-]+)", letter.text)]


def test_it_speaks_to_somebody_who_was_never_here(clinic):
    asked, letter = invitation_to(clinic, service=clinic.service.id)
    assert letter.subject == f"Foot care ({asked.reference}): are you still looking for a time?"
    said = " ".join(letter.text.split())
    assert "You asked us on Monday 1 March 2027, and said that we may write to you again." in said
    assert "If you are still looking for a time, these are free:" in said
    assert "Then you need do nothing" in said
    times = [int(hour) for hour in re.findall(r"2027, (\d\d):", letter.text)]
    assert [hour >= 12 for hour in times] == [False, True, False]  # for who has no morning
    for word in ("come again", "You were with us", "A time for you?"):
        assert word not in letter.subject + said


def test_it_speaks_german_to_who_reads_german(clinic):
    _, letter = invitation_to(clinic, contact={"locale": "de"}, service=clinic.service.id)
    assert letter.subject.endswith(": Suchen Sie noch einen Termin?")
    assert "Montag, 1. März 2027" in letter.text
    assert "sind diese Zeiten frei" in " ".join(letter.text.split())
    assert "brauchen Sie nichts zu tun" in " ".join(letter.text.split())


def test_who_asked_about_nothing_in_particular_is_told_what_the_times_are_for(clinic):
    _, letter = invitation_to(clinic)
    assert "these are free for Foot care:" in " ".join(letter.text.split())


@pytest.mark.parametrize(("days", "soonest"), [(None, 1), (2, 2), (0, 0)])
def test_it_offers_no_time_sooner_than_its_reader_can_plan(clinic, days, soonest):
    policy = {} if days is None else {"offer_days_ahead": days}
    appointments.change_policy(clinic.business, policy, now(), DESK)
    _, letter = invitation_to(clinic)
    assert min(offered(letter)) == letter.date.date() + timedelta(days=soonest)


def test_the_next_day_begins_where_its_reader_lives_and_both_clocks_are_told(clinic):
    _, letter = invitation_to(clinic, contact={"time_zone": "Pacific/Kiritimati"})
    # There it goes at nine on the 15th, and the 16th begins when it is noon in Berlin.
    assert letter.date == datetime(2027, 4, 14, 19, tzinfo=UTC)
    assert min(offered(letter)) == date(2027, 4, 15)
    both = "12:00 Berlin time (Friday 16 April 2027, 00:00 Kiritimati time)"
    assert both in " ".join(letter.text.split())


def test_who_agreed_to_nothing_is_handed_on_to_nobody(clinic):
    asked = fell_silent(clinic, agrees="")
    assert (offers(asked), taken_up(asked)) == ([], None)
    assert letters(go_to(now() + timedelta(days=200))) == []
    assert broken() == []


def test_who_takes_it_back_before_the_end_is_handed_on_to_nobody(clinic):
    asked = lead(clinic, agrees=AGREED)
    say(asked, "responded")
    journeys.refuse_suggestions(asked.customer_id, now(), VISITOR, source="page", wording="no")
    go_to(now() + SILENT)
    assert (state(asked), offers(asked)) == ("stale", [])


@pytest.mark.parametrize("built_in", [True, False])
def test_a_business_may_hand_it_on_to_nobody_or_to_another_program(clinic, built_in):
    if built_in:
        chosen = {"hand_offs": {**DEFAULT_HAND_OFFS, "stale": []}}
    else:
        chosen = {"built_in": ["follow_up", "reputation"]}
    appointments.change_policy(clinic.business, chosen, now(), DESK)
    asked = fell_silent(clinic)
    assert offers(asked) == ([] if built_in else ["offered"])
    assert taken_up(asked) is None


def test_who_is_held_out_is_left_alone(clinic, monkeypatch):
    monkeypatch.setattr(holdout, "held_out", lambda *_: True)
    asked = fell_silent(clinic)
    assert letters(go_to(now() + timedelta(days=200))) == []
    notes = reactivation.notes(taken_up(asked))
    assert notes[0].startswith("They asked, and nothing came of it")
    assert notes[1] == "Not invited: left alone by chance, to see what invitations bring."


STOPS = {
    "a booking": (
        lambda clinic, asked: clinic.book(now() + timedelta(days=4)),
        None,
    ),
    "a refusal": (lambda clinic, asked: stops(asked), "opted out"),
    "a word of theirs": (lambda clinic, asked: asks(clinic, words="Are you there?"), "replied"),
    "a call of theirs": (lambda clinic, asked: asks(clinic, "phone"), "replied"),
}


def stops(asked):
    actions.stop(asked, now(), VISITOR, source="letter", wording="no")


@pytest.mark.parametrize("stop", STOPS)
def test_it_stops_with(clinic, stop):
    asked = fell_silent(clinic)
    assert letters(go_to(now() + FIRST)) == ["invitation_first"]
    act, result = STOPS[stop]
    act(clinic, asked)
    assert ended(asked) == (("closed", result) if result else ("paused", None))
    # Whoever asked again and fell silent again is taken up anew, a month after that.
    later = letters(go_to(now() + timedelta(days=42)))
    assert not [each for each in later if each.startswith("invitation")]
    assert broken() == []


def test_who_books_by_the_link_under_another_name_has_come_back(clinic):
    asked = fell_silent(clinic)
    go_to(now() + FIRST)
    clinic.book(
        now() + timedelta(days=4),
        name="Somebody Else",
        lead=asked.case_id,
    )
    assert ended(asked) == ("paused", None)


def test_whom_a_visit_of_theirs_waits_for_is_asked_about_that_one(clinic):
    asked = lead(clinic, agrees=AGREED)
    say(asked, "responded")
    Case.objects.create(
        business=clinic.business,
        path="reactivation",
        subject=uuid4(),
        number=1,
        person=asked.customer,
        state="due_set",
        state_since=now(),
        version=0,
        waits=True,
        zone="Europe/Berlin",
        anchors={},
        facts={},
        policy_id=clinic.business.policies.latest("number").pk,
    )
    go_to(now() + SILENT)
    assert ended(asked) == ("closed", "due already")


def test_without_a_service_the_first_with_a_free_time_is_offered(clinic):
    asked = fell_silent(clinic)
    letter = go_to(now() + FIRST).letters[-1]
    assert str(clinic.service.id) in letter.text
    assert asked.service is None


def test_what_was_set_up_before_goes_on_as_it_was(clinic):
    migration = importlib.import_module("kept.accounts.migrations.0005_after_an_enquiry")
    version = PolicyVersion.objects.filter(business=clinic.business).latest("number")
    del version.data["hand_offs"]["stale"]
    version.save()
    assert any("nothing says what follows stale" in each for each in broken())
    migration.name_it(apps, connection.schema_editor())
    assert accounts.policy_version(version.pk).hand_offs["stale"] == ("reactivation",)


# An answer to the invitation from another address of theirs

FROM_WORK = "Mia at work <mia@work.example.com>"


def link_in(letter):
    return re.search(r"http\S+any/\?\S+", letter.text)[0]


ANSWERS = {
    "in the thread": lambda letter: {"In_Reply_To": letter.message_id},
    "further down the thread": lambda letter: {"References": f"<x@y> {letter.message_id}"},
    "with the letter quoted": lambda letter: {"text": f"Yes!\n\n> Choose:\n> {link_in(letter)}"},
}


def answers(clinic, letter, how, head=b"", **more):
    said = {"text": "Yes, please.", "sender": FROM_WORK, **how(letter), **more}
    return mail.take(clinic.business, head + sent_by(**said), now())


@pytest.mark.parametrize("how", ANSWERS)
@pytest.mark.parametrize("was_here", [True, False])
def test_who_answers_the_invitation_from_elsewhere_is_the_one_invited(clinic, how, was_here):
    person, letter = came(clinic) if was_here else asked_once(clinic)
    taken = answers(clinic, letter, ANSWERS[how])
    assert taken.lead.customer_id == person
    case = Case.objects.get(path="reactivation", person=person)
    assert (case.state, case.facts["result"]) == ("closed", "replied")
    [enquiry] = queries.enquiries(taken.lead)
    assert enquiry.contact["written_from"] == "mia@work.example.com"
    # Our answer goes to the address that was invited, and to no other.
    post = go_to(now() + timedelta(minutes=1))
    assert [each.recipient.address for each in post.letters] == ["mia@example.com"]


@pytest.mark.parametrize(
    "how",
    [
        lambda letter: {},
        lambda letter: {"In_Reply_To": "<0123456789abcdef0123456789abcdef.x.1@kept.example.com>"},
        lambda letter: {"text": "for=0123456789abcdef0123456789abcdef~abc"},
        lambda letter: {"text": link_in(letter).replace("a", "b").replace("1", "2")},
    ],
)
def test_without_what_only_its_reader_has_it_is_somebody_else_s_enquiry(clinic, how):
    person, letter = came(clinic)
    taken = answers(clinic, letter, how)
    assert taken.lead.customer_id != person
    assert Case.objects.get(path="reactivation", person=person).waits


def test_a_forged_answer_speaks_for_nobody_invited(clinic, settings):
    settings.MAIL_HOSTS = frozenset({"mx.example.com"})
    person, letter = came(clinic)
    head = b"Authentication-Results: mx.example.com; dmarc=fail\r\n"
    taken = answers(clinic, letter, ANSWERS["in the thread"], head)
    assert taken.lead.customer_id != person
    assert Case.objects.get(path="reactivation", person=person).waits


def test_the_letter_of_another_house_names_nobody_here(clinic):
    other = Clinic(name="Other House")
    person, letter = came(clinic)
    taken = answers(other, letter, ANSWERS["in the thread"])
    assert taken.lead.customer_id != person
    assert Case.objects.get(path="reactivation", person=person).waits


def came(clinic):
    """Somebody who was here, agreed, and has been invited to come again."""
    clinic.service.comes_again_days = 20
    clinic.service.save()
    booked = clinic.book(berlin(2, 10))
    agrees = {"given": True, "source": "page"}
    journeys.record_wish(booked.customer_id, "marketing", now(), VISITOR, **agrees)
    go_to(berlin(2, 10, 45))
    appointments.say(booked, "completed", now(), DESK)
    post = go_to(now() + timedelta(days=32))
    return booked.customer_id, invitations(post)[-1]


def asked_once(clinic):
    asked = fell_silent(clinic, service=clinic.service.id)
    return asked.customer_id, invitations(go_to(now() + FIRST))[-1]


def invitations(post):
    return [each for each in post.letters if "control=invitation" in each.headers["X-Kept"]]
