"""The report as page, JSON and tables: the same values everywhere, and nothing that could harm."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from decimal import Decimal

import html5lib
import pytest

from kept.audit.drawing.charts import chart
from kept.audit.drawing.data import data
from kept.audit.drawing.figure import Links
from kept.audit.drawing.page import document
from kept.audit.drawing.sheets import archive, safe, sheets
from kept.audit.figures import Break, Chart, Grade, Shape, Table, Value
from tests.audit.read_back import from_csv, from_json, from_page
from tests.audit.reports import MADE, breaks, first_break, headline, report, source, words

NASTY = '</title></style><script>alert(1)</script>"\\'


@pytest.fixture(scope="module")
def page():
    return document(report())


def test_page_json_and_tables_say_the_same_to_the_digit(page):
    made = report()
    told = from_json(json.loads(json.dumps(data(made))))
    assert from_page(page) == told
    assert from_csv(sheets(made)) == told
    assert len([each for each in told if each[1] == "table"]) == 14
    assert ("revenue_lost", "value", "lost", "€2,460.00", "2460.00") in told
    assert ("B6", "break", "lost", "€1,840.00", "1840.00") in told


def test_only_the_parts_of_a_stack_are_added_up():
    counts = tuple(
        Value(name, number, str(number), "count") for name, number in (("a", 2), ("b", 3))
    )
    shown = Table(("row", "a", "b"), ((Value("row", "x", "x", "text"), *counts),))
    for shape, said in ((Shape.STACK, "2 + 3"), (Shape.BARS, "2 / 3")):
        assert f">{said}</text>" in chart(shown, Chart(shape, "row", ("a", "b")), "c", "?", "!")


def test_a_value_that_was_changed_is_noticed(page):
    """The comparison above would find out."""
    told = from_json(data(report()))
    assert from_page(page.replace("€2,460.00</data>", "€2,461.00</data>")) != told


def test_the_page_is_right_html_and_runs_and_loads_nothing(page):
    html5lib.HTMLParser(strict=True).parse(page)
    for forbidden in ("<script", "style=", "javascript:", "src=", "@import", " onclick"):
        assert forbidden not in page
    assert "default-src &#x27;none&#x27;" in page


def test_ids_are_there_once_and_whatever_is_led_to_is_there(page):
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    led = [each.get("href")[1:] for each in tree.iter("a") if each.get("href").startswith("#")]
    named = [name for each in tree.iter() for name in (each.get("aria-labelledby") or "").split()]
    assert {*led, *named} <= set(ids)


def test_every_question_has_an_answer_a_grade_in_words_and_its_table(page):
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    figures = [each for each in tree.iter("section") if each.get("class") == "figure"]
    assert len(figures) == 5
    for each in figures:
        said = "".join(each.itertext())
        assert any(word in said for word in ("Measured", "Between bounds", "Inferred"))
    pictures = [each for each in tree.iter() if each.get("class") == "chart"]
    assert len(pictures) == 4
    assert len(list(tree.iter("table"))) >= len(pictures)


def test_what_was_read_comes_first_and_what_cannot_be_known_is_named_with_what_is_missing(page):
    assert page.index("1,204 rows were read; 1,198 of them used, 6 left out.") < page.index("B6")
    assert "line 17" in page
    assert "line 20, line 21, line 22, line 23, line 24" in page
    assert "What this file cannot answer, and what would" in page
    assert "enquiries before the booking" in page
    assert "list prices, not what was earned" in page


def test_rows_that_do_not_add_up_are_said_to():
    wrong = report()
    wrong.quality.read += 1
    assert "do not add up" in document(wrong)


def test_appointments_lead_to_where_they_are_known_and_nowhere_else(page):
    mine = report(source=source(own=True))
    ours = document(mine, Links(lambda each: f"/one?q={each}"))
    assert 'href="/one?q=KX7-M2PT9"' in ours
    assert "The first 2 of 100." in ours
    listed = document(mine, Links(behind=lambda name: f"/all/{name}"))
    # The number that is theirs leads to them, and so do the words; a share or another number not.
    assert listed.count('href="/all/unresolved"') == 2
    assert listed.count('href="/all/governed_share"') == 2
    assert 'href="/all/B6"' in listed
    assert "/one" not in page


@pytest.mark.parametrize("where", ["name", "table", "break"])
def test_nothing_from_a_file_becomes_markup(where):
    table = first_break()
    row = (words("stage", NASTY), table.rows[0][1])
    spoilt = {
        "name": report(source=replace(source(), name=NASTY)),
        "table": report(headline=replace(headline(), table=replace(table, rows=(row,)))),
        "break": report(breaks=(replace(breaks()[0], sentence=NASTY),)),
    }[where]
    page = document(spoilt)
    assert "<script" not in page
    assert page.count("</style>") == 1
    html5lib.HTMLParser(strict=True).parse(page)


def test_a_spreadsheet_takes_no_cell_for_a_formula():
    for text in ("=1+1", "+cmd", "-cmd", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1"):
        assert safe(text).startswith("'")
    for text in ("Foot care", "-3", "+4.5", "2027-03-01", "€5.00", ""):
        assert safe(text) == text
    assert safe(-5) == "-5"
    assert safe(None) == ""


def test_the_tables_come_in_one_zip_that_is_the_same_each_time():
    made = archive(report())
    assert made == archive(report())
    with zipfile.ZipFile(io.BytesIO(made)) as zipped:
        assert set(zipped.namelist()) == set(sheets(report()))
        rows = list(csv.reader(io.StringIO(zipped.read("breaks.csv").decode("utf-8-sig"))))
    assert rows[1][0] == "B6"


def test_the_keys_of_the_json_stay():
    made = data(report())
    assert (made["format"], made["version"]) == ("kept-audit", 1)
    assert list(made) == [
        *("format", "version", "source", "made_at", "begins", "ends", "quality", "warnings"),
        *("headline", "breaks", "figures"),
    ]
    assert list(made["headline"]) == [
        *("number", "name", "chapter", "question", "answer", "grade", "values", "missing"),
        *("table", "chart", "notes", "behind", "behind_of"),
    ]
    assert made["headline"]["values"][0] == {
        "name": "governed",
        "raw": 7500,
        "text": "75.0 %",
        "unit": "share",
    }


def test_whiskers_stay_within_the_picture(page):
    """The picture reaches from none to the next ten per cent beyond the highest bound."""
    assert ">30 %<" in page
    assert 'x2="98.000%"' in page


def test_an_empty_history_gives_a_page_and_no_pictures():
    nothing = replace(
        headline(), grade=Grade.UNKNOWABLE, values=(), table=None, chart=None, behind=()
    )
    empty = report(headline=nothing, breaks=(), figures=(), begins=None, ends=None)
    page = document(empty)
    assert "no appointments" in page
    assert '<svg class="chart"' not in page
    html5lib.HTMLParser(strict=True).parse(page)


def test_a_break_without_money_says_so_and_one_with_a_price_of_nothing_shows_it():
    free = Break("B2", "Free", "Confirmation", Grade.MEASURED, 1, 1, Decimal(0), None, "One.", "")
    page = document(report(breaks=(free,), made_at=MADE))
    assert "€0.00" in page
    assert "not known" in page
