"""Every sentence an audit can say: no cause is claimed, and numbers and words agree."""

from __future__ import annotations

import ast
import re
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from kept.audit import measures
from kept.audit.figures import Figure, Grade, Report
from kept.audit.history import Enquiry, Field, Invitation, Outcome, Review
from kept.audit.measures import wording
from kept.audit.measures.breaks import BREAKS
from kept.audit.report import audit
from kept.core.policy import Policy
from tests.audit.building import DAY, HOUR, NOW, PLANTS, RESOLVED, Given, clean, plant, source
from tests.audit.random_histories import Making

CAUSAL = re.compile(
    r"\b(reduc\w+|because|thanks to|caus(e|ed|es|ing)|due to|led to|leads? to|result(s|ed) in|"
    r"improv\w+|increas\w+|decreas\w+|prevent\w+|effect\w*|impact\w*|therefore|so that fewer)\b",
    re.IGNORECASE,
)
STRATIFIED = {"no_show_channels_compared", "no_show_acknowledged_compared"}
WRONG_NUMBER = re.compile(
    r"(?<![\d,.])1 (visits|appointments|bookings|messages|questions|cancellations|enquiries|are|"
    r"were|have)\b|(?<![\d,.])(?!1\b)\d[\d,]* (visit|appointment|booking|message|question) "
)


class Beside(Given):
    """A history that has everything beside the appointments as well."""

    def offered_minutes(self, begin, end):
        return {"Ada": 60 * 24 * 20, "Ben": 60 * 24 * 10}

    def invitations(self):
        due = NOW - 60 * DAY
        for number in range(80):
            yield Invitation(f"P{number}", due, number % 2 == 0, due + DAY if number % 5 else None)

    def reviews(self):
        for number in range(90):
            yield Review(f"V{number}", number % 3 > 0, (None, True, False)[number % 3])


def rich(number: int, seed: int) -> list:
    chance = Random(seed)
    made = []
    for place in range(number):
        outcome = chance.choices(list(Outcome), (10, 60, 12, 3, 12, 3, 0, 4, 6))[0]
        each = clean(
            place,
            outcome,
            person=chance.randrange(number),
            lead=chance.choice((1, 3, 10, 40)) * DAY,
            service=chance.choice(("Cut", "Colour")),
            staff=chance.choice(("Ada", "Ben")),
            channel=chance.choice(("page", "phone")),
            price=chance.choice((Decimal(40), None)),
        )
        if outcome in RESOLVED and outcome not in (
            Outcome.CANCELLED,
            Outcome.CANCELLED_BY_BUSINESS,
        ):
            each = plant(each, *chance.sample(sorted(PLANTS), chance.choice((0, 0, 1))))
        if chance.random() < 0.4:
            last = each.legs[-1]
            yes = replace(last, acknowledged_at=last.booked_at + timedelta(minutes=5))
            each = replace(each, legs=(yes,))
        made.append(each)
    return made


def asked(number: int) -> list[Enquiry]:
    return [
        Enquiry(
            f"E{place}",
            NOW - 40 * DAY,
            "page",
            None,
            NOW - 40 * DAY + place * timedelta(minutes=3) if place % 4 else None,
            place * 60,
            NOW - 30 * DAY if place % 3 else None,
            place % 5 > 0 if place % 3 else None,
        )
        for place in range(number)
    ]


SOURCES = (
    (),
    (Field.ATTENDED,),
    (Field.MISSED,),
    (Field.ATTENDED, Field.MISSED),
    (Field.CANCELLED_BY, Field.STAFF, Field.PRICE),
    (Field.MESSAGES, Field.ESCALATIONS),
    (Field.CANCELLED_AT,),
    (Field.STAGES, Field.BOOKED_AT),
)


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    histories = [
        rich(400, 1),
        rich(3, 2),
        rich(1, 3),
        [],
        [clean(0)],
        Making(Random(4)).appointments(60),
    ]
    return [
        audit(Beside(made, source(*without), asked(len(made) % 97)))
        for made in histories
        for without in SOURCES
    ]


def figures(reports: list[Report]) -> list[Figure]:
    return [figure for report in reports for figure in (report.headline, *report.figures)]


def sentences(report: Report) -> list[str]:
    said = [*report.warnings]
    for each in report.breaks:
        said += [each.sentence, each.advice]
    for figure in (report.headline, *report.figures):
        if figure.name not in STRATIFIED:
            said += [figure.question, figure.answer, *figure.notes]
            said.append(figure.table.caption if figure.table else "")
    return said


def test_no_sentence_claims_a_cause(reports):
    for said in {each for report in reports for each in sentences(report)}:
        assert not CAUSAL.search(said), said


def test_no_sentence_that_could_be_said_claims_a_cause():
    """Those no history of these tests has led to as well: every piece of text of the measures."""
    for file in sorted(Path(measures.__file__).parent.glob("*.py")):
        tree = ast.parse(file.read_text())
        about = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value in about or not CAUSAL.search(node.value), node.value


def test_one_is_singular_and_all_else_plural(reports):
    for said in {each for report in reports for each in sentences(report)}:
        assert not WRONG_NUMBER.search(said), said


def test_questions_are_questions_and_answers_sentences(reports):
    for figure in figures(reports):
        assert figure.question.endswith("?")
        assert re.match(r"[A-Z0-9€]", figure.answer), figure.answer
        assert figure.answer.endswith("."), figure.answer
        assert "  " not in figure.answer


def test_every_number_of_the_definitions_is_answered(reports):
    assert {figure.number for figure in figures(reports)} == {f"M{n:02d}" for n in range(1, 33)}
    assert len({figure.name for figure in figures(reports)}) == len(reports[0].figures) + 1


