"""Asking for reviews, in the whole house: asked, left out, corrected, refused, replied to."""

from datetime import datetime, timedelta

import pytest

from kept.accounts import actions as accounts
from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.cases.queries import HandOff
from kept.clock import actions as clock
from kept.core.case import Role
from kept.core.policy import DEFAULT_HAND_OFFS, PolicyError
from kept.journeys import actions, queries, reputation
from kept.people.queries import Consent
from kept.schedule.queries import Resource
from kept.worker import loop
from tests.appointments.clinic import DESK, MIA, Clinic, Post, berlin, go_to, now
from tests.journeys.test_follow_up import broken, kinds

START, END = berlin(2, 10), berlin(2, 10, 45)
DAYS = timedelta(days=1)
PAGE = "https://reviews.example.com/harbour"


@pytest.fixture
def clinic(db):
    made = Clinic()
    reputation.add_link(made.business.id, "Example Reviews", PAGE, now(), DESK)
    return made


def resolved(clinic, outcome="completed", start=START, **more):
    booked = clinic.book(start, **more)
    before = outcome.startswith("cancelled")
    go_to(start - timedelta(minutes=1) if before else start + timedelta(minutes=45))
    if outcome == "completed":
        appointments.say(booked, "completed", now(), DESK)
    elif outcome == "missed":
        appointments.miss(booked, now(), DESK, by=Role.CUSTOMER)
    else:
        appointments.cancel(booked, now(), DESK, by=Role.CUSTOMER)
    return booked


def ask_of(booked):
    return queries.current(booked.id, "reputation")


def asks(post):
    return [kind for kind in kinds(post) if kind.startswith("review")]


# The way


def test_who_was_served_is_asked_after_two_days_and_once_more_a_week_later(clinic):
    booked = resolved(clinic)
    post = go_to(now() + 60 * DAYS)
    assert asks(post) == ["review_ask", "review_reminder"]
    first, second = [each for each in post.letters if "control=review" in each.headers["X-Kept"]]
    assert (first.date - END).days == 2
    assert (second.date - first.date).days == 7
    for letter in (first, second):
        assert f"/a/{booked.token}/review" in letter.text
        assert "Example Reviews" in letter.text
        assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter.headers["List-Unsubscribe"].endswith(f"/a/{booked.token}/review/stop>")
    assert ask_of(booked).facts["result"] == "no answer"
    assert broken() == []


def test_it_is_asked_in_the_language_of_the_customer(clinic):
    resolved(clinic, contact={"email": "mia@example.com", "locale": "de_DE"})
    post = go_to(now() + 20 * DAYS)
    first, second = [each for each in post.letters if "control=review" in each.headers["X-Kept"]]
    assert first.subject.endswith("eine Bewertung?")
    assert "ob gut oder schlecht" in " ".join(first.text.split())
    assert "nur noch dieses eine Mal" in " ".join(second.text.split())
    assert "Nie um eine Bewertung bitten" in second.html


@pytest.mark.parametrize("outcome", ["missed", "cancelled"])
def test_nobody_is_asked_about_a_visit_that_did_not_take_place(clinic, outcome):
    booked = resolved(clinic, outcome)
    assert asks(go_to(now() + 60 * DAYS)) == []
    assert ask_of(booked) is None


def test_what_a_policy_hands_on_by_mistake_is_refused(clinic):
    changes = {"hand_offs": {"missed_by_customer": ["reputation"]}}
    with pytest.raises(PolicyError, match="reputation follows only completed"):
        appointments.change_policy(clinic.business, changes, now(), DESK)


def test_switched_off_nobody_is_asked(clinic):
    policy = {"hand_offs": {**DEFAULT_HAND_OFFS, "completed": ["follow_up"]}}
    appointments.change_policy(clinic.business, policy, now(), DESK)
    booked = resolved(clinic)
    assert asks(go_to(now() + 60 * DAYS)) == []
    assert ask_of(booked) is None


def test_walked_outside_it_waits_for_its_answer(clinic):
    appointments.change_policy(clinic.business, {"built_in": ["follow_up"]}, now(), DESK)
    booked = resolved(clinic)
    go_to(now() + DAYS)
    assert HandOff.objects.get(case__subject=booked.id, to="reputation").status == "offered"


# The outcome corrected


@pytest.mark.parametrize("wait", [timedelta(minutes=1), timedelta(hours=47, minutes=59)])
def test_a_correction_before_the_ask_takes_it_back(clinic, wait):
    booked = resolved(clinic)
    go_to(now() + wait)
    appointments.correct(booked, "missed", now(), DESK, reason="mistaken", by=Role.CUSTOMER)
    assert asks(go_to(now() + 60 * DAYS)) == []
    assert ask_of(booked).facts["result"] == "outcome corrected"
    assert broken() == []


