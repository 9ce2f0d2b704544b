"""From a completed visit to the next one, walked through time."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.core.case import Event, NotAllowed, with_letter
from kept.core.paths import PATHS
from kept.core.policy import PolicyError, changed
from tests.core.builders import STAFF, ComesAgain, Visit, later, local, policy

REACTIVATION = PATHS["reactivation"]
ALL_THREE = [("invitation_first", -14), ("invitation_second", 30), ("invitation_third", 90)]
RECALLS = [("recall_first", -14), ("recall_second", 30), ("recall_third", 90)]
WAITING = sorted(REACTIVATION.waiting)
A_VISIT = {
    "about": "the next visit",
    "start": later(Visit().start, "24h").isoformat(),
    "end": later(Visit().start, "25h").isoformat(),
}


def test_only_a_completed_visit_and_an_enquiry_that_fell_silent_lead_here():
    assert set(REACTIVATION.receives) == {"completed", "stale"}


def test_the_whole_way_when_nobody_comes():
    visit = ComesAgain()
    assert visit.state == "due_set"
    assert visit.day(-15).state == "due_set"
    assert visit.day(-14).state == "due"
    assert visit.day(30).state == "overdue"
    assert visit.day(120).state == "lapsed"
    assert visit.days() == ALL_THREE
    # Half a year before the second: in summer by then, and ten in the morning all the same.
    assert {local(at)[4:] for at, _ in visit.posted} == {"10:00"}


# Who gets them


def test_who_has_not_agreed_gets_nothing_and_is_due_all_the_same():
    visit = ComesAgain(agreed=False, agreed_at="").day(31)
    assert (visit.state, visit.sent()) == ("overdue", [])


def test_who_is_held_out_gets_nothing_and_walks_the_same_way():
    visit = ComesAgain(held_out=True)
    assert visit.day(31).state == "overdue"
    assert visit.day(2000).sent() == []
    assert (visit.state, visit.result) == ("closed", "lapsed")


def test_who_agrees_meanwhile_gets_what_is_still_to_come():
    visit = ComesAgain(agreed=False, agreed_at="").day(20)
    visit.happens("agreed")
    assert visit.sent() == ["invitation"]  # the first, while it is of use
    assert visit.day(125).days() == [
        ("invitation_first", 20),
        ("invitation_second", 50),
        ("invitation_third", 90),
    ]


def test_a_recall_needs_no_agreement():
    visit = ComesAgain(agreed=False, agreed_at="", recall=True)
    assert visit.day(119).days() == RECALLS
    assert visit.day(121).state == "closed"  # once a year somebody is asked who has agreed


def test_a_recall_is_never_held_out_and_never_an_invitation_too():
    assert ComesAgain(recall=True, held_out=True).day(119).days() == RECALLS


@pytest.mark.parametrize("recall", [True, False])
def test_who_has_refused_gets_neither(recall):
    assert ComesAgain(refused=True, recall=recall).day(400).sent() == []


def test_who_got_enough_this_year_gets_no_more():
    assert ComesAgain(letters_before=2).day(119).days() == ALL_THREE[:2]
    assert ComesAgain(letters_before=4).day(119).days() == []
    several = policy(invitations_a_year=12)
    assert ComesAgain(letters_before=4, policy=several).day(119).days() == ALL_THREE


def test_whom_no_channel_reaches_is_due_all_the_same():
    visit = ComesAgain(channels=[]).day(31)
    assert (visit.state, visit.sent()) == ("overdue", [])
    assert visit.became("invitation_first") == "skipped: no channel reaches the customer"


@pytest.mark.parametrize("why", ["no due date", "visit ahead", "newer visit", "complaint"])
def test_where_nothing_is_to_be_asked_it_ends_at_once_and_says_why(why):
    visit = ComesAgain(why_not=why)
    assert (visit.state, visit.result) == ("closed", why)
    assert visit.case.controls == ()


# When


def test_while_the_follow_up_may_still_ask_nothing_is_asked():
    visit = ComesAgain(14, follow_up=True).day(119)
    # The follow-up lasts four weeks after the visit: two after the day the next one is due.
    assert visit.days() == [
        ("invitation_first", 14),
        ("invitation_second", 44),
        ("invitation_third", 90),
    ]
    assert ComesAgain(14).day(0).days() == [("invitation_first", -14)]


def test_a_letter_that_went_late_moves_those_after_it():
    visit = ComesAgain().sleep_until(later(ComesAgain().due, "240h"))
    assert visit.days() == [("invitation_first", 10)]
    assert visit.day(120).days()[1:] == [("invitation_second", 40), ("invitation_third", 90)]


def test_a_larger_distance_is_kept():
    visit = ComesAgain(policy=policy(invitation_gap="1440h")).day(119)
    assert [day for _, day in visit.days()] == [-14, 46, 106]
    assert visit.state == "overdue"
    assert visit.day(170).state == "lapsed"  # the last one gets its time too


def test_a_worker_away_for_a_year_sends_no_heap_of_letters():
    asleep = ComesAgain()
    asleep.sleep_until(asleep.due + timedelta(days=100))
    assert asleep.sent() == ["invitation"]
    longer = ComesAgain()
    longer.sleep_until(longer.due + timedelta(days=365))
    assert (longer.state, longer.sent()) == ("closed", [])


def test_a_night_is_not_disturbed():
    visit = ComesAgain(policy=policy(quiet_hours=["12:00", "18:00"])).day(-10)
    assert local(visit.sent_at("invitation"))[4:] == "12:00"


def test_another_letter_of_that_day_comes_first():
    visit = ComesAgain().day(-15)
    visit.case = with_letter(visit.case, visit.due - timedelta(days=14))
    assert visit.day(-14).sent() == []
    assert visit.day(-12).days() == [("invitation_first", -13)]


# Stops


STOPS = {
    "replied": "replied",
    "declined": "declined",
    "opted_out": "opted out",
    "gone": "gone",
    "visited_since": "newer visit",
    "visit_took_place": "newer visit",
    "outcome_withdrawn": "outcome corrected",
}


def in_state(state):
    visit = ComesAgain()
    if state == "snoozed":
        visit.happens("snoozed", until=later(visit.due, "240h").isoformat())
        return visit
    if state == "paused":
        visit.happens("visit_booked_nearby", **{**A_VISIT, "about": "another one"})
        return visit
    days = {"due_set": -20, "due": 1, "overdue": 40, "lapsed": 125}
    return visit.day(days[state])


@pytest.mark.parametrize("state", WAITING)
@pytest.mark.parametrize("event", STOPS)
def test_each_stop_ends_it_for_good(state, event):
    visit = in_state(state)
    assert visit.state == state
    before = visit.sent()
    visit.happens(event, **({"words": "moved away"} if event == "gone" else A_VISIT))
    assert (visit.state, visit.result) == ("closed", STOPS[event])
    visit.until(visit.due + timedelta(days=3000))
    assert visit.sent() == before
    assert not visit.waiting()


def test_a_letter_on_its_way_is_called_back():
    visit = ComesAgain()
    visit.transport = "hangs"
    visit.day(-14)
    visit.happens("visit_booked", **A_VISIT)
    assert visit.withdrawn == [("invitation_first", 1)]


def test_an_answer_is_read_by_a_person():
    visit = ComesAgain().day(-13)
    visit.happens("replied", by=STAFF)
    assert visit.open == {"REPLY"}


def test_who_is_gone_is_not_asked_for_again():
    visit = ComesAgain()
    visit.happens("gone", words="moved away")
    assert visit.case.facts["gone"] == "moved away"


# Later


def test_who_names_a_day_is_asked_once_more_on_that_day():
    visit = ComesAgain().day(-13)
    visit.happens("snoozed", until=(visit.due + timedelta(days=60)).isoformat())
    assert visit.state == "snoozed"
    visit.day(95)
    assert visit.days() == [("invitation_first", -14), ("invitation_as_asked", 60)]
    assert visit.state == "lapsed"


def test_who_names_another_day_is_asked_on_that_one():
    visit = ComesAgain()
    for days in (30, 60):
        visit.happens("snoozed", until=(visit.due + timedelta(days=days)).isoformat())
    assert visit.day(91).days() == [("invitation_as_asked", 60)]


def test_who_is_held_out_and_asks_for_it_is_asked_again():
    visit = ComesAgain(held_out=True)
    visit.happens("snoozed", until=(visit.due + timedelta(days=60)).isoformat())
    assert visit.day(95).days() == [("invitation_as_asked", 60)]


def test_a_recall_can_be_put_off_too():
    visit = ComesAgain(recall=True, agreed=False, agreed_at="").day(-13)
    visit.happens("snoozed", until=(visit.due + timedelta(days=60)).isoformat())
    assert visit.day(89).days() == [("recall_first", -14), ("recall_as_asked", 60)]


@pytest.mark.parametrize("days", [-1, 0, 401])
def test_a_day_in_the_past_or_far_away_is_refused(days):
    visit = ComesAgain()
    until = (visit.now + timedelta(days=days)).isoformat()
    assert "within 400 days" in visit.refusal("snoozed", until=until).detail


def test_before_a_day_is_named_asking_later_is_among_what_may_be_asked():
    with pytest.raises(NotAllowed) as refused:
        ComesAgain().happens("went_badly")
    assert set(refused.value.allowed) == {"snoozed", "declined", "replied", "gone"}


def test_after_the_end_once_a_year_while_the_agreement_is_fresh():
    visit = ComesAgain(180).day(120 + 366)
    assert visit.days()[3:] == [("invitation_yearly", 120 + 365)]
    assert visit.state == "closed"  # by the next year it would be too old
    again = ComesAgain(180).day(130)
    again.happens("agreed")
    again.day(120 + 731)
    assert [each for each in again.days() if each[0] == "invitation_yearly"] == [
        ("invitation_yearly", 120 + 365),
        ("invitation_yearly", 120 + 730),
    ]


def test_an_old_agreement_ends_it():
    visit = ComesAgain(400).day(121)
    assert (visit.state, visit.result) == ("closed", "lapsed")


def test_a_yearly_letter_that_fails_is_the_end():
    visit = ComesAgain(180).day(121)
    visit.transport = "refuses"
    visit.day(500)
    assert (visit.state, visit.result) == ("closed", "lapsed")


# What a business may set


def test_the_order_of_the_invitations_is_kept():
    with pytest.raises(PolicyError, match=r"invitation_third \(31d 10:00\) must come after"):
        changed(policy(), {"invitation_third": "31d 10:00", "invitation_second": "40d 10:00"})


@pytest.mark.parametrize(
    "data",
    [
        {"invitation_gap": "24h"},
        {"invitation_yearly": "30d 10:00"},
        {"hold_out": 51},
        {"hold_out": -1},
        {"invitations_a_year": 0},
        {"rhythm_visits": 2},
        {"hold_out": "10"},
        {"hold_out": True},
    ],
)
def test_what_would_pester_people_is_refused(data):
    with pytest.raises(PolicyError, match=next(iter(data))):
        changed(policy(), data)
    assert changed(policy(), {"hold_out": 0}).hold_out == 0


# Whatever happens


VISITS = [
    *("visit_booked", "visit_booked_nearby", "visit_given_back", "visit_took_place"),
    *("complained_elsewhere", "complaint_settled"),
]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([*VISITS, "agreed", "opted_out", "snoozed", "replied", "nothing"]),
        st.integers(1, 200),
    ),
    max_size=12,
)


@given(EVENTS, st.booleans(), st.booleans(), st.booleans(), st.integers(1, 700), st.booleans())
def test_nobody_is_invited_without_agreement_nor_more_often_than_once_in_30_days(
    events, agreed, held, recall, days, follow_up
):
    visit = ComesAgain(
        days,
        agreed=agreed,
        agreed_at=Visit().start.isoformat() if agreed else "",
        held_out=held,
        recall=recall,
        follow_up=follow_up,
    )
    asked_themselves = False
    for name, pause in events:
        visit.until(visit.now + timedelta(days=pause))
        if visit.state == "closed":
            break
        if name == "snoozed":
            asked_themselves = True
            visit.happens(name, until=(visit.now + timedelta(days=45)).isoformat())
        elif name != "nothing" and visit.path.rule(Event(name, visit.now), visit.state):
            agreed = agreed or name == "agreed"
            times = {"start": visit.now, "end": later(visit.now, "500h")}
            moments = {at: moment.isoformat() for at, moment in times.items()}
            visit.happens(name, about="a visit", **moments)
    visit.until(visit.now + timedelta(days=2500))
    assert visit.state == "closed"
    letters = visit.sent()
    assert agreed or "invitation" not in letters
    if not asked_themselves:
        moments = [at for at, post in visit.posted]
        assert all(b - a >= timedelta(days=30) for a, b in pairwise(moments))
        assert not held or recall or not letters
        yearly = [post for _, post in visit.posted if post.control == "invitation_yearly"]
        assert len(letters) - len(yearly) <= 3
