"""The weekly letter to the owners: computed by the audit, sent once, whatever happens."""

from datetime import date, datetime, timedelta
from unittest import mock
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction

from kept.accounts.actions import new_policy_version as change_policy
from kept.accounts.queries import Member
from kept.appointments import actions
from kept.audit import letters, weekly
from kept.audit.history import Outcome
from kept.audit.models import WeeklyEvidence, WeeklyLetter
from kept.audit.report import audit
from kept.audit.watching import broken_now
from kept.channels.base import TransportError
from kept.clock import actions as clock
from kept.core.policy import Policy
from kept.outbox.actions import BACKOFF, MOST_DOUBTS
from kept.worker.weekly import send_waiting
from tests.appointments.clinic import DESK, MIA, Clinic, Post, berlin, go_to, now
from tests.audit.building import Given, clean, plant

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = berlin(8, 8)


@pytest.fixture
def clinic(db):
    """In the first week one visit as it should be, moved to its time, and one that
    nobody said anything about."""
    clinic = Clinic()
    moved = clinic.book(berlin(3, 10), clinic.ada)
    clinic.book(berlin(4, 10), clinic.ben, name="Leo Ek")
    go_to(berlin(1, 12))
    actions.move(moved, berlin(4, 12), now(), MIA)
    go_to(berlin(4, 12))
    actions.say(moved, "arrived", now(), DESK)
    actions.say(moved, "completed", now(), DESK)
    go_to(berlin(7, 10))
    return clinic


def turn(post=None):
    """What a worker does about it; answers the letters that left."""
    post = post or Post()
    letters.write_due(now())
    send_waiting(post, now())
    return post.letters


def test_it_says_what_broke_what_it_costs_and_what_was_won_back(clinic):
    assert turn() == [], "not before Monday"
    clock.advance_to(MONDAY)
    (letter,) = turn()
    assert letter.recipient.address == "harbour@example.com"
    assert letter.subject == "Your week at Harbour Clinic: 1 of 2 appointments broke somewhere"
    assert letter.headers["X-Kept"] == "week=2027-03-08 control=weekly_mail"
    for said in (
        "Harbour Clinic, Mon 1 March 2027 to Sun 7 March 2027",
        "1 of 2 appointments (50 %) was carried through without a break.",
        "1 appointment had no outcome a day after its end.",
        "/console/audit/behind/B6/?from=2027-03-01&to=2027-03-07",
        "€60.00 are at risk",
        "Won back, worth €60.00: 1 visit took place after it had been moved (€60.00).",
        "list price of the visits, not margin",
    ):
        assert said in letter.text
    assert "/console/audit/behind/B6/?from=2027-03-01&amp;to=2027-03-07" in letter.html
    assert turn() == [], "once"


def test_what_is_lost_is_not_said_to_come_of_the_break():
    missed = plant(clean(0, Outcome.MISSED), "B1")
    broken = [each for each in audit(Given([missed])).breaks if each.appointments]
    assert weekly._cost(broken, "EUR") == ["Where it broke, €60.00 are lost."]


def test_after_weeks_without_a_worker_one_letter_comes(clinic):
    clock.advance_to(berlin(29, 9))
    (letter,) = turn()
    assert letter.subject == "Your week at Harbour Clinic: no appointments"
    assert WeeklyLetter.objects.get().week == date(2027, 3, 29)


def kinds():
    return [each.kind for each in WeeklyEvidence.objects.order_by("at", "id")]


def over():
    """The leases of whoever holds a letter are over."""
    WeeklyLetter.objects.update(taken_until=datetime.now(BERLIN) - timedelta(seconds=1))


class Failing(Post):
    """Takes every letter and then says that it did not, or breaks off."""

    def __init__(self, error, times=1):
        super().__init__()
        self.fails, self.times, self.tried = error, times, []

    def hand_over(self, letter):
        self.tried.append(letter.message_id)
        if len(self.tried) <= self.times:
            raise self.fails
        return super().hand_over(letter)


