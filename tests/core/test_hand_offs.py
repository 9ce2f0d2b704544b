"""What comes next: offered exactly once, and accepted, or somebody hears of it."""

import pytest

from kept.core.paths.appointment import OUTCOMES
from kept.core.policy import PolicyError, next_paths, own_hand_offs, unmapped
from tests.core.builders import STAFF, Visit, policy


def completed(**how):
    visit = Visit("72h", **how)
    visit.until(visit.end)
    visit.happens("completed", by=STAFF)
    return visit


def test_an_outcome_offers_what_the_policy_maps_it_to():
    mapped = policy(hand_offs={"completed": ["follow_up"]})
    assert completed(policy=mapped).hand_offs("offered") == ["follow_up"]


@pytest.mark.parametrize("mapping", [{}, {"completed": []}])
def test_an_outcome_that_leads_nowhere_waits_for_nothing(mapping):
    visit = completed(policy=policy(hand_offs=mapping))
    assert visit.waiting() == set()
    assert visit.became("hand_offs") == "absent"


def test_all_accepted_nothing_is_left_to_wait_for():
    visit = completed()
    for path in visit.hand_offs("offered"):
        visit.happens("hand_off_accepted", to=path)
    assert visit.hand_offs("accepted") == ["follow_up", "reactivation", "reputation"]
    assert visit.waiting() == set()


def test_not_accepted_in_time_they_expire_and_the_owner_hears_of_it():
    visit = completed()
    visit.happens("hand_off_accepted", to="follow_up")
    visit.until(visit.end + visit.case.policy.accept_within.delta)
    assert visit.hand_offs("expired") == ["reactivation", "reputation"]
    assert visit.open == {"HANDOFF_NOT_ACCEPTED"}
    assert visit.raised[-1].tried == "reputation, reactivation"


def test_accepted_late_is_accepted():
    visit = completed()
    visit.until(visit.end + visit.case.policy.accept_within.delta)
    visit.happens("hand_off_accepted", to="follow_up")
    visit.happens("hand_off_accepted", to="reputation")
    assert visit.open == {"HANDOFF_NOT_ACCEPTED"}
    visit.happens("hand_off_accepted", to="reactivation")
    assert visit.open == frozenset()


def test_a_refusal_leaves_the_next_step_with_us():
    visit = completed()
    visit.happens("hand_off_rejected", to="reputation", reason="asked last week")
    assert visit.hand_offs("rejected") == ["reputation"]
    assert visit.open == {"HANDOFF_NOT_ACCEPTED"}
    assert visit.raised[-1].tried == "reputation refused: asked last week"


def test_what_another_path_accepts_does_not_answer_for_the_one_that_refused():
    visit = completed()
    visit.happens("hand_off_rejected", to="reputation", reason="asked last week")
    visit.happens("hand_off_accepted", to="follow_up")
    visit.happens("hand_off_accepted", to="reactivation")
    assert visit.open == {"HANDOFF_NOT_ACCEPTED"}
    visit.happens("escalation_resolved", by=STAFF, reason="fine", kind="HANDOFF_NOT_ACCEPTED")
    assert visit.open == frozenset()


def test_an_answer_given_twice_is_refused():
    visit = completed()
    visit.happens("hand_off_accepted", to="follow_up")
    refused = visit.refusal("hand_off_accepted", to="follow_up")
    assert str(refused) == "No hand-off to follow_up is waiting for an answer."


def test_nothing_is_handed_on_before_there_is_an_outcome():
    visit = Visit("72h")
    visit.until(visit.after_end("48h"))
    assert visit.case.hand_offs == ()
    assert visit.refusal("hand_off_accepted", to="reputation")


def test_a_moved_leg_hands_on_nothing():
    visit = Visit("72h")
    visit.happens("moved", by=STAFF)
    assert visit.case.hand_offs == ()


def test_what_a_service_says_of_an_outcome_goes_before_the_policy():
    agreed = {"hand_offs": {"completed": ["reactivation"], "missed_by_customer": []}}
    assert completed(facts=agreed).hand_offs("offered") == ["reactivation"]
    missed = Visit("72h", facts=agreed)
    missed.until(missed.end)
    missed.happens("missed", by=STAFF, side="customer")
    assert missed.hand_offs("offered") == []


def test_of_what_a_service_does_not_speak_the_policy_does():
    own = {"hand_offs": {"cancelled_by_customer": []}}
    mapped = policy(hand_offs={"completed": ["follow_up"]})
    assert completed(facts=own, policy=mapped).hand_offs("offered") == ["follow_up"]


def test_a_service_may_name_what_its_policy_leaves_unnamed():
    agreed = {"hand_offs": {"completed": ["follow_up"]}}
    silent = policy(hand_offs={})
    assert completed(facts=agreed, policy=silent).hand_offs("offered") == ["follow_up"]
    assert unmapped(silent, agreed["hand_offs"]) == list(OUTCOMES)[1:]
    assert unmapped(silent, {outcome: [] for outcome in OUTCOMES}) == []
    assert unmapped(policy()) == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([], "must map each outcome to a list of paths"),
        ({"completed": "follow_up"}, "must map each outcome to a list of paths"),
        ({"completed": [1]}, "must map each outcome to a list of paths"),
        ({"completed": ["nowhere"]}, "there is no path nowhere"),
        ({"missed_by_customer": ["reputation"]}, "reputation follows only completed"),
        ({"eaten": ["follow_up"]}, "there is no outcome eaten; choose from completed, missed_by"),
    ],
)
def test_a_service_names_outcomes_and_paths_that_there_are(raw, said):
    with pytest.raises(PolicyError, match=said):
        own_hand_offs(raw)


def test_a_service_may_say_nothing_or_name_a_path_twice():
    assert own_hand_offs({}) == {}
    twice = {"completed": ["follow_up", "follow_up"], "missed_by_business": []}
    assert own_hand_offs(twice) == {"completed": ["follow_up"], "missed_by_business": []}


def test_what_may_not_follow_an_outcome_does_not_whatever_an_old_policy_says():
    old = policy(hand_offs={"missed_by_customer": ["follow_up", "reputation"]})
    assert next_paths(old, None, "missed_by_customer") == ("follow_up",)


def test_an_outcome_keeps_its_record_and_what_it_takes_along():
    visit = Visit("72h", facts={"carries": {"value": "60"}})
    assert visit.case.outcome == {}
    visit.until(visit.end).happens("completed", by=STAFF)
    assert (visit.case.outcome["value"], visit.case.outcome["source"]) == ("completed", "staff")
    assert visit.case.carries == {"value": "60"}
