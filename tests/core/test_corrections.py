"""An outcome was recorded wrongly: a new entry puts it right, and what followed is taken back."""

from datetime import timedelta

import pytest

from tests.core.builders import STAFF, Visit


def resolved(outcome):
    """A visit whose wrong outcome was recorded a little after its start."""
    visit = Visit("72h")
    visit.until(visit.start + timedelta(minutes=5))
    visit.happens(outcome, by=STAFF, side="customer")
    visit.until(visit.after_end("3h"))
    return visit


def correct(visit, to, **how):
    return visit.happens("corrected", by=STAFF, reason="pressed the wrong one", to=to, **how)


@pytest.mark.parametrize(
    ("was", "to", "side", "outcome", "offered"),
    [
        ("missed", "completed", None, "completed", ["follow_up", "reactivation", "reputation"]),
        ("completed", "missed", "customer", "missed_by_customer", ["follow_up"]),
        ("completed", "missed", "business", "missed_by_business", ["follow_up"]),
        ("missed", "cancelled", "customer", "cancelled_by_customer", ["follow_up"]),
        ("cancelled", "missed", "customer", "missed_by_customer", ["follow_up"]),
        ("cancelled", "completed", None, "completed", ["follow_up", "reactivation", "reputation"]),
    ],
)
def test_hand_offs_are_withdrawn_and_offered_anew(was, to, side, outcome, offered):
    visit = resolved(was)
    first = visit.hand_offs("offered")
    decision = correct(visit, to, side=side)
    assert visit.state == to
    assert visit.case.facts["outcome"]["value"] == outcome
    assert visit.hand_offs("withdrawn") == first
    assert visit.hand_offs("offered") == offered
    assert {h.version for h in decision.hand_offs if h.status == "offered"} == {2}
    assert visit.became("hand_offs", 1) == "void: corrected"
    assert visit.became("hand_offs", 2) == "planned"


def test_what_was_accepted_is_withdrawn_and_what_was_refused_stays_so():
    visit = resolved("completed")
    visit.happens("hand_off_accepted", to="follow_up")
    visit.happens("hand_off_rejected", to="reputation", reason="asked last week")
    assert visit.open == {"HANDOFF_NOT_ACCEPTED"}
    correct(visit, "missed", side="customer")
    assert visit.open == frozenset()
    assert visit.hand_offs("withdrawn") == ["follow_up", "reactivation"]
    assert visit.hand_offs("rejected") == ["reputation"]
    visit.happens("hand_off_accepted", to="follow_up")
    assert visit.hand_offs("accepted") == ["follow_up"]
    assert visit.open == frozenset()


def test_taken_back_to_attended_nothing_is_handed_on_and_the_outcome_is_asked_for():
    visit = resolved("completed")
    correct(visit, "attended")
    assert visit.case.facts["outcome"] is None
    assert visit.hand_offs("offered") == []
    visit.tick()
    assert visit.open == {"OUTCOME_DUE"}


def test_taken_back_twice_the_outcome_is_asked_for_each_time():
    visit = resolved("completed")
    for _ in range(2):
        correct(visit, "attended")
        visit.until(visit.now + timedelta(hours=24))
        assert visit.open == {"UNRESOLVED"}
        visit.happens("completed", by=STAFF)
    assert visit.hand_offs("offered") == ["follow_up", "reactivation", "reputation"]


@pytest.mark.parametrize("to", ["confirmed", "prepared"])
def test_arrived_by_a_slip_of_the_finger_the_wait_goes_on(to):
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.happens("resource_lost")
    visit.happens("arrived", by=STAFF)
    correct(visit, to)
    assert visit.state == "prepared"
    assert visit.open == {"RESOURCE_LOST"}
    assert visit.case.hand_offs == ()
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]


def test_a_message_taken_back_by_the_slip_does_not_go_a_second_time():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.before("1h"))
    visit.happens("arrived", by=STAFF)
    assert ("final_reminder", 1) in visit.withdrawn
    correct(visit, "prepared")
    assert visit.became("final_reminder") == "void: arrived"
    assert visit.sent().count("final_reminder") == 1


def test_a_slip_made_when_the_visit_was_over_is_taken_back_and_the_outcome_asked_for():
    visit = Visit("72h")
    visit.until(visit.after_end("3h"))
    waiting, asked = visit.state, visit.open
    assert asked == {"OUTCOME_DUE"}
    visit.happens("arrived", by=STAFF)
    correct(visit, waiting)
    assert (visit.state, visit.open) == (waiting, asked)
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]