def test_a_mail_server_that_is_away_gets_it_later_and_once(clinic):
    clock.advance_to(MONDAY)
    post = Post()
    post.away = TransportError("no connection")
    assert turn(post) == []
    post.away = None
    assert turn(post) == [], "not at once"
    clock.advance(BACKOFF[0])
    assert len(turn(post)) == 1
    assert turn(post) == post.letters[:1]
    assert kinds() == ["queued", "retrying", "handed_over", "accepted"]


def test_one_that_is_refused_for_now_is_not_lost(clinic):
    clock.advance_to(MONDAY)
    post = Failing(TransportError("452 too busy"), times=3)
    for wait in BACKOFF[:4]:
        turn(post)
        clock.advance(wait + BACKOFF[0])
    assert len(post.tried) == 4
    assert len(post.letters) == 1
    assert turn(post) == post.letters
    assert letters.given_up(clinic.business.id) == []


def test_one_that_may_have_arrived_is_repeated_as_the_same_letter_a_few_times(clinic):
    clock.advance_to(MONDAY)
    hangs = Failing(TransportError("no answer", doubt=True), times=99)
    for _ in range(6):
        turn(hangs)
        clock.advance(BACKOFF[-1])
    assert len(hangs.tried) == MOST_DOUBTS
    assert len(set(hangs.tried)) == 1
    (told,) = letters.given_up(clinic.business.id)
    assert told.error == "it may have arrived: no answer"


def test_the_desk_is_told_of_one_that_was_given_up_until_somebody_has_seen_it(clinic):
    clock.advance_to(MONDAY)
    refused = Failing(TransportError("550 no such address", permanent=True))
    turn(refused)
    clock.advance(BACKOFF[-1])
    assert turn(refused) == []
    (told,) = letters.given_up(clinic.business.id)
    assert told.error == "550 no such address"
    another = uuid4()
    assert letters.given_up(another) == []
    with pytest.raises(WeeklyLetter.DoesNotExist):
        letters.seen(another, told.id, now())
    letters.seen(clinic.business.id, told.id, now())
    assert letters.given_up(clinic.business.id) == []
    letters.send_again(clinic.business.id, told.id, now())
    assert len(turn(refused)) == 1
    assert kinds()[-5:] == ["given_up", "seen", "asked_for_again", "handed_over", "accepted"]


def test_one_that_could_not_leave_in_its_week_is_given_up_and_told(clinic):
    clock.advance_to(MONDAY)
    post = Post()
    post.away = TransportError("no connection")
    turn(post)
    clock.advance(letters.OF_USE)
    turn(post)
    assert [each.week for each in letters.given_up(clinic.business.id)] == [date(2027, 3, 8)]


def test_a_worker_that_dies_before_it_is_handed_over_leaves_it_to_another(clinic):
    clock.advance_to(MONDAY)
    letters.write_due(now())
    assert letters.take(now()) is not None
    assert turn() == [], "it is in somebody's hands"
    over()
    assert len(turn()) == 1


def test_a_worker_that_dies_while_handing_it_over_leaves_a_doubt_and_no_silence(clinic):
    clock.advance_to(MONDAY)

    class Dies(Post):
        def hand_over(self, letter):
            super().hand_over(letter)
            raise KeyboardInterrupt

    post = Dies()
    with pytest.raises(KeyboardInterrupt):
        turn(post)
    assert turn() == [], "it is in somebody's hands"
    over()
    assert turn() == [], "not at once"
    clock.advance(BACKOFF[-1])
    (again,) = turn()
    assert again.message_id == post.letters[0].message_id, "mail programs keep one"
    assert kinds() == ["queued", "handed_over", "doubt", "retrying", "handed_over", "accepted"]
    assert turn() == []


def test_one_that_leaves_late_says_so_and_one_in_time_does_not(clinic):
    clock.advance_to(MONDAY)
    assert "was due" not in turn()[0].text
    clock.advance_to(berlin(17, 14, 30))
    (late,) = turn()
    said = (
        "This letter was due on Mon 15 March 2027 at 08:00. It leaves on Wed 17 March 2027 at 14:30"
    )
    assert late.text.startswith(said)
    assert f"</h1><p>{said}" in late.html
    assert late.date == now()