def test_a_correction_in_the_moment_of_sending_takes_it_back(clinic):
    """The letter is posted and no worker has handed it over yet."""
    booked = resolved(clinic)
    go_to(now() + timedelta(hours=40))
    clock.advance_to(END + timedelta(hours=48))
    loop.turn_controls()
    appointments.correct(booked, "missed", now(), DESK, reason="mistaken", by=Role.CUSTOMER)
    post = Post()
    post.deliver()
    assert asks(post) == []
    assert asks(go_to(now() + 60 * DAYS)) == []


def test_a_correction_after_the_ask_is_noted_and_sends_no_reminder(clinic):
    booked = resolved(clinic)
    go_to(now() + 3 * DAYS)
    appointments.correct(booked, "missed", now(), DESK, reason="mistaken", by=Role.CUSTOMER)
    assert asks(go_to(now() + 60 * DAYS)) == []
    assert ask_of(booked).facts["result"] == "outcome corrected after asking"


def test_a_miss_that_was_none_is_asked_about_like_any_other(clinic):
    booked = resolved(clinic, "missed")
    go_to(now() + timedelta(hours=1))
    appointments.correct(booked, "completed", now(), DESK, reason="she was here")
    assert asks(go_to(now() + 60 * DAYS)) == ["review_ask", "review_reminder"]


# Delayed, never gated


def complain(clinic, booked):
    case = queries.current(booked.id)
    actions.say(clinic.business.id, case.id, "went_badly", now(), MIA, words="it hurts")


def test_a_complaint_holds_the_ask_for_fourteen_days(clinic):
    booked = resolved(clinic)
    go_to(now() + timedelta(hours=26))
    complain(clinic, booked)
    assert ask_of(booked).state == "held"
    assert asks(go_to(END + timedelta(days=13, hours=23))) == []
    assert asks(go_to(END + timedelta(days=14, hours=1))) == ["review_ask"]


def test_a_complaint_settled_lets_it_go_two_days_later(clinic):
    booked = resolved(clinic)
    go_to(now() + timedelta(hours=26))
    complain(clinic, booked)
    case = queries.current(booked.id)
    complaint = case.escalations.get()
    go_to(now() + 2 * DAYS)
    appointments.resolve_escalation(clinic.business.id, complaint.id, "all well", now(), DESK)
    assert ask_of(booked).state == "eligible"
    assert asks(go_to(now() + timedelta(hours=47))) == []
    assert asks(go_to(now() + timedelta(hours=2))) == ["review_ask"]


def test_a_complaint_about_another_visit_that_is_open_holds_it_from_the_beginning(clinic):
    first = resolved(clinic)
    go_to(now() + timedelta(hours=1))
    complain(clinic, first)
    second = resolved(clinic, start=berlin(3, 10))
    go_to(now())
    assert ask_of(second).state == "held"


# Nobody twice


def test_nobody_is_asked_twice_in_ninety_days(clinic):
    first = resolved(clinic)
    go_to(now() + 3 * DAYS)
    again = resolved(clinic, start=berlin(15, 10))
    assert asks(go_to(now() + 60 * DAYS)) == []
    assert ask_of(again).facts["result"] == "asked recently"
    assert ask_of(first).facts["asked"]


@pytest.mark.parametrize("policy", [{}, {"several_a_day": True}])
def test_of_two_visits_on_one_day_one_is_asked_about(clinic, policy):
    appointments.change_policy(clinic.business, policy, now(), DESK)
    first, second = clinic.book(START), clinic.book(berlin(2, 11))
    go_to(berlin(2, 11, 45))
    for booked in (first, second):
        appointments.say(booked, "completed", now(), DESK)
    post = go_to(now() + 8 * DAYS)
    assert asks(post) == ["review_ask"]
    assert {ask_of(each).facts.get("result") for each in (first, second)} == {
        None,
        "asked recently",
    }


def test_after_ninety_days_somebody_may_be_asked_again(clinic):
    resolved(clinic)
    go_to(berlin(2, 12) + 95 * DAYS)
    again = resolved(clinic, start=berlin(2, 10) + 98 * DAYS)
    assert asks(go_to(now() + 4 * DAYS)) == ["review_ask"]
    assert ask_of(again).facts["asked"]


# Who is left out


