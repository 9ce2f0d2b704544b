"""What a person refuses is not written, on any path, and a person hears where it matters."""

import pytest

from kept.core import wishes
from kept.core.paths import PATHS
from tests.core.builders import CUSTOMER, STAFF, AfterVisit, Visit

NOBODY = wishes.not_to_write({"contact"})
NO_SERVICE = wishes.not_to_write({"service"})
NO_MARKETING = wishes.not_to_write({"marketing"})
WHY = "skipped: the customer is not to be contacted"


def refuse(visit, refused, by=CUSTOMER):
    return visit.happens("consent_changed", by=by, not_to_write=refused)


def silent(**more):
    """Booked at the desk for somebody who is not to be contacted."""
    return Visit(facts={"not_to_write": NOBODY}, **more)


def test_who_refuses_contact_has_refused_every_purpose():
    assert NOBODY.keys() == set(wishes.PURPOSES)
    assert wishes.not_to_write({"review"}).keys() == {"review"}
    assert wishes.not_to_write(()) == {}


def test_reminders_are_skipped_with_the_reason_and_a_person_hears_once():
    visit = Visit()
    refuse(visit, NOBODY)
    assert visit.became("first_reminder") == visit.became("final_reminder") == WHY
    assert visit.open == {"NOT_WRITTEN"}
    visit.until(visit.start)
    assert visit.sent() == ["confirmation"]
    assert [each.kind for each in visit.raised].count("NOT_WRITTEN") == 1


def test_without_a_refusal_nothing_changes():
    visit = Visit()
    refuse(visit, {})
    assert visit.until(visit.start).sent() == ["confirmation", "first_reminder", "final_reminder"]
    assert not visit.open


def test_refusing_suggestions_leaves_what_is_booked_alone():
    visit = Visit()
    refuse(visit, NO_MARKETING)
    assert visit.until(visit.start).sent() == ["confirmation", "first_reminder", "final_reminder"]
    assert not visit.open


def test_what_is_allowed_again_is_planned_again_and_nobody_need_be_told():
    visit = Visit()
    refuse(visit, NO_SERVICE)
    assert visit.became("first_reminder") == "skipped: the customer refused letters about visits"
    refuse(visit, {})
    assert not visit.open
    assert visit.until(visit.start).sent() == ["confirmation", "first_reminder", "final_reminder"]


def test_what_was_refused_at_its_time_does_not_come_later():
    visit = Visit()
    refuse(visit, NOBODY)
    visit.until(visit.before("20h"))
    refuse(visit, {})
    assert visit.until(visit.start).sent() == ["confirmation", "final_reminder"]
    follow_up = AfterVisit(aftercare=True, not_to_write=NOBODY).after("5h")
    refuse(follow_up, {})
    assert follow_up.after("6h").sent() == []
    assert follow_up.became("aftercare") == WHY


def test_a_letter_on_its_way_is_taken_back():
    visit = Visit(transport="hangs").until(Visit().before("24h"))
    refuse(visit, NOBODY)
    assert visit.became("first_reminder") == WHY
    assert visit.withdrawn == [("confirmation", 1), ("first_reminder", 1)]
    assert visit.open == {"CONTACT_GAP"}


# What somebody asked for in the moment


def test_who_books_themselves_gets_the_confirmation_whatever_they_refused():
    visit = BookedByThemselves()
    assert visit.sent() == ["confirmation"]
    assert visit.state == "confirmed"
    assert visit.case.facts["in_answer"] == {"confirmation": 1}
    assert visit.open == {"NOT_WRITTEN"}
    assert visit.until(visit.start).sent() == ["confirmation"]


def test_a_booking_made_for_them_is_for_a_person_to_tell():
    visit = silent()
    assert visit.sent() == []
    assert visit.became("confirmation") == WHY
    assert visit.open == {"CONTACT_GAP"}
    assert visit.raised[0].tried == "the customer is not to be contacted"
    visit.happens("told_by_staff", by=STAFF)
    assert (visit.state, visit.open) == ("confirmed", frozenset())


def test_an_answer_on_its_way_survives_a_new_plan_and_no_later_refusal():
    visit = BookedByThemselves(transport="hangs")
    visit.happens("policy_changed")
    assert visit.became("confirmation") == "planned"
    refuse(visit, NOBODY)
    assert visit.became("confirmation") == WHY


def test_who_cancels_themselves_is_not_told_it_by_us_and_whom_we_cancel_a_person_tells():
    visit = BookedByThemselves()
    visit.happens("cancelled", by=STAFF, side="business")
    assert visit.became("cancelled_notice") == WHY
    assert visit.open == {"TOLD_DIFFERS"}
    own = BookedByThemselves()
    own.happens("cancelled", by=CUSTOMER, side="customer")
    assert own.sent() == ["confirmation", "cancelled_notice"]


def test_a_cancellation_nobody_need_hear_of_asks_nobody():
    visit = silent()
    visit.happens("cancelled", by=STAFF, side="business")
    assert visit.became("cancelled_notice") == WHY
    assert not visit.open


def test_a_walk_in_is_nobody_to_be_told():
    visit = silent(ahead="0h", begins="walked_in")
    assert not visit.open


# What follows


def test_what_follows_a_visit_keeps_to_it_as_well():
    visit = AfterVisit(aftercare=True, comes_again=True, not_to_write=NOBODY).after("700h")
    assert visit.sent() == []
    assert visit.became("how_did_it_go") == WHY
    assert not visit.open
    assert AfterVisit(aftercare=True).after("3h").sent() == ["aftercare"]


@pytest.mark.parametrize(
    ("wish", "state"),
    [("marketing", "closed"), ("contact", "closed"), ("review", "open"), ("service", "open")],
)
def test_who_wants_nothing_new_ends_what_asks_for_it(wish, state):
    visit = AfterVisit(comes_again=True)
    if PATHS["follow_up"].rule(opted_out(visit, wish), visit.state):
        visit.happens("opted_out", by=CUSTOMER, wish=wish)
    assert visit.state == state


def opted_out(visit, wish):
    from kept.core.case import Event

    return Event("opted_out", visit.now, CUSTOMER, data={"wish": wish})


class BookedByThemselves(Visit):
    """A visit that its customer booked, who is not to be contacted."""

    def __init__(self, **more):
        super().__init__(facts={"not_to_write": NOBODY}, **more)

    def happens(self, name, *, by=None, **more):
        if name == "booked":
            by = CUSTOMER
        return super().happens(name, **({"by": by} if by else {}), **more)
