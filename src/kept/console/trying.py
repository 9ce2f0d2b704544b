"""Another policy tried on the past: the form that says which, and what came of it as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.forms.boundfield import BoundField
from django.http import QueryDict

from kept.appointments import queries
from kept.appointments.queries import Leg
from kept.audit.drawing import words as drawing
from kept.audit.drawing.charts import chart
from kept.audit.drawing.figure import table
from kept.audit.drawing.markup import Markup, join, tag
from kept.audit.figures import Break, Chart, Report, Shape, Table, Value
from kept.audit.measures.breaks import BREAKS
from kept.audit.measures.wording import price
from kept.audit.simulate import Difference, NotAnyMore, Simulation
from kept.console import policies, words
from kept.core.policy import (
    BUILT_IN,
    DEFAULT_HAND_OFFS,
    OF_VISITS,
    Policy,
    PolicyError,
    changed,
    unmapped,
)
from kept.core.time import Exactly, format_offset

SHOWN = 25
"""Letters, and refusals, that a page lists."""

# What may be tried

GROUPS = (
    ("Which reminders, and at what hours", ("switched_on", "quiet_from", "quiet_to")),
    ("First reminder", ("first_reminder", "first_reminder_until", "first_reminder_gap")),
    ("Final reminder", ("final_reminder", "final_reminder_until", "final_reminder_gap")),
    ("Changing and cancelling", ("change_until", "late_cancel")),
    ("The visit", ("preparation", "ask_acknowledgement", "late_grace")),
    ("The outcome", ("outcome_grace", "assume_missed")),
    ("Who takes over what comes next", ("accept_within", "built_in")),
    ("What comes next", tuple(f"after_{outcome}" for outcome in OF_VISITS)),
)
"""The settings an appointment is walked by. The others are about what follows it."""

TRIED = frozenset(name for _, names in GROUPS for name in names)


@dataclass(frozen=True, slots=True)
class Group:
    """Some settings in one frame. `open`: it is shown unfolded."""

    title: str
    fields: Sequence[BoundField]
    open: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried. `policy` is None where nothing is changed, or it cannot be."""

    form: policies.PolicyForm
    policy: Policy | None

    @property
    def address(self) -> str:
        """The changes alone, as they stand in an address."""
        return urlencode(policies.address(self.form))

    @property
    def named(self) -> list[tuple[str, str]]:
        return policies.address(self.form)

    def changes(self) -> list[tuple[str, str, str]]:
        return policies.described(self.form) if self.policy else []

    def groups(self, about: str = "") -> list[Group]:
        """The settings; those that differ, are wrong or are advised for a break lie open."""
        different = {*self.form.changed_data, *self.form.errors, *FIELDS.get(about, ())}
        return [
            Group(title, [self.form[name] for name in names], not different.isdisjoint(names))
            for title, names in GROUPS
        ]


def trial(asked: QueryDict, present: Policy) -> Trial:
    """What an address asks to try. What cannot be is said at its field, as the policy says it."""
    form = policies.proposed(asked, present, TRIED)
    if not form.is_valid():
        return Trial(form, None)
    wanted = policies.changes(form, present)
    try:
        return Trial(form, changed(present, wanted) if wanted else None)
    except PolicyError as error:
        policies.refuse(form, error)
        return Trial(form, None)


# What is advised

_SETTING = {kind.number: kind.policy for kind in BREAKS if kind.policy}
FIELDS = {
    number: GROUPS[-1][1] if name == "hand_offs" else (name,) for number, name in _SETTING.items()
}
"""The fields of the form in which the advice for a break stands."""


def advised(number: str, present: Policy) -> list[tuple[str, str]]:
    """The change that is advised for a break, as it stands in an address; empty where the policy
    is as advised already."""
    wanted = ADVICE[number](present) if number in ADVICE else {}
    try:
        then = changed(present, wanted)
    except PolicyError:
        return []
    begins = policies.initial(present)
    form = policies.PolicyForm(policies.as_sent(policies.initial(then)), initial=begins)
    return policies.address(form)


def _of_use_longer(present: Policy) -> Mapping[str, object]:
    """Of use until half the time before: a short standstill then only makes it late."""
    return _half("first_reminder_until", present, least=15)


def _asked_sooner(present: Policy) -> Mapping[str, object]:
    return _half("outcome_grace", present, least=15)


def _half(name: str, present: Policy, least: int) -> Mapping[str, object]:
    offset = present.offset(name)
    if not isinstance(offset, Exactly):
        return {}
    minutes = int(offset.delta.total_seconds()) // 60
    return {name: f"{max(minutes // 2, least)}m"} if minutes > least else {}


def _not_asked(present: Policy) -> Mapping[str, object]:
    return {"ask_acknowledgement": False}


