"""Breaks planted into a clean history are found: each, at its stage, with its money, and nothing
else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kept.audit.figures import Grade
from kept.audit.history import Appointment, Asked, Duty, Field, Outcome, Sent
from kept.audit.report import audit
from tests.audit.building import DAY, HOUR, MINUTE, NOW, Given, clean, leg, one, plant, source

STAGES = {
    "B1": "confirmation",
    "B2": "confirmation",
    "B3": "preparation",
    "B4": "change",
    "B5": "preparation",
    "B6": "attendance",
    "B7": "change",  # planted is a customer who may not come
    "B8": "what comes next",
    "B9": "what comes next",
}
IN_TIME = ("B1", "B2", "B4", "B7", "B3", "B5", "B6", "B8", "B9")  # as they are planted
BEFORE_THE_VISIT = {"B1", "B2", "B4", "B7", "B3", "B5"}
VISITS = (Outcome.COMPLETED, Outcome.MISSED, Outcome.MISSED_BY_BUSINESS)
GIVEN_BACK = (Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS)
OF_A_VISIT = {"B3", "B5", "B6", "B7"}


@dataclass(frozen=True)
class Planted:
    """What becomes of one appointment, and which breaks it gets."""

    outcome: Outcome
    late: bool
    price: Decimal | None
    breaks: tuple[str, ...]

    @property
    def first(self) -> str:
        return min(self.breaks, key=IN_TIME.index)

    def build(self, number: int) -> Appointment:
        """Long enough ago that a day after a late outcome is over."""
        more = {"price": self.price}
        if self.late:
            start = clean(number + 40, self.outcome).legs[0].start
            more["ended"] = start - HOUR
        return plant(clean(number + 40, self.outcome, **more), *self.breaks)

    @property
    def lost(self) -> Decimal:
        gone = self.outcome in VISITS[1:] or self.late
        return self._worth if gone and self.first in BEFORE_THE_VISIT else Decimal(0)

    @property
    def at_risk(self) -> Decimal:
        after = self.first not in BEFORE_THE_VISIT
        return self._worth if after and self.outcome is not Outcome.COMPLETED else Decimal(0)

    @property
    def _worth(self) -> Decimal:
        return self.price or Decimal(0)


@st.composite
def planted(draw: st.DrawFn) -> Planted:
    outcome = draw(st.sampled_from((*VISITS, *GIVEN_BACK)))
    possible = [b for b in STAGES if outcome in VISITS or b not in OF_A_VISIT]
    breaks = draw(st.sets(st.sampled_from(possible), max_size=4))
    if "B8" in breaks:
        breaks -= {"B9"}  # what was not handed on cannot be late
    late = outcome in GIVEN_BACK and draw(st.booleans())
    price = draw(st.sampled_from((Decimal("19.90"), Decimal(60), None)))
    return Planted(outcome, late, price, tuple(sorted(breaks)))


@given(st.lists(planted(), max_size=15))
@settings(max_examples=50, deadline=None)
def test_each_planted_break_is_found_with_its_stage_and_money_and_nothing_else(plants):
    report = audit(Given([each.build(number) for number, each in enumerate(plants)]))
    broken = [each for each in plants if each.breaks]
    for found in report.breaks:
        number = found.number
        first = [each for each in broken if each.first == number]
        assert found.appointments == sum(number in each.breaks for each in plants)
        assert found.first == len(first)
        assert found.lost == sum((each.lost for each in first), Decimal(0))
        assert found.at_risk == sum((each.at_risk for each in first), Decimal(0))
    stages = Counter(STAGES[each.first] for each in broken)
    if broken:
        values = report.figure("first_break_stage").values
        assert {each.name: each.raw for each in values if each.raw} == dict(stages)
    if plants:
        assert report.headline.values[1].raw == len(plants) - len(broken)


@pytest.mark.parametrize("number", STAGES)
def test_one_break_alone_is_found_alone(number):
    made = [clean(0), plant(clean(1), number), clean(2)]
    found = {each.number: each for each in audit(Given(made, source(own=True))).breaks}
    assert {name: each.appointments for name, each in found.items() if each.appointments} == {
        number: 1
    }
    assert found[number].behind == ("K-1",)
    assert found[number].advice
    assert found[number].sentence.startswith("1 appointment ")


def test_a_break_that_cannot_be_seen_is_not_looked_for_and_the_share_is_a_limit():
    made = [plant(clean(n), "B4") if n < 5 else clean(n) for n in range(20)]
    report = audit(Given(made, source(Field.MESSAGES, Field.REMINDED)))
    found = {each.number: each for each in report.breaks}["B4"]
    assert (found.grade, found.appointments) == (Grade.UNKNOWABLE, 0)
    assert found.missing == ("the messages and what became of them",)
    assert report.headline.grade is Grade.BOUNDED
    assert report.headline.answer.startswith("At most 20 of 20 appointments (100 %)")
    assert report.headline.missing == ("the messages and what became of them",)


def test_a_stage_where_no_break_can_be_seen_has_no_zero():
    made = [clean(0), plant(clean(1), "B6")]
    bare = source(knows=frozenset({Field.OUTCOME, Field.ATTENDED, Field.MISSED, Field.END}))
    figure = audit(Given(made, bare)).figure("first_break_stage")
    assert [(each.name, each.raw) for each in figure.values] == [("attendance", 1)]
    assert [row[0].text for row in figure.table.rows] == ["attendance"]
    assert len(audit(Given(made)).figure("first_break_stage").values) == 5


def test_a_refilled_late_cancellation_is_not_lost():
    start = NOW - 10 * DAY
    gone = leg(start, Outcome.CANCELLED, ended=start - 3 * HOUR, reference="gone")
    taken = leg(start, lead=2 * HOUR, reference="taken")
    empty = [plant(one(gone), "B1")]
    full = [*empty, one(taken, person=2)]

    def lost(made):
        report = audit(Given(made))
        return report.breaks[0].lost, report.figure("revenue_lost").values[0].raw

    assert lost(empty) == (Decimal(60), Decimal(60))
    assert lost(full) == (Decimal(0), Decimal(0))


def test_what_the_path_skipped_with_its_reason_is_no_break():
    late = clean(3, lead=20 * MINUTE)  # booked too late for both reminders
    walked_in = leg(NOW - 5 * DAY, lead=-MINUTE, channel="walk_in", messages=(), entered={})
    report = audit(Given([late, one(walked_in)]))
    assert [each.appointments for each in report.breaks] == [0] * 9


def test_a_move_and_its_new_time_are_one_appointment():
    """A reminder of the old time after the move is one break of one appointment."""
    start = NOW - 8 * DAY
    old = leg(start, Outcome.RESCHEDULED)
    told = Sent("final_reminder", old.outcome_at + HOUR)
    new = leg(start + DAY, lead=3 * DAY)
    made = one(replace(old, messages=(*old.messages, told)), new)
    report = audit(Given([made]))
    assert {each.number: each.appointments for each in report.breaks}["B4"] == 1
    assert report.headline.values[2].raw == 1


def test_what_broke_after_the_visit_began_did_not_lose_it():
    """Its end is late: a duty that fell due meanwhile is still no loss of a missed visit."""
    made = clean(0, Outcome.MISSED).legs[0]

    def money(due):
        late = Duty("final_reminder", due, "failed")
        found = audit(Given([one(replace(made, duties=(late,)))])).breaks[2]
        return found.lost, found.at_risk

    assert money(made.start - MINUTE) == (Decimal(60), Decimal(0))
    assert money(made.start + MINUTE) == (Decimal(0), Decimal(60))


def test_what_lies_ahead_and_broke_is_at_risk():
    ahead = plant(clean(0, Outcome.AHEAD), "B1")
    report = audit(Given([ahead]))
    assert (report.breaks[0].lost, report.breaks[0].at_risk) == (0, Decimal(60))


def test_an_open_question_counts_from_its_due_time_on_and_at_its_own_stage():
    def asked(kind, due):
        made = clean(0, Outcome.AHEAD)
        question = Asked(kind, NOW - 2 * DAY, due)
        return audit(Given([one(replace(made.legs[0], asked=(question,)))]))

    assert asked("CONTACT_GAP", NOW + MINUTE).breaks[6].appointments == 0
    late = asked("CONTACT_GAP", NOW - MINUTE)
    assert late.breaks[6].appointments == 1
    assert late.figure("first_break_stage").answer.startswith(
        "Most often at the stage “confirmation”"
    )
