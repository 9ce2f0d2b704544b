"""The measures agree with a slow and plain computation of the same, and do not depend on order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from kept.audit.figures import Grade
from kept.audit.history import Field, Outcome
from kept.audit.report import audit
from tests.audit import naive
from tests.audit.building import DAY, NOW, Given, clean, source
from tests.audit.random_histories import Making

# A seed and not Hypothesis's own chance: that one prefers small numbers, and shrinks for minutes.
seeds = st.integers(0, 2**32)
histories = st.builds(
    lambda seed, number: Making(Random(seed)).appointments(number), seeds, st.integers(1, 25)
)
quickly = settings(max_examples=100, deadline=None)


def values(report, name):
    return {each.name: each.raw for each in report.figure(name).values}


def ten_thousandths(fraction):
    """Half up, as people round."""
    return (2 * fraction.numerator * 10_000 + fraction.denominator) // (2 * fraction.denominator)


def same(found, expected):
    assert found == (None if expected is None else ten_thousandths(expected))


@given(histories)
@quickly
def test_outcomes_and_their_bounds(made):
    report, expected = audit(Given(made)), naive.no_show(made)
    same(values(report, "no_show_rate").get("no_show_rate"), expected["rate"])
    for name in ("low", "high"):
        same(values(report, "no_show_bounds").get(name), expected[name])
    same(values(report, "unresolved_share").get("unresolved_share"), expected["unresolved"])
    same(values(report, "assumed_share").get("assumed_share"), expected["assumed"])


@given(histories)
@quickly
def test_what_was_given_back(made):
    report = audit(Given(made))
    if any(each.outcome is Outcome.CANCELLED for each in naive.legs(made)):
        found = values(report, "late_cancellations")
        same(found["late_share"], naive.late_cancellations(made))
        assert found["low"] <= found["late_share"] <= found["high"]
    filled, freed = naive.refilled(made, NOW)
    found = values(report, "refilled_slots")
    assert (found.get("refilled", 0), found.get("given_back", 0)) == (filled, freed)


@given(histories)
@quickly
def test_breaks(made):
    report = audit(Given(made))
    expected = [naive.breaks(each, NOW) for each in made]
    counts = Counter(name for found in expected for name in found)
    first = Counter(min(found, key=lambda name: (found[name], name)) for found in expected if found)
    assert {each.number: each.appointments for each in report.breaks} == {
        each.number: counts[each.number] for each in report.breaks
    }
    assert {each.number: each.first for each in report.breaks} == {
        each.number: first[each.number] for each in report.breaks
    }
    whole = sum(not found for found in expected)
    assert values(report, "governed_share")["governed"] == whole


BETWEEN = (
    ("no_show_rate", "no_show_rate", "low", "high"),
    ("late_cancellations", "late_share", "low", "high"),
    ("recovery_after_move", "recovered_share", "low", "high"),
    ("recovery_after_cancellation", "recovered_share", "low", "high"),
    ("recovery_after_miss", "recovered_share", "low", "high"),
    ("refilled_slots", "refilled_share", "low", "high"),
    ("rebooking", "rebooked_share", "low", "high"),
    ("revenue_lost", "lost", "at_least", "at_most"),
    ("funnel", "completed", "completed", "completed_at_most"),
)
"""Every figure that rests on what became of visits: its value, and the names of its bounds."""

RECORDS = {"governed_share", "first_break_stage", "unresolved_share", "assumed_share", "hand_offs"}
"""Figures of what was written down, and not of what happened: writing it down changes them."""


@given(histories, seeds)
@quickly
def test_whatever_the_unknown_visits_were_it_lies_between_the_bounds(made, seed):
    before, after = audit(Given(made)), audit(Given(written_down(made, Random(seed))))
    for name, value, low, high in BETWEEN:
        said, found = values(before, name), values(after, name).get(value)
        if found is not None and said:
            assert said[low] <= found <= said[high], name
            assert said[low] <= said.get(value, found) <= said[high], name
    for figure in before.figures:
        known = {each.name: each.raw for each in after.figure(figure.name).values}
        if figure.grade is Grade.MEASURED and figure.values and figure.name not in RECORDS:
            assert {each.name: each.raw for each in figure.values} == known, figure.name


@given(histories)
@quickly
def test_the_ends_of_the_bounds_are_reached(made):
    """Everybody came, or nobody did: what was lost lies at the one end or at the other."""
    said = values(audit(Given(made)), "revenue_lost")
    if said:
        least, most = naive.revenue_lost(made, NOW)
        assert (said["at_least"], said["at_most"]) == (least, most)


def written_down(made, chance):
    """The same history, had somebody said what became of every visit."""
    return [replace(each, legs=tuple(said_of(leg, chance) for leg in each.legs)) for each in made]


def said_of(leg, chance):
    if leg.outcome not in (Outcome.UNKNOWN, Outcome.ASSUMED):
        return leg
    stayed_away = leg.channel != "walk_in" and chance.random() < 0.5
    return replace(leg, outcome=Outcome.MISSED if stayed_away else Outcome.COMPLETED)


@given(histories, seeds)
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_rows_changes_nothing(made, seed):
    shuffled = list(made)
    Random(seed).shuffle(shuffled)
    one, other = audit(Given(made)), audit(Given(shuffled))
    assert one.headline == other.headline
    assert one.breaks == other.breaks
    assert one.figures == other.figures


@given(histories)
@settings(max_examples=40, deadline=None)
def test_two_spans_add_up_to_the_whole(made):
    middle = NOW - 6 * DAY
    whole = audit(Given(made))
    parts = audit(Given(made), end=middle), audit(Given(made), begin=middle)
    for place, found in enumerate(whole.breaks):
        assert found.appointments == sum(each.breaks[place].appointments for each in parts)
        assert found.first == sum(each.breaks[place].first for each in parts)
    for name, counted in (
        ("no_show_rate", "missed"),
        ("no_show_bounds", "visits"),
        ("unresolved_share", "unresolved"),
        ("funnel", "completed"),
        ("messages_after_change", "messages_after_change"),
        ("reminder_integrity", "missed"),
        ("open_questions", "asked"),
    ):
        found = [values(each, name).get(counted, 0) for each in parts]
        assert values(whole, name).get(counted, 0) == sum(found)


@given(histories, st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_one_more_clean_appointment_adds_no_break(made, number):
    before, after = audit(Given(made)), audit(Given([*made, clean(number, person=99)]))
    assert [each.appointments for each in before.breaks] == [
        each.appointments for each in after.breaks
    ]


@given(histories, st.sets(st.sampled_from(Field)))
@settings(max_examples=60, deadline=None)
def test_whatever_is_not_known_every_figure_is_answered_or_refused_with_names(made, unknown):
    """Blank fields, and a source that does not know them: no figure falls over."""
    where = source(*unknown)
    blank = {
        Field.BOOKED_AT: {"booked_at": None},
        Field.END: {"end": None},
        Field.CANCELLED_AT: {"outcome_at": None},
        Field.STAFF: {"staff": None},
        Field.SERVICE: {"service": None},
        Field.PRICE: {"price": None},
        Field.CHANNEL: {"channel": None},
    }
    gone = {name: None for field in unknown for name in blank.get(field, ())}
    bare = [replace(each, legs=tuple(replace(leg, **gone) for leg in each.legs)) for each in made]
    report = audit(Given(bare, where))
    unbrought = {Field.OFFERED, Field.INVITATIONS, Field.REVIEWS}  # known, and not brought along
    known = {each.value for each in where.knows - unbrought}
    for figure in (report.headline, *report.figures):
        assert figure.answer
        if figure.grade.name == "UNKNOWABLE":
            assert figure.missing
            assert not figure.values
        if figure.name not in ("revenue_lost", "confirmation_immediacy"):
            assert not known.intersection(figure.missing)
