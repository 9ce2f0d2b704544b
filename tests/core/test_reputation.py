"""The ask for a review, walked through time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.core.case import Case, Event
from kept.core.paths import PATHS
from kept.core.policy import Policy
from tests.core.builders import BERLIN, STAFF, START, AfterVisit, later, local, policy

REPUTATION = PATHS["reputation"]


class Ask(AfterVisit):
    """A case of the Reputation path, opened at the end of a visit; `review`: of a review seen."""

    path = REPUTATION

    def __init__(self, *, policy=None, channels=("email",), review=None, **facts):
        self.start = self.end = self.now = START
        self.transport = "accepts"
        self.events, self.posted, self.withdrawn, self.told = [], [], [], []
        self.raised, self.decisions = [], []
        about = {"review": "r1"} if review is not None else {"links": True}
        self.case = Case(
            path="reputation",
            state="",
            zone=BERLIN.key,
            anchors={"opened": START, "reply_by": later(START, "48h")},
            policy=policy or Policy(),
            facts={"channels": list(channels), **about, **facts},
        )
        if review is None:
            self.happens("visit_completed")
        else:
            self.happens("review_seen", bad=review == "bad")

    @property
    def result(self):
        return self.case.facts.get("result")


def test_only_a_completed_visit_begins_one():
    assert set(REPUTATION.receives) == {"completed"}


# The way


def test_one_ask_after_two_days_and_one_reminder_a_week_later():
    ask = Ask().after("1000h")
    assert ask.sent() == ["review_ask", "review_reminder"]
    assert [local(at) for at, _ in ask.posted] == ["Fri 10:00", "Fri 10:00"]
    assert (ask.state, ask.result) == ("closed", "no answer")
    assert not ask.waiting()


def test_the_night_is_not_disturbed():
    ask = Ask(policy=policy(quiet_hours=["12:00", "20:00"])).after("1000h")
    assert local(ask.sent_at("review_ask")) == "Fri 12:00"


def test_it_gives_way_to_another_letter_of_the_day():
    ask = Ask().until(later(START, "47h"))
    ask.written_to_today().after("50h")
    assert ask.sent() == []
    assert local(ask.after("90h").sent_at("review_ask")) == "Sat 10:00"


@pytest.mark.parametrize(
    ("what", "result"),
    [
        ("clicked", "clicked"),
        ("review_declined", "rather not"),
        ("wrong_person", "wrong person"),
        ("reviewed", "reviewed"),
    ],
)
def test_whatever_the_customer_does_with_it_ends_the_asking(what, result):
    ask = Ask().after("50h")
    ask.happens(what)
    assert (ask.state, ask.result) == ("closed", result)
    assert ask.after("1000h").sent() == ["review_ask"]
    assert ("WRONG_PERSON" in ask.open) == (what == "wrong_person")


def test_clicks_are_counted():
    ask = Ask().after("50h")
    ask.happens("clicked")
    ask.happens("clicked")
    assert ask.case.facts["clicks"] == 2
    again = Ask().after("50h")
    again.happens("review_declined")
    again.happens("clicked")
    assert (again.result, again.case.facts["clicks"]) == ("rather not", 1)


@pytest.mark.parametrize("what", ["clicked", "review_declined", "wrong_person"])
def test_nobody_answers_what_was_not_asked(what):
    assert Ask().refusal(what).event == what


@pytest.mark.parametrize("became", ["failed", "expired"])
def test_a_letter_that_never_arrived_is_no_ask(became):
    ask = Ask()
    ask.transport = "hangs"
    ask.after("50h").message(became, "review_ask", detail="mailbox unknown")
    assert ask.after("1000h").state == "closed"
    assert ask.result == ("not delivered" if became == "failed" else "not in time")
    assert not ask.case.facts.get("asked")


def test_a_letter_that_may_have_arrived_counts_as_asked():
    ask = Ask()
    ask.transport = "hangs"
    ask.after("50h").message("doubtful", "review_ask")
    assert ask.state == "asked"


def test_without_an_address_it_says_so_and_waits_for_one():
    ask = Ask(channels=())
    assert ask.became("review_ask") == "skipped: no channel reaches the customer"
    assert ask.after("1000h").result == "no address"
    late = Ask(channels=()).after("50h")
    late.happens("contact_changed", channels=["email"])
    assert "review_ask" in late.after("60h").sent()


def test_it_gives_way_even_where_several_letters_may_share_a_day():
    """The other letter may be an ask about another visit, and nobody is asked twice."""
    ask = Ask(policy=policy(several_a_day=True)).until(later(START, "47h"))
    assert ask.written_to_today().after("50h").sent() == []
    ask.happens("asked_elsewhere")
    assert ask.after("1000h").sent() == []


# Who is left out


@pytest.mark.parametrize(
    ("fact", "result"),
    [
        ("assumed", "nobody saw the visit"),
        ("insider", "insider"),
        ("asked_recently", "asked recently"),
    ],
)
@pytest.mark.parametrize("stands", [{}, {"complained": True}, {"links": False}])
def test_who_is_left_out_is_closed_at_once_with_the_reason(fact, result, stands):
    ask = Ask(**{fact: True}, **stands)
    assert (ask.state, ask.result) == ("closed", result)
    assert ask.after("1000h").sent() == []


@pytest.mark.parametrize(
    ("event", "result"),
    [
        ("asked_elsewhere", "asked recently"),
        ("marked_insider", "insider"),
        ("opted_out", "refused"),
    ],
)
@pytest.mark.parametrize("stands", [{}, {"complained": True}, {"links": False}])
def test_what_becomes_known_later_leaves_them_out_too(event, result, stands):
    ask = Ask(**stands)
    ask.happens(event, wish="review")
    assert (ask.state, ask.result) == ("closed", result)
    assert ask.after("1000h").sent() == []


@pytest.mark.parametrize("event", ["marked_insider", "opted_out"])
def test_after_the_ask_it_spares_the_reminder(event):
    ask = Ask().after("50h")
    ask.happens(event, wish="review")
    assert ask.after("1000h").sent() == ["review_ask"]


@pytest.mark.parametrize("stands", [{}, {"complained": True}, {"links": False}])
def test_who_has_refused_before_is_not_asked(stands):
    ask = Ask(not_to_write={"review": "the customer refused to be asked for a review"}, **stands)
    assert (ask.state, ask.result) == ("closed", "refused")
    assert ask.after("1000h").sent() == []


def test_refusing_suggestions_is_not_refusing_to_be_asked():
    ask = Ask()
    assert ask.refusal("opted_out", wish="marketing")


@pytest.mark.parametrize("late", ["1h", "50h"])
def test_an_outcome_corrected_takes_the_ask_back_or_notes_it(late):
    ask = Ask().after(late)
    sent = ask.sent()
    ask.happens("outcome_withdrawn")
    assert ask.state == "closed"
    assert ask.result == ("outcome corrected after asking" if sent else "outcome corrected")
    assert ask.after("1000h").sent() == sent


def test_a_correction_while_the_letter_is_on_its_way_is_noted():
    ask = Ask()
    ask.transport = "hangs"
    ask.after("50h").happens("outcome_withdrawn")
    assert ask.withdrawn == [("review_ask", 1)]
    ask.message("accepted", "review_ask")
    assert (ask.state, ask.case.facts["asked"]) == ("closed", True)


# What only delays


def test_an_open_complaint_delays_the_ask_for_two_weeks_and_no_longer():
    ask = Ask(complained=True)
    assert ask.state == "held"
    ask.after("335h")
    assert ask.sent() == []
    assert ask.after("337h").sent() == ["review_ask"]


@pytest.mark.parametrize("hours", ["1h", "47h"])
def test_a_complaint_before_the_ask_holds_it_and_settled_lets_it_go(hours):
    ask = Ask().after(hours)
    ask.happens("complained_elsewhere")
    assert ask.state == "held"
    assert ask.after("100h").sent() == []
    ask.happens("complaint_settled")
    assert ask.state == "eligible"
    assert ask.sent() == []  # not in the moment in which we say that it is settled
    assert ask.after("150h").sent() == ["review_ask"]


def test_a_second_complaint_does_not_hold_it_again():
    ask = Ask(complained=True, channels=()).after("337h")
    ask.happens("complained_elsewhere")
    assert ask.state == "eligible"


def test_without_a_link_it_waits_for_one():
    ask = Ask(links=False)
    assert ask.state == "unready"
    ask.after("100h").happens("links_changed", links=True)
    assert ask.sent() == ["review_ask"]
    assert Ask(links=False).after("1000h").result == "no link"


def test_a_link_for_somebody_who_complained_does_not_end_the_hold():
    ask = Ask(links=False, complained=True)
    ask.after("100h").happens("links_changed", links=True)
    assert (ask.state, ask.sent()) == ("held", [])


def test_links_taken_away_stop_it_until_there_are_others():
    ask = Ask().after("1h")
    ask.happens("links_changed", links=False)
    assert ask.state == "unready"
    asked = Ask().after("50h")
    asked.happens("links_changed", links=False)
    assert asked.after("1000h").sent() == ["review_ask"]


def test_a_complaint_settled_while_there_is_no_link_is_settled():
    ask = Ask(links=False, complained=True)
    ask.happens("complaint_settled")
    ask.happens("links_changed", links=True)
    assert ask.state == "eligible"


# Equality: the ask does not depend on what anybody said

COMPLAINTS = ("complained_elsewhere", "complaint_settled")


@given(st.lists(st.tuples(st.sampled_from(COMPLAINTS), st.integers(1, 500)), max_size=8))
def test_complaints_in_any_order_change_when_and_never_whether_or_what(said):
    quiet, upset = Ask().after("1400h"), Ask()
    at = 0
    for name, hours in said:
        at += hours
        if at < 1400:
            upset.after(f"{at}h")
            if REPUTATION.rule(Event(name, START), upset.state):
                upset.happens(name)
    upset.after("1400h")
    assert upset.sent() == quiet.sent()
    delay = upset.sent_at("review_ask") - quiet.sent_at("review_ask")
    assert delay <= later(START, "336h") - START


# A review that was seen


def test_a_review_is_for_a_person_within_two_working_days():
    seen = Ask(review="good")
    assert (seen.state, seen.open) == ("answering", {"REVIEW_REPLY"})
    assert seen.raised[0].due_at == later(START, "48h")
    seen.happens("escalation_resolved", by=STAFF, kind="REVIEW_REPLY", reason="thanked")
    assert (seen.state, seen.result) == ("closed", "answered")
    assert seen.sent() == []


def test_behind_a_bad_one_stands_something_to_put_right():
    seen = Ask(review="bad")
    assert seen.open == {"REVIEW_REPLY", "REVIEW_RECOVERY"}
    seen.happens("escalation_resolved", by=STAFF, kind="REVIEW_REPLY", reason="answered")
    assert seen.state == "answering"
    seen.happens("escalation_resolved", by=STAFF, kind="REVIEW_RECOVERY", reason="called")
    assert seen.state == "closed"


def test_a_review_entered_by_mistake_is_taken_back():
    seen = Ask(review="bad")
    seen.happens("review_withdrawn")
    assert (seen.state, seen.open) == ("closed", set())


def test_nothing_offers_anything_for_a_review():
    fields = Policy.__dataclass_fields__
    assert not [name for name in fields if any(w in name for w in ("incentive", "reward", "gift"))]