def test_an_insider_is_not_asked(clinic):
    booked = resolved(clinic)
    go_to(now())
    reputation.mark_insider(clinic.business.id, booked.customer_id, True, now(), DESK)
    assert asks(go_to(now() + 60 * DAYS)) == []
    assert ask_of(booked).facts["result"] == "insider"
    again = resolved(clinic, start=berlin(2, 10) + 70 * DAYS)
    go_to(now())
    assert ask_of(again).facts["result"] == "insider"


def test_an_insider_is_one_under_every_name_that_is_read_at_the_same_address(clinic):
    """Staff and their families read one mailbox, whatever name a visit is booked under."""
    waits = resolved(clinic, name="Noa Holt", contact={"email": "home@example.com"})
    go_to(now())
    marked = resolved(
        clinic, start=berlin(2, 14), name="Ada Holt", contact={"email": "Home@example.com"}
    )
    assert marked.customer_id != waits.customer_id
    reputation.mark_insider(clinic.business.id, marked.customer_id, True, now(), DESK)
    assert asks(go_to(now() + 20 * DAYS)) == []
    assert ask_of(waits).facts["result"] == ask_of(marked).facts["result"] == "insider"
    reputation.mark_insider(clinic.business.id, waits.customer_id, False, now(), DESK)
    assert not reputation.is_insider(marked.customer_id)


@pytest.mark.parametrize("who", ["a member", "somebody of the staff"])
def test_who_works_here_is_an_insider_by_their_own_address(clinic, who):
    if who == "a member":
        accounts.add_member(clinic.business, "ada@example.com", Member.STAFF)
    else:
        Resource.objects.filter(business=clinic.business).update(email="ada@example.com")
    booked = resolved(clinic, name="Ada Holt", contact={"email": "ADA@example.com"})
    assert asks(go_to(now() + 20 * DAYS)) == []
    assert ask_of(booked).facts["result"] == "insider"


def test_without_a_page_it_waits_and_says_so(db):
    clinic = Clinic()
    booked = resolved(clinic)
    go_to(now() + 5 * DAYS)
    assert ask_of(booked).state == "unready"
    assert reputation.to_set_up(clinic.business)
    reputation.add_link(clinic.business.id, "Example Reviews", PAGE, now(), DESK)
    assert not reputation.to_set_up(clinic.business)
    assert asks(go_to(now() + DAYS)) == ["review_ask"]


def test_a_page_for_another_place_is_no_page_for_this_visit(db):
    clinic = Clinic()
    add = (clinic.business.id, "Example Reviews", PAGE, now(), DESK)
    reputation.add_link(*add, place="7 Mill Lane")
    booked = resolved(clinic)
    go_to(now())
    assert ask_of(booked).state == "unready"
    reputation.add_link(*add, place="12 Canal Street, Riverton")
    assert ask_of(booked).state == "eligible"


def test_who_has_refused_is_not_asked_and_gets_everything_else(clinic):
    booked = resolved(clinic)
    go_to(now() + 3 * DAYS)
    how = {"given": False, "source": "letter", "wording": "never"}
    actions.record_wish(booked.customer_id, "review", now(), MIA, **how)
    assert Consent.objects.get().purpose == "review"
    assert asks(go_to(now() + 100 * DAYS)) == []
    again = resolved(clinic, start=berlin(2, 10) + 119 * DAYS)
    post = go_to(now() + 60 * DAYS)
    assert asks(post) == []
    assert "how_did_it_go" in kinds(post)
    assert ask_of(again).facts["result"] == "refused"


# The pages


@pytest.mark.parametrize(
    "url", ["http://example.com", "javascript:alert(1)", "https://a:b@example.com/", "example.com"]
)
def test_customers_are_led_to_nothing_but_a_page_by_https(clinic, url):
    with pytest.raises(reputation.ReviewError, match="https"):
        reputation.add_link(clinic.business.id, "Example", url, now(), DESK)


def test_the_same_page_twice_is_one(clinic):
    reputation.add_link(clinic.business.id, "Example Reviews", PAGE, now(), DESK)
    assert reputation.links(clinic.business.id).count() == 1


def test_a_review_seen_in_the_middle_of_a_minute_asks_for_its_reply_to_the_minute(clinic):
    booked = resolved(clinic)
    go_to(now() + 3 * DAYS + timedelta(seconds=52, microseconds=852876))
    seen = reputation.Seen("Example Reviews", 4, appointment=booked.id)
    row, _ = reputation.record_review(clinic.business, seen, now(), DESK)
    assert ask_of(booked).facts["result"] == "reviewed"
    by = datetime.fromisoformat(reputation.case_of(row).anchors["reply_by"])
    assert (by.second, by.microsecond) == (0, 0)
    assert by > now() + timedelta(days=1)