def test_a_day_changed_between_two_workers_makes_no_second_letter(clinic):
    """One has worked out Monday's letter when the day is changed and another writes Tuesday's."""
    clock.advance_to(berlin(9, 9))
    tell, other = weekly.tell, Post()

    def meanwhile(*arguments):
        found = tell(*arguments)
        with mock.patch.object(weekly, "tell", tell):
            change_policy(clinic.business, {"weekly_mail_day": 2}, now(), "owner")
            turn(other)
        return found

    with mock.patch.object(weekly, "tell", meanwhile):
        assert turn() == []
    assert len(other.letters) == 1
    assert list(WeeklyLetter.objects.values_list("week", flat=True)) == [date(2027, 3, 9)]


def test_what_became_of_a_letter_is_never_changed(clinic):
    clock.advance_to(MONDAY)
    turn()
    with pytest.raises(DatabaseError), transaction.atomic():
        WeeklyEvidence.objects.update(kind="accepted")


def test_one_business_of_which_nothing_can_be_told_keeps_no_other_waiting(clinic, monkeypatch):
    other = Clinic(name="Quay Clinic")
    tell = weekly.tell

    def fails(business, day, at):
        if business.name == "Harbour Clinic":
            raise ValueError("a row nobody can read")
        return tell(business, day, at)

    clock.advance_to(MONDAY)
    monkeypatch.setattr(weekly, "tell", fails)
    assert [each.sender.name for each in turn()] == [other.business.name]


def test_who_is_no_owner_any_more_is_told_nothing_of_the_money(clinic):
    clock.advance_to(MONDAY)
    letters.write_due(now())
    Member.objects.filter(business=clinic.business).update(role=Member.STAFF)
    assert turn() == []
    assert WeeklyLetter.objects.get().handed_over_at is None
    assert letters.given_up(clinic.business.id) == []


def test_two_workers_at_one_moment_send_one(clinic):
    clock.advance_to(MONDAY)
    other = Post()
    tell = weekly.tell

    def meanwhile(*arguments):
        found = tell(*arguments)
        with mock.patch.object(weekly, "tell", tell):
            turn(other)
        return found

    with mock.patch.object(weekly, "tell", meanwhile):
        assert turn() == []
    assert len(other.letters) == 1


def test_two_who_take_it_at_once(clinic):
    clock.advance_to(MONDAY)
    letters.write_due(now())
    first = letters.take(now())
    over()  # it was held up for longer than its lease
    second = letters.take(now())
    assert letters.mark(second, now())
    assert not letters.mark(first, now())


@pytest.mark.parametrize(
    ("policy", "at", "day"),
    [
        ({}, berlin(8, 7, 59), date(2027, 3, 1)),
        ({}, berlin(8, 8), date(2027, 3, 8)),
        ({"weekly_mail_day": 5, "weekly_mail_hour": 17}, berlin(12, 17), date(2027, 3, 12)),
        ({"weekly_mail_day": 5, "weekly_mail_hour": 17}, berlin(12, 16), date(2027, 3, 5)),
        # At two the clocks go forward that Sunday: it comes when they show three.
        ({"weekly_mail_day": 7, "weekly_mail_hour": 2}, berlin(28, 1, 59), date(2027, 3, 21)),
        ({"weekly_mail_day": 7, "weekly_mail_hour": 2}, berlin(28, 3), date(2027, 3, 28)),
        ({"weekly_mail": False}, berlin(8, 8), None),
    ],
)
def test_when_it_is_due(policy, at, day):
    assert weekly.due(Policy(**policy), BERLIN, at) == day


def test_a_business_made_since_hears_of_no_week_before(db):
    Clinic()
    clock.advance_to(berlin(1, 9))
    assert turn() == []


def test_what_is_broken_now(clinic):
    found = broken_now(clinic.business, now())
    assert (found.appointments, found.of, found.kinds) == (1, 2, 1)
    assert found.query == "from=2027-02-28&to=2027-03-14"
    other = Clinic(name="Hill Clinic")
    assert broken_now(other.business, now()) is None