def test_of_a_visit_that_is_over_nobody_is_told_after_a_slip():
    visit = Visit("20h", transport="hangs")
    visit.until(visit.after_end("3h"))
    visit.happens("arrived", by=STAFF)
    correct(visit, "scheduled")
    assert "CONFIRMATION_FAILED" not in visit.open


def test_arrived_by_a_slip_before_being_told_a_person_tells_them():
    visit = Visit("20h", transport="hangs")
    visit.until(visit.before("2h"))
    visit.happens("arrived", by=STAFF)
    correct(visit, "scheduled")
    assert visit.open == {"CONFIRMATION_FAILED"}
    assert visit.became("confirmation") == "void: arrived"


def test_a_miss_that_was_a_cancellation_counts_as_late_unless_said_otherwise():
    visit = resolved("missed")
    correct(visit, "cancelled", side="customer")
    assert visit.case.facts["late_cancel"] is True
    visit = resolved("missed")
    correct(visit, "cancelled", side="customer", late_cancel=False)
    assert visit.case.facts["late_cancel"] is False


def test_a_visit_that_took_place_is_nobodys_fault():
    visit = resolved("cancelled")
    correct(visit, "completed")
    assert visit.case.facts["by"] is None
    assert visit.case.facts["late_cancel"] is None


def test_the_stages_passed_over_by_a_correction_say_so():
    visit = Visit("72h", channels=())
    visit.sleep_until(visit.after_end("1h"))
    visit.happens("missed", by=STAFF, side="customer")
    correct(visit, "completed")
    assert [(e.data["stage"], e.reason) for e in visit.said("stage_skipped")] == [
        ("confirmed", "corrected"),
        ("prepared", "corrected"),
        ("attended", "corrected"),
    ]


def test_a_cancelled_notice_on_its_way_is_taken_back_with_the_cancellation():
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.transport = "hangs"
    visit.happens("cancelled", by=STAFF)
    visit.now = visit.start
    correct(visit, "attended")
    assert visit.withdrawn[-1] == ("cancelled_notice", 1)


NEVER_TOLD = "The customer was never told: correct it to scheduled."


def untold_arrival(**how):
    """Somebody arrived of whom nobody had told the time, shortly before the start."""
    visit = Visit("20h", **{"transport": "hangs", **how})
    visit.until(visit.before("10m"))
    visit.happens("arrived", by=STAFF)
    return visit


UNTOLD_VISITS = {
    "the confirmation is on its way": {},
    "no channel reaches them": {"channels": ()},
    "the confirmation was refused": {"transport": "refuses"},
    "moved, and told of the first time only": {"leg": 2, "facts": {"told": True}},
}


@pytest.mark.parametrize("how", UNTOLD_VISITS.values(), ids=list(UNTOLD_VISITS))
@pytest.mark.parametrize("to", ["confirmed", "prepared"])
def test_an_arrival_taken_back_tells_nobody_anything(how, to):
    visit = untold_arrival(**how)
    refused = visit.refusal("corrected", by=STAFF, reason="a slip", to=to)
    assert refused.detail == NEVER_TOLD


@pytest.mark.parametrize("how", UNTOLD_VISITS.values(), ids=list(UNTOLD_VISITS))
@pytest.mark.parametrize(
    ("to", "left_open"),
    [("scheduled", {"CONFIRMATION_FAILED"}), ("completed", set()), ("missed", set())],
)
def test_an_untold_arrival_may_be_corrected_to_what_needs_no_telling(how, to, left_open):
    visit = untold_arrival(**how)
    visit.until(visit.start)
    correct(visit, to, side="customer")
    assert visit.state == to
    assert visit.open == left_open


def test_somebody_who_walked_in_was_told_of_no_time():
    visit = Visit("0m", begins="walked_in", facts={"told": True})
    assert visit.refusal("corrected", by=STAFF, reason="a slip", to="confirmed").detail == (
        NEVER_TOLD
    )
    correct(visit, "scheduled")
    assert visit.open == {"CONFIRMATION_FAILED"}


def test_a_confirmation_that_comes_back_after_the_arrival_has_told_nobody():
    visit = Visit("72h")
    visit.until(visit.before("1h"))
    visit.happens("arrived", by=STAFF)
    visit.message("failed", "confirmation", detail="mailbox unknown")
    assert visit.refusal("corrected", by=STAFF, reason="a slip", to="prepared").detail == NEVER_TOLD
