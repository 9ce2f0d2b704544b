"""The whole report over one history: every part is there, and the words are those of an owner."""

from __future__ import annotations

from kept.audit.figures import Grade
from kept.audit.history import Outcome
from kept.audit.report import audit
from tests.audit.building import DAY, NOW, Given, clean, source


def test_a_clean_history_has_no_break():
    report = audit(Given([clean(number) for number in range(50)]))
    assert [each.appointments for each in report.breaks] == [0] * 9
    assert report.headline.answer.startswith("50 of 50 appointments (100 %) were carried through")
    assert report.headline.grade is Grade.MEASURED


def test_an_answer_is_a_sentence_for_an_owner():
    visits = [clean(number) for number in range(840)]
    visits += [clean(number, Outcome.MISSED) for number in range(840, 960)]
    visits += [clean(number, Outcome.UNKNOWN) for number in range(960, 1000)]
    figure = audit(Given(visits)).figure("no_show_rate")
    assert figure.answer == (
        "1 in 8 visits did not take place: 120 of 960 whose outcome is known (12.5 %). "
        "If all 40 unknown ones were missed too, it would be 16 %."
    )
    assert figure.grade is Grade.BOUNDED


def test_only_what_starts_within_the_span_counts():
    visits = [clean(number) for number in range(40)]
    report = audit(Given(visits), begin=NOW - 6 * DAY, end=NOW - 4 * DAY)
    assert report.headline.values[2].raw == 8
    assert NOW - 6 * DAY <= report.begins <= report.ends < NOW - 4 * DAY


def test_a_source_without_the_fields_is_refused_every_figure_with_their_names():
    report = audit(Given([clean(number) for number in range(40)], source(knows=frozenset())))
    assert report.headline.grade is Grade.UNKNOWABLE
    assert report.figure("filled_hours").grade is Grade.MEASURED, "a start is all it takes"
    for figure in report.figures:
        if figure.name == "filled_hours":
            continue
        assert figure.grade is Grade.UNKNOWABLE
        assert figure.missing
        assert not figure.values
    assert all(each.missing for each in report.breaks)


def test_progress_is_told():
    told = []
    audit(Given([clean(number) for number in range(2500)]), progress=told.append)
    assert told == [1000, 2000, 2500]
