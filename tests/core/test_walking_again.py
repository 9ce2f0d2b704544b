"""A case walked again: the same under the same policy, and what would differ under another one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kept.core.again import fates, outside, walk_again
from kept.core.case import Event, HandOffStatus, NotAllowed, Role
from kept.core.policy import Policy
from tests.core.builders import APPOINTMENT, CUSTOMER, MINUTE, STAFF, Visit, policy

ACTS = ["acknowledged", "change_requested", "arrived", "completed", "missed", "cancelled", "moved"]
POLICIES = st.builds(
    policy,
    built_in=st.just([]),  # nobody takes over in the stand-in of the house
    first_reminder=st.sampled_from(["24h", "48h", "2h", "1d 18:00"]),
    ask_acknowledgement=st.booleans(),
    assume_missed=st.booleans(),
    switched_off=st.sampled_from([[], ["first_reminder"], ["final_reminder"]]),
    quiet_hours=st.sampled_from([None, ["08:00", "21:00"]]),
)


def again(visit, policy=None, changes=None, until=None):
    """The same visit once more, under this policy or under its own."""
    case = replace(visit.first, policy=policy or visit.first.policy)
    events = outside(APPOINTMENT, visit.events)
    until = until or visit.now
    return walk_again(APPOINTMENT, case, events, until, fates(visit.events), changes or {})


def letters(walked):
    return [
        (each.post.control, each.handed_over_at) for each in walked.letters if each.handed_over_at
    ]


def controls(case):
    return {(c.key, c.due_at, c.status) for c in case.controls}


# Under the same policy nothing is different


@settings(max_examples=60, deadline=None)
@given(
    ahead=st.sampled_from(["20m", "3h", "25h", "96h"]),
    policy=POLICIES,
    transport=st.sampled_from(["accepts", "refuses", "hangs"]),
    story=st.lists(
        st.tuples(
            st.sampled_from(["1m", "2h", "23h", "40h"]),
            st.sampled_from([*ACTS, "contact_changed", "policy_changed"]),
            st.sampled_from([CUSTOMER, STAFF]),
            POLICIES,
        ),
        max_size=6,
    ),
)
def test_what_happened_happens_again(ahead, policy, transport, story):
    visit = Visit(ahead, policy=policy, transport=transport)
    changes = {}
    for jump, name, by, other in story:
        visit.until(visit.now + Jump[jump])
        data = {"channels": ["sms"]} if name == "contact_changed" else {}
        if name == "policy_changed":
            visit.case = replace(visit.case, policy=other)
            changes[visit.now] = other
        try:
            visit.happens(name, by=by, **data)
        except NotAllowed:
            continue
    visit.until(visit.now + MINUTE)
    walked = again(visit, changes=changes)
    assert (walked.case.state, walked.refused) == (visit.state, [])
    assert controls(walked.case) == controls(visit.case)
    assert walked.case.escalations == visit.case.escalations
    posted = [(post.control, post.run, at) for at, post in visit.posted]
    assert [(x.post.control, x.post.run, x.posted_at) for x in walked.letters] == posted
    assert {h.key for h in walked.case.hand_offs} == {h.key for h in visit.case.hand_offs}


Jump = {"1m": MINUTE, **{f"{n}h": timedelta(hours=n) for n in (2, 23, 40)}}


# Under another one only what it says is


def test_a_reminder_goes_when_the_other_policy_has_it():
    visit = Visit("96h").until(Visit("96h").after_end("1h"))
    walked = again(visit, policy(first_reminder="48h"))
    assert letters(walked) == [
        ("confirmation", visit.before("96h")),
        ("first_reminder", visit.before("48h")),
        ("final_reminder", visit.before("1h")),
    ]


def test_who_cancelled_is_reminded_of_nothing_by_any_policy():
    visit = Visit("96h")
    visit.until(visit.before("30h")).happens("cancelled", by=CUSTOMER)
    visit.until(visit.now + MINUTE)
    assert "first_reminder" not in visit.sent()
    walked = again(visit, policy(first_reminder="48h"), until=visit.end)
    assert [name for name, _ in letters(walked)] == [
        "confirmation",
        "first_reminder",
        "cancelled_notice",
    ]
    assert walked.case.state == "cancelled"


def test_what_somebody_did_and_could_not_have_done_is_named():
    visit = Visit("96h")
    visit.until(visit.before("3h")).happens("cancelled", by=CUSTOMER)
    visit.until(visit.end)
    case = replace(visit.first, anchors={**visit.first.anchors, "change_until": visit.before("4h")})
    events = outside(APPOINTMENT, visit.events)
    walked = walk_again(APPOINTMENT, case, events, visit.now, fates(visit.events))
    ((event, sentence),) = walked.refused
    assert (event.name, event.at) == ("cancelled", visit.before("3h"))
    assert sentence
    assert walked.case.state == "prepared"


def test_a_letter_there_was_not_finds_the_mailbox_as_the_others_did():
    visit = Visit("96h", policy=policy(switched_off=["first_reminder"]), transport="refuses")
    visit.until(visit.end)
    walked = again(visit, Policy())
    assert [(x.post.control, x.failed_at is not None, x.status) for x in walked.letters] == [
        ("confirmation", True, "failed"),
        ("first_reminder", True, "failed"),
        ("final_reminder", True, "failed"),
    ]


def test_a_letter_still_on_its_way_is_taken_back_with_its_leg():
    visit = Visit("96h", transport="hangs")
    visit.until(visit.before("90h")).happens("moved", by=STAFF)
    slow = Event("message_accepted", visit.now + MINUTE, data={"control": "confirmation"})
    due = visit.said("control_due")[0]
    walked = walk_again(
        APPOINTMENT,
        visit.first,
        outside(APPOINTMENT, visit.events),
        visit.end,
        fates([due, slow]),
    )
    (letter,) = walked.letters
    assert (letter.status, letter.withdrawn_at) == ("withdrawn", visit.before("90h"))
    assert walked.case.state == "rescheduled"


def test_a_letter_is_as_late_as_it_really_was():
    visit = Visit("96h", transport="hangs").until(Visit("96h").before("95h"))
    visit.message("delayed", "confirmation")
    (letter,) = again(visit).letters
    assert letter.status == "queued"
    visit.until(visit.before("94h")).message("accepted", "confirmation")
    (letter,) = again(visit).letters
    assert (letter.status, letter.handed_over_at) == ("accepted", visit.before("94h"))


# What people answered, and what takes over by itself


def test_a_question_is_answered_when_it_really_was():
    visit = Visit("96h")
    visit.until(visit.before("40h")).happens("change_requested", by=CUSTOMER)
    visit.until(visit.before("38h")).happens(
        "escalation_resolved", by=STAFF, reason="called", kind="POSSIBLE_CANCEL"
    )
    walked = again(visit, until=visit.before("37h"))
    (question,) = walked.questions
    assert (question.asked.kind, question.raised_at) == ("POSSIBLE_CANCEL", visit.before("40h"))
    assert question.resolved_at == visit.before("38h")


def test_an_answer_to_what_was_never_asked_is_no_refusal():
    visit = Visit("96h", policy=policy(assume_missed=False))
    visit.until(visit.after_end("30m")).happens("escalation_taken", by=STAFF, kind="OUTCOME_DUE")
    visit.until(visit.now + MINUTE)
    walked = again(visit, policy(outcome_grace="2h"))
    assert (walked.questions, walked.refused) == ([], [])


def test_what_follows_takes_over_by_itself_and_others_answer_as_they_did():
    visit = Visit("96h", policy=policy(hand_offs={"completed": ["follow_up"]}))
    visit.until(visit.start).happens("arrived", by=STAFF)
    visit.until(visit.end).happens("completed", by=STAFF)
    visit.until(visit.after_end("1h"))
    walked = again(visit)
    (offer,) = walked.offers.values()
    assert offer.hand_off.status is HandOffStatus.ACCEPTED
    assert offer.answered_at == visit.end
    assert offer.answered_by == Role.SYSTEM


def test_a_hand_off_a_person_refused_is_refused_again():
    both = {"completed": ["reactivation", "follow_up"]}
    visit = Visit("96h", policy=policy(built_in=[], hand_offs=both))
    visit.until(visit.start).happens("arrived", by=STAFF)
    visit.until(visit.end).happens("completed", by=STAFF)
    visit.until(visit.after_end("1h")).happens("hand_off_rejected", by=STAFF, to="follow_up")
    visit.until(visit.after_end("2h"))
    offers = {each.hand_off.to: each for each in again(visit).offers.values()}
    assert offers["follow_up"].hand_off.status is HandOffStatus.REJECTED
    assert offers["follow_up"].answered_at == visit.after_end("1h")
    assert offers["reactivation"].answered_at is None


def test_what_a_policy_does_by_itself_is_done_by_the_other_one_only_if_it_says_so():
    visit = Visit("96h", policy=policy(assume_missed=True))
    visit.until(visit.after_end("48h"))
    assert visit.state == "missed"
    walked = again(visit, Policy())
    assert walked.case.state == "prepared"
    assert {question.asked.kind for question in walked.questions} == {"OUTCOME_DUE", "UNRESOLVED"}


def test_a_history_that_cannot_begin_is_refused():
    visit = Visit("96h")
    with pytest.raises(NotAllowed):
        walk_again(APPOINTMENT, visit.first, [Event("arrived", visit.now)], visit.end, {})