def test_every_share_is_within_its_limits_and_every_text_says_its_number(reports):
    for figure in figures(reports):
        rows = figure.table.rows if figure.table else ()
        for value in (*figure.values, *(value for row in rows for value in row)):
            if value.unit == "share" and not value.name.startswith("difference"):
                assert value.text == wording.percent(value.raw)
            if value.unit == "count":
                assert value.text == f"{value.raw:,}"
            if value.unit == "money":
                assert value.text == wording.price(value.raw, "EUR")


def test_a_chart_draws_columns_that_there_are(reports):
    for figure in figures(reports):
        if figure.chart and figure.table:
            named = {figure.chart.label, *figure.chart.series, figure.chart.low, figure.chart.high}
            assert named - {""} <= set(figure.table.columns)
        for row in figure.table.rows if figure.table else ():
            assert len(row) == len(figure.table.columns)


def test_small_groups_are_counted_and_not_shown(reports):
    small = [clean(n, service=f"Service {n % 20}") for n in range(200)]
    many = [clean(n, service="Cut") for n in range(200, 240)]
    table = audit(Given([*small, *many])).figure("no_show_by_service").table
    assert [row[0].text for row in table.rows] == ["Cut"]
    assert table.hidden == 20


def test_nothing_is_compared_where_too_many_outcomes_are_unknown():
    known = [clean(n, channel=("page", "phone")[n % 2]) for n in range(100)]
    blank = [clean(n, Outcome.UNKNOWN, channel="page") for n in range(100, 140)]
    figure = audit(Given([*known, *blank])).figure("no_show_channels_compared")
    assert figure.answer.startswith("Not compared: 40 of 140 visits have no known outcome")


def test_what_only_looks_like_a_difference_vanishes_within_equal_lead_times():
    """By phone people book for next week, by the page for today; within each, they are alike."""
    made = []
    for number in range(400):
        far = number % 2 == 0
        phone = number % 10 < 8 if far else number % 10 == 9
        missed = number % 3 == 0 if far else number % 20 == 1
        made.append(
            clean(
                number,
                Outcome.MISSED if missed else Outcome.COMPLETED,
                lead=(10 * DAY if far else HOUR),
                channel="phone" if phone else "page",
            )
        )
    report = audit(Given(made))
    alone = {row[0].text: row[1].raw for row in report.figure("no_show_by_channel").table.rows}
    assert alone["phone"] > 1.5 * alone["page"]
    assert " may be chance (odds" in report.figure("no_show_channels_compared").answer


def test_a_source_that_keeps_only_survivors_is_warned_of():
    kept = audit(Given([clean(n) for n in range(40)]))
    assert any("marked as cancelled" in each for each in kept.warnings)
    assert any("marked as missed" in each for each in kept.warnings)
    both = [clean(40, Outcome.CANCELLED), clean(41, Outcome.MISSED)]
    assert audit(Given([*(clean(n) for n in range(40)), *both])).warnings == ()


def test_a_no_show_rate_of_one_side_is_a_limit_and_no_estimate():
    made = [clean(n, Outcome.MISSED if n < 10 else Outcome.UNKNOWN) for n in range(100)]
    marked = audit(Given(made, source(Field.ATTENDED))).figure("no_show_rate")
    assert marked.grade is Grade.BOUNDED
    assert marked.answer.startswith("At least 10 %: 10 of 100 visits were marked as missed")
    assert [each.name for each in marked.values] == ["low", "missed", "visits"]
    seen = [clean(n, Outcome.COMPLETED if n < 90 else Outcome.UNKNOWN) for n in range(100)]
    came = audit(Given(seen, source(Field.MISSED))).figure("no_show_rate")
    assert came.answer.startswith("At most 10 %: of 100 visits, 90 were seen to take place")


def test_a_walk_in_cannot_stay_away():
    made = [clean(0), clean(1, channel="walk_in")]
    assert audit(Given(made)).figure("no_show_rate").values[2].raw == 1


def test_the_policy_a_break_names_is_one_that_there_is():
    settings = {each.name for each in fields(Policy)}
    assert {each.policy for each in BREAKS if each.policy} <= settings
    assert all(each.advice for each in BREAKS)


def test_small_words():
    assert [wording.many(n, "enquiry") for n in (0, 1, 2)] == [
        "no enquiries",
        "1 enquiry",
        "2 enquiries",
    ]
    assert wording.about(120, 960) == "1 in 8"
    assert wording.about(121, 960) == "about 1 in 8"
    assert [wording.about(n, 100) for n in (40, 41, 46, 54)] == [
        "2 in 5",
        "about 2 in 5",
        "about 1 in 2",
        "about 1 in 2",
    ]
    assert [wording.about(n, 100) for n in (0, 66, 99, 100)] == [
        "none",
        "about 7 in 10",
        "nearly all",
        "all",
    ]
    assert [wording.percent(raw) for raw in (0, 3, 1250, 1600, 10000)] == [
        "0 %",
        "under 0.1 %",
        "12.5 %",
        "16 %",
        "100 %",
    ]
    assert [wording.duration(s) for s in (45, 61, 3900, 86_400, 300_000)] == [
        "45 s",
        "1 min",
        "1 h 5 min",
        "24 h",
        "3 days 11 h",
    ]
    assert wording.price(Decimal("1234.5"), "EUR") == "€1,234.50"
    assert wording.price(Decimal(1234), "JPY") == "¥1,234"
    assert wording.price(Decimal(12), "") == "12.00"