def _named(present: Policy) -> Mapping[str, object]:
    """What usually follows each outcome of which nothing is said."""
    usual = {name: DEFAULT_HAND_OFFS[name] for name in unmapped(present)}
    said = {**present.hand_offs, **usual}
    return {"hand_offs": {name: list(paths) for name, paths in said.items()}}


def _taken_over(present: Policy) -> Mapping[str, object]:
    """First what Kept can do itself; else twice the time."""
    if present.built_in != BUILT_IN:
        return {"built_in": sorted(BUILT_IN)}
    offset = present.offset("accept_within")
    return (
        {"accept_within": format_offset(Exactly(offset.delta * 2))}
        if isinstance(offset, Exactly)
        else {}
    )


ADVICE = {
    "B3": _of_use_longer,
    "B6": _asked_sooner,
    "B7": _not_asked,
    "B8": _named,
    "B9": _taken_over,
}
"""By the break: what to try. A test holds it to the breaks with a setting."""


# What came of it

REALLY, AGAIN, WOULD = "as it happened", "same settings, no outage", "your changed settings"
LOST = ("lost, as it happened", "lost, with your settings")
TITLE = "Appointments by where they break"


def governed(found: Simulation) -> list[tuple[str, Value]]:
    """The share of appointments without a break, three times."""
    reports = {REALLY: found.really, AGAIN: found.again, WOULD: found.would}
    return [
        (said, value)
        for said, report in reports.items()
        for value in report.headline.values
        if value.unit == "share"
    ]


def verdict(found: Simulation) -> str:
    """What the change would have done to the number of broken appointments, in a sentence."""
    before, after = (_count(each, "governed") for each in (found.again, found.would))
    if after == before:
        return "As many appointments as before would have gone without a break."
    kind = "more appointment" if after > before else "fewer appointment"
    return f"{drawing.many(abs(after - before), kind)} would have gone without a break."


def appointments(report: Report) -> int:
    """How many were looked at."""
    return _count(report, "appointments")


def _count(report: Report, name: str) -> int:
    return next((int(each.raw or 0) for each in report.headline.values if each.name == name), 0)


def side_by_side(found: Simulation) -> list[tuple[Break, Break, Break]]:
    """The breaks that happened under any of the three."""
    each = zip(found.really.breaks, found.again.breaks, found.would.breaks, strict=True)
    return [three for three in each if any(one.appointments for one in three)]


def breaks(found: Simulation) -> Markup | None:
    """The picture of the breaks three times side by side, and its table; None where none is."""
    rows = side_by_side(found)
    if not rows:
        return None
    shown = _table(rows, found.really.source.currency)
    wanted = Chart(Shape.BARS, "where it breaks", (REALLY, AGAIN, WOULD))
    drawn = chart(shown, wanted, "c-trial", TITLE, "The same numbers stand in the table below it.")
    return join([tag("div", drawn, class_="picture") if drawn else None, table(shown, TITLE)])


def _table(rows: Sequence[tuple[Break, Break, Break]], currency: str) -> Table:
    """With the list price lost, where the prices are known."""
    priced = any(one.lost is not None for three in rows for one in three)
    cells = tuple((*_counts(each), *(_lost(each, currency) if priced else ())) for each in rows)
    columns = ("where it breaks", REALLY, AGAIN, WOULD, *(LOST if priced else ()))
    return Table(columns, cells, f"{TITLE}, and the list price lost" if priced else TITLE)


def _counts(three: tuple[Break, Break, Break]) -> Iterator[Value]:
    yield Value("break", three[0].number, drawing.title(three[0]), "text")
    for said, each in zip((REALLY, AGAIN, WOULD), three, strict=True):
        yield Value(said, each.appointments, f"{each.appointments:,}", "count")


def _lost(three: tuple[Break, Break, Break], currency: str) -> Iterator[Value]:
    for said, each in (("lost", three[0]), ("lost then", three[2])):
        text = "not known" if each.lost is None else price(each.lost, currency)
        yield Value(said, each.lost, text, "money")


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list with the appointment it is about; None where it is gone."""

    leg: Leg | None
    row: Difference | NotAnyMore


def listed(business: UUID, rows: Sequence[Difference | NotAnyMore]) -> list[Listed]:
    """The first of them, each with its appointment."""
    first = rows[:SHOWN]
    legs = queries.legs_by_reference(business, {each.reference for each in first})
    by_reference = {leg.appointment.reference: leg for leg in legs}
    return [Listed(by_reference.get(each.reference), each) for each in first]


def questions(found: Simulation) -> list[tuple[str, int]]:
    """What a person would have been asked more (or less) often, and how often."""
    return [
        (words.told_of(kind, words.ESCALATIONS), count)
        for kind, count in found.asked.most_common()
        if count
    ]
