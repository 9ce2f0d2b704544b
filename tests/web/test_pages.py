"""The base of every page: titles, headers, errors, words for times."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django import forms as django_forms
from django.template import Context, Template
from django.test import RequestFactory

from kept import web
from kept.web import pages, parts
from kept.web.forms import Form

CSS = Path(web.__file__).parent / "static" / "web" / "kept.css"
NOON = datetime(2026, 7, 14, 7, 30, tzinfo=UTC)


class Visit(Form):
    anchor = "slots"
    name = django_forms.CharField(label="Full name", help_text="As on your card")
    note = django_forms.CharField(required=False)


def drawn(text, **context):
    return Template("{% load kept %}" + text).render(Context({"locale": "en_GB", **context}))


def page(context, **options):
    request = RequestFactory().get("/")
    request._messages = []
    return pages.render(request, "web/base.html", context, **options)


def test_a_page_is_kept_out_of_caches_and_search_engines():
    answer = page({})
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]


def test_a_page_whose_words_are_english_says_so_whatever_the_language_of_the_house():
    assert b'lang="en-DE" dir="ltr"' in page({}, locale="de_DE").content


def test_a_page_in_the_language_of_its_reader_says_which():
    view = pages.in_the_readers_language(lambda request: page({}, locale="de_AT"))
    german = view(RequestFactory().get("/", headers={"Accept-Language": "de-AT,de;q=0.9"}))
    assert b'lang="de-AT"' in german.content
    assert b"Zum Inhalt springen" in german.content
    assert b"Skip to the content" in page({}).content  # and the thread speaks English again


def test_a_refused_form_puts_error_before_the_title_and_leads_to_the_field():
    form = Visit({"name": "", "note": "kept as typed"})
    form.is_valid()
    form.add_error(None, "This time was just taken.")
    assert b"<title>Error: " in page({"form": form}).content
    shown = drawn("{% error_summary form %}{% field form.name %}{% field form.note %}", form=form)
    assert 'role="alert"' in shown
    assert '<a href="#slots">This time was just taken.</a>' in shown
    assert '<a href="#id_name">' in shown
    assert 'aria-describedby="id_name_hint id_name_error"' in shown
    assert 'aria-invalid="true"' in shown
    assert 'aria-required="true"' in shown
    assert 'value="kept as typed"' in shown


class Terms(Form):
    late = django_forms.IntegerField(label="Late from 100% on", min_value=1)
    why = django_forms.CharField(label="Why?")
    own = django_forms.CharField(label="Name", error_messages={"required": "Enter your name."})


def test_what_is_wrong_names_its_field():
    def said(**data):
        form = Terms(data)
        form.is_valid()
        return [problem.message for problem in form.problems()]

    assert said() == [
        "“Late from 100% on” is missing.",
        "“Why?” is not answered.",
        "Enter your name.",
    ]
    assert said(late="x", why="w", own="o") == ["“Late from 100% on” must be a whole number."]
    assert said(late="0", why="w", own="o") == ["“Late from 100% on” must be 1 or more."]


def test_a_form_that_was_not_sent_shows_no_error():
    assert b"Error: " not in page({"form": Visit()}).content
    assert "alert" not in drawn("{% error_summary form %}", form=Visit())


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("", "09:30–09:30</span> (Berlin time)"),
        ("Europe/Paris", "09:30–09:30</span> (Berlin time)"),
        ("Asia/Kathmandu", "Berlin time (13:15 Kathmandu time)"),
    ],
)
def test_a_time_is_shown_with_its_zone_and_with_the_readers_where_it_differs(other, expected):
    shown = drawn("{% when at at 'Europe/Berlin' other %}", at=NOON, other=other)
    assert expected in shown
    assert 'datetime="2026-07-14T07:30:00+00:00"' in shown


def test_a_path_says_in_words_where_each_step_stands():
    steps = parts.steps(["Booked", "Confirmed", "Visit"], 1, [NOON])
    shown = drawn("{% path steps 'Europe/Berlin' %}", steps=steps)
    assert shown.count("<li") == 3
    assert shown.count('aria-current="step"') == 1
    for words in ("done, ", "Tue 14 July 2026, 09:30 (Berlin time)", "not yet"):
        assert words in shown


def test_a_chip_has_a_word_and_an_unknown_state_is_not_hidden():
    assert "Confirmed" in drawn("{% chip 'confirmed' %}")
    assert "Brand new" in drawn("{% chip 'brand_new' %}")


@pytest.mark.parametrize(("amount", "shown"), [("60.00", "€60.00"), (None, ""), ("0", "€0.00")])
def test_money_is_shown_in_its_currency(amount, shown):
    assert drawn("{% money amount 'EUR' %}", amount=amount) == shown


def test_the_styles_are_small_and_know_both_directions():
    css = CSS.read_bytes()
    assert len(gzip.compress(css)) <= 12 * 1024
    for physical in (b"margin-left", b"padding-right", b"text-align: left"):
        assert physical not in css


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "413", "500"])
def test_every_error_has_a_page_that_needs_nothing(name):
    from django.template.loader import get_template

    shown = get_template(f"{name}.html").render()
    assert "<h1>" in shown
    assert "style=" not in shown
    assert "<script" not in shown


def test_a_span_of_time_is_not_broken_between_its_two_ends():
    start = datetime(2027, 3, 2, 9, tzinfo=UTC)
    span = {"a": start, "b": start + timedelta(minutes=45), "zone": "Europe/Berlin"}
    said = Template("{% load kept %}{% when a b zone %}").render(Context(span))
    assert '<span class="unbroken">10:00–10:45</span> (Berlin time)' in said
