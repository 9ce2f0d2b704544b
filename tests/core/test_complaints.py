"""What a customer tells somebody about a visit that is over: it is somebody's to settle."""

import pytest

from kept.core.certainty import certainty
from kept.core.paths import PATHS
from tests.core.builders import STAFF, START, AfterVisit, Visit, later, local

OUTCOMES = {
    "completed": {},
    "missed": {"side": "customer"},
}


def over(outcome="completed"):
    visit = Visit("72h")
    visit.until(visit.end)
    visit.happens(outcome, by=STAFF, **OUTCOMES[outcome])
    return visit


def settle(visit):
    return visit.happens("escalation_resolved", by=STAFF, kind="COMPLAINT", reason="we spoke")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_visit_with_an_outcome_may_be_complained_about(outcome):
    visit = over(outcome)
    state = visit.state
    visit.happens("complained", by=STAFF, reason="it hurts")
    assert (visit.state, visit.open) == (state, {"COMPLAINT"})
    assert [event.name for event in settle(visit).events] == ["escalation_resolved", "settled"]
    assert visit.open == set()


def test_one_that_is_still_to_come_may_not():
    visit = Visit("72h").until(START)
    assert "complained" not in visit.refusal("complained", by=STAFF).allowed
    visit.happens("arrived", by=STAFF)
    assert visit.refusal("refunded", by=STAFF)


def test_a_correction_settles_no_complaint_and_whatever_else_is_open():
    visit = over()
    visit.until(later(visit.end, "80h"))
    visit.happens("complained", by=STAFF, reason="it hurts")
    assert visit.open == {"COMPLAINT", "HANDOFF_NOT_ACCEPTED"}
    visit.happens("corrected", by=STAFF, reason="a slip", to="missed", side="customer")
    assert visit.open == {"COMPLAINT"}
    visit.happens("corrected", by=STAFF, reason="a slip", to="attended")
    settle(visit)
    assert "settled" in visit.names()


def test_it_makes_nothing_about_the_visit_less_certain():
    visit = over()
    visit.happens("complained", by=STAFF, reason="it hurts")
    assert certainty(
        PATHS["appointment"], visit.state, visit.open, visit.events, (), visit.now
    ).holds


def test_money_given_back_is_kept():
    visit = over()
    visit.happens("refunded", by=STAFF)
    assert visit.case.facts["refunded"] == visit.now.isoformat()
    assert visit.open == set()


# What the follow-up makes of it


@pytest.mark.parametrize("about", ["this visit", "another one"])
def test_about_the_visit_itself_it_ends_every_letter(about):
    visit = AfterVisit(aftercare=True, comes_again=True, carries={"root_id": "this visit"})
    visit.happens("complained_elsewhere", about=about)
    letters = visit.after("700h").sent()
    assert letters == ([] if about == "this visit" else ["aftercare", "how_did_it_go"])


def test_once_it_is_settled_what_is_still_to_come_goes():
    visit = AfterVisit(comes_again=True, carries={"root_id": "this visit"}).after("30h")
    visit.happens("complained_elsewhere", about="another one")
    visit.after("100h").happens("complaint_settled", about="another one")
    sent = [(local(at), post.control) for at, post in visit.after("700h").posted]
    assert [control for _, control in sent] == [
        "how_did_it_go",
        "next_step_second",
        "next_step_third",
    ]


def test_who_was_missed_and_has_complained_about_it_is_not_asked_whether_all_is_well():
    assert AfterVisit("missed_by_customer", complained_here=True).after("200h").sent() == []
    assert AfterVisit("missed_by_customer").after("1h").sent() == ["missed_you"]
