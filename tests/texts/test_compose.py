"""Every message says what a customer needs, in the right zone, and nothing it should not."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.outbox.texts.compose import KINDS, MissingField, compose
from kept.outbox.texts.content import content
from kept.outbox.texts.render import html
from tests.texts.people import START, facts, remote


class Reader(HTMLParser):
    """What a person sees of an HTML mail, and where its links go."""

    def __init__(self, html):
        super().__init__()
        self.words, self.links, self.tags, self.hidden = [], [], [], 0
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag in {"style", "title", "script"}:
            self.hidden += 1
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, tag):
        if tag in {"style", "title", "script"}:
            self.hidden -= 1

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def squeezed(text):
    """Without white space, so that folding and mark-up make no difference."""
    return re.sub(r"\s+", "", text)


# What each message says


def test_a_confirmation_says_everything_there_is_to_know():
    text = compose("confirmation", facts())
    assert text.subject == "Foot care (K4-7Q2M): confirmed for Tue 14 July 2026 09:30 (Berlin time)"
    for fact in (
        "Foot care",
        "Tuesday 14 July 2026, 09:30–10:15 (Berlin time)",
        "45 minutes",
        "12 Canal Street, Riverton, 2nd floor",
        "https://maps.example.com/?q=12+Canal+Street&z=1",
        "Parking in the yard; ring twice.",
        "Dr Mara Lind",
        "€45.00, of which €10.00 is paid",
        "You can change or cancel it online until Tue 14 July 2026 07:30 (Berlin time).",
        "https://book.example.com/a/k4-7q2m-3f9d",
        "Call +44 20 7946 0123",
        "Riverside Foot Clinic, 12 Canal Street, Riverton",
        "K4-7Q2M",
    ):
        assert squeezed(fact) in squeezed(text.text), fact


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(minutes=20), "It starts in 20 minutes."),
        (timedelta(minutes=1), "It starts in 1 minute."),
        (timedelta(hours=3), "Your appointment is today at 09:30 (Berlin time)."),
        (timedelta(hours=20), "Your appointment is tomorrow at 09:30 (Berlin time)."),
    ],
)
def test_a_confirmation_inside_the_last_day_says_how_soon(away, said):
    assert said in compose("confirmation", facts(now=START - away)).text


def test_a_confirmation_days_ahead_says_nothing_of_soon():
    text = compose("confirmation", facts(now=START - timedelta(hours=24, seconds=1))).text
    assert "today" not in text
    assert "tomorrow" not in text
    assert "starts in" not in text


def test_a_question_is_asked_with_one_button_that_answers_it():
    text = compose("first_reminder", facts(ask_acknowledgement=True))
    assert text.subject.startswith("Foot care (K4-7Q2M): please confirm Tue")
    assert "View and confirm:\nhttps://book.example.com/a/k4-7q2m-3f9d/answer" in text.text
    assert "Change or cancel: https://book.example.com/a/k4-7q2m-3f9d\n" in text.text


def test_a_moved_notice_says_the_new_time_and_the_old():
    text = compose("moved_notice", facts(reason="A conference."))
    assert text.subject == "Foot care (K4-7Q2M): moved to Tue 14 July 2026 09:30 (Berlin time)"
    assert "New time: Tuesday 14 July 2026, 09:30–10:15 (Berlin time)" in text.text
    assert "Old time: Monday 13 July 2026, 07:30–08:15 (Berlin time)" in text.text
    assert "Reason: A conference." in text.text
    assert re.search(r"<s [^>]*>Monday 13 July 2026", text.html)


def test_a_notice_of_a_change_at_the_same_time_does_not_speak_of_a_new_one():
    end = START + timedelta(minutes=45)
    text = compose("moved_notice", facts(previous_start=START, previous_end=end))
    assert text.subject.startswith("Foot care (K4-7Q2M): changed, Tue")
    assert "The time stays the same." in text.text
    assert "Old time" not in text.text


def test_a_first_reminder_says_the_day_in_words():
    text = compose("first_reminder", facts(now=START - timedelta(hours=24)))
    assert text.subject == "Foot care (K4-7Q2M): reminder, Tue 14 July 2026 09:30 (Berlin time)"
    assert "Your appointment is tomorrow at 09:30 (Berlin time)." in text.text
    assert "Change or cancel" in text.text


def test_a_late_reminder_does_not_say_tomorrow_when_it_is_today():
    text = compose("first_reminder", facts(now=START - timedelta(hours=4))).text
    assert "today at 09:30" in text
    assert "tomorrow" not in text


def test_a_final_reminder_is_only_about_getting_there():
    text = compose("final_reminder", facts(now=START - timedelta(hours=1)))
    assert "Open the map:\nhttps://maps.example.com" in text.text
    assert "Parking in the yard" in text.text
    assert "Late, lost, or unable to come? Call +44 20 7946 0123" in text.text
    assert "€" not in text.text
    assert "change" not in text.text.lower()


def test_a_final_reminder_of_a_call_leads_into_it():
    text = compose("final_reminder", remote(now=START - timedelta(hours=1)))
    assert "Join:\nhttps://meet.example.com/abc" in text.text
    assert "unable to join?" in text.text


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("business", "Riverside Foot Clinic had to cancel this appointment. We are sorry."),
        ("customer", "You cancelled this appointment."),
    ],
)
def test_a_cancellation_says_who_and_why_and_leads_to_a_new_time(who, said):
    text = compose("cancelled_notice", facts(cancelled_by=who))
    assert text.subject == "Foot care (K4-7Q2M): cancelled, Tue 14 July 2026 09:30 (Berlin time)"
    assert said in text.text
    assert "Reason: Dr Lind is ill." in text.text
    assert "Book a new time:\nhttps://book.example.com/riverside" in text.text
    assert re.search(r"<s [^>]*>Tuesday 14 July 2026", text.html)


@pytest.mark.parametrize("deadline", [None, START - timedelta(days=14)])
def test_when_the_time_to_change_online_is_over_a_human_is_named(deadline):
    text = compose("confirmation", facts(change_deadline=deadline)).text
    assert "To change or cancel it, or to ask anything: Call +44 20 7946 0123" in text
    assert "online" not in text
    assert "View your appointment:" in text


# Zones


def test_where_people_travel_the_clocks_of_the_place_come_first_and_their_own_beside():
    text = compose("confirmation", facts(customer_zone="Asia/Tokyo"))
    assert "Tuesday 14 July 2026, 09:30–10:15 Berlin time (16:30 Tokyo time)" in text.text
    assert "Tokyo" not in text.subject


def test_a_visitor_whose_clocks_show_the_same_reads_one_zone_only():
    text = compose("confirmation", facts(customer_zone="Europe/Paris"))
    assert "09:30–10:15 (Berlin time)" in text.text
    assert "Paris" not in text.text


@pytest.mark.parametrize("kind", KINDS)
def test_all_letters_of_an_appointment_begin_their_subject_alike(kind):
    assert compose(kind, facts()).subject.startswith("Foot care (K4-7Q2M): ")


def test_where_nobody_travels_the_customers_clocks_come_first():
    text = compose("confirmation", remote())
    assert text.subject == "Foot care (K4-7Q2M): confirmed for Tue 14 July 2026 16:30 (Tokyo time)"
    assert "Tuesday 14 July 2026, 16:30–17:15 Tokyo time (09:30 Berlin time)" in text.text
    assert "How: Video call" in text.text


def test_without_the_customers_zone_the_business_zone_is_named_and_never_utc():
    text = compose("confirmation", remote(customer_zone=None))
    assert "Tuesday 14 July 2026, 09:30–10:15 (Berlin time)" in text.text
    assert "UTC" not in text.text


def test_tomorrow_is_the_customers_tomorrow_when_nobody_travels():
    start = datetime(2026, 7, 14, 16, 0, tzinfo=UTC)  # 01:00 on the 15th in Tokyo
    now = datetime(2026, 7, 14, 7, 0, tzinfo=UTC)
    text = compose("first_reminder", remote(start=start, now=now)).text
    assert "tomorrow at 01:00 (Tokyo time)" in text


ZONES = (
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Auckland",
    "UTC",
)
LOCALES = ("en_GB", "en_US", "de_DE", "ar_EG", "ja_JP", "xx_YY", "en-IE")
MOMENTS = (
    START,
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),  # over the skipped hour in Berlin
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # in the repeated hour in Berlin
    datetime(2026, 10, 3, 15, 15, tzinfo=UTC),  # the half hour skipped on Lord Howe Island
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("zone", ZONES)
def test_every_message_is_whole_for_every_reader(kind, zone):
    for locale, start in zip(LOCALES, cycle(MOMENTS), strict=False):
        for written in (
            facts(start=start, locale=locale, zone=zone),
            remote(start=start, locale=locale, customer_zone=zone),
            facts(start=start, locale=locale, price_text="", directions="", place_url=""),
        ):
            check_whole(kind, written)


def check_whole(kind, written):
    text = compose(kind, written)
    for part in (text.subject, text.text, Reader(text.html).text):
        assert not re.search(r"None|%\(|\{\{|\{%|: \n|:\s*$|\(\)|,\s*,", part), part
    said = content(kind, written)
    seen, links = squeezed(Reader(text.html).text), Reader(text.html).links
    words = [said.heading, said.greeting, *said.lead, *said.footer, said.button.words]
    words += [part for row in said.rows for part in (row.label, row.value)]
    words += [part for note in said.notes for part in (note.words, note.link.words)]
    for each in words:
        assert each
        assert squeezed(each) in seen, each
        assert squeezed(each) in squeezed(text.text), each
    for link in [said.button.url, *(row.url for row in said.rows if row.url)]:
        assert link in links
        assert link in text.text


# What must be there

ALWAYS = (
    "business_name",
    "business_email",
    "business_zone",
    "service_name",
    "zone",
    "locale",
    "reference",
    "customer_url",
)
NEEDED = [(kind, field) for kind in KINDS for field in ALWAYS]
NEEDED += [(kind, field) for kind in KINDS[:4] for field in ("place", "staff_name")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_business_without_a_phone_is_reached_by_mail(kind):
    text = compose(kind, facts(business_phone="", business_email="desk@example.com"))
    assert "mailto:desk@example.com" in text.html
    assert "Write to desk@example.com" in " ".join(text.text.split())
    assert "Call" not in text.text


@pytest.mark.parametrize(("kind", "field"), NEEDED)
@pytest.mark.parametrize("empty", ["", " \n\t"])
def test_a_message_is_not_written_without_a_fact_it_must_state(kind, field, empty):
    with pytest.raises(MissingField, match=field) as caught:
        compose(kind, facts(**{field: empty}))
    assert (caught.value.kind, caught.value.field) == (kind, field)


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("moved_notice", {"previous_start": None}, "previous_start"),
        ("moved_notice", {"previous_end": None}, "previous_end"),
        ("cancelled_notice", {"cancelled_by": None}, "cancelled_by"),
        ("confirmation", {"ask_acknowledgement": True, "acknowledge_url": ""}, "acknowledge_url"),
    ],
)
def test_what_only_one_kind_must_state_is_asked_of_that_kind(kind, changes, field):
    with pytest.raises(MissingField, match=field):
        compose(kind, facts(**changes))


def test_what_may_be_empty_leaves_no_gap():
    text = compose(
        "confirmation", facts(price_text="", directions="", place_url="", customer_name="")
    )
    assert "Price" not in text.text
    assert "Getting there" not in text.text
    assert "Hello,\n" in text.text


# What must not be there

HOSTILE = (
    'Ann\r\nBcc: all@example.net <script>alert(1)</script> "x" '
    "\u202emoc.elpmaxe\u0000 {{ c }} %(what)s"
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_fact_can_become_mark_up_a_header_or_another_line(kind):
    names = (
        "business_name business_address service_name staff_name place customer_name directions "
        "price_text reason reference"
    )
    hostile = dict.fromkeys(names.split(), HOSTILE)
    text = compose(kind, facts(**hostile))
    assert not re.search(r"[\x00-\x1f\u202e]", text.subject)
    assert "\u202e" not in text.text + text.html
    assert "\x00" not in text.text + text.html
    assert not re.search(r"^Bcc:", text.text, re.MULTILINE)
    tags = {tag for tag, _ in Reader(text.html).tags}
    assert "script" not in tags
    attributes = [name for _, attributes in Reader(text.html).tags for name in attributes]
    assert not [name for name in attributes if name.startswith("on")]


@given(st.text(max_size=120))
def test_any_name_gives_a_message_with_the_same_shape(name):
    plain = [tag for tag, _ in Reader(compose("confirmation", facts()).html).tags]
    text = compose("confirmation", facts(customer_name=name, staff_name=f"Dr {name}"))
    assert [tag for tag, _ in Reader(text.html).tags] == plain


@pytest.mark.parametrize(
    "name", ["Win at https://evil.example/x", "www.evil.example", "a@evil.example", "x" * 61]
)
def test_a_name_that_is_an_advertisement_is_not_carried_to_a_stranger(name):
    text = compose("confirmation", facts(customer_name=name))
    assert name not in text.text + text.html
    assert "Hello,\n" in text.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example", "x"])
def test_a_place_leads_only_to_a_web_page(url):
    text = compose("final_reminder", facts(place_url=url))
    assert url not in Reader(text.html).links
    assert "View your appointment:" in text.text


# The form


@pytest.mark.parametrize("kind", KINDS)
def test_the_html_needs_nothing_from_elsewhere_and_can_be_read_by_everyone(kind):
    page = compose(kind, facts()).html
    reader = Reader(page)
    tags = dict(reversed(reader.tags))
    assert tags["html"]["lang"] == "en-GB"
    assert tags["html"]["dir"] == "ltr"
    assert re.search(r"<title>[^<]*Foot care[^<]*</title>", page)
    assert not {"img", "link", "script", "form", "iframe"} & set(tags)
    assert "@import" not in page
    assert "url(" not in page
    assert 'name="color-scheme"' in page
    told = [each for tag, each in reader.tags if tag == "table" and "role" not in each]
    assert len(told) == 1  # the facts; every other table is only for the layout
    assert tags["th"]["scope"] == "row"
    seen = re.sub(r'<div style="display:none.*?</div>', "", page)
    sizes = re.findall(r"font-size:\s*([\d.]+)px", seen)
    assert {float(size) for size in sizes} <= {0.0, 16.0, 17.0, 26.0}


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_words_in_the_list_of_mails_are_date_time_and_zone(kind):
    page = compose(kind, facts()).html
    (preheader,) = re.findall(r'<div style="display:none[^>]*>(.*?)</div>', page)
    assert preheader.startswith("Tuesday 14 July 2026, 09:30–10:15 (Berlin time)")


def test_a_language_read_from_right_to_left_turns_the_whole_page():
    said = replace(content("confirmation", facts()), locale="he_IL")
    page = html(said)
    assert dict(reversed(Reader(page).tags))["html"]["dir"] == "rtl"
    assert "direction:rtl" in page
    assert "direction:ltr" not in page
    assert page.count("text-align:right") > 10


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_one_button(kind):
    assert compose(kind, facts()).html.count("inline-block;background:#0b5c6b") == 1


def test_a_phone_number_is_written_as_people_write_it():
    text = compose("confirmation", facts(business_phone="+442079460123"))
    assert "Call +44 20 7946 0123" in text.text
    assert "+44 20 7946 0123" in text.html
    assert "tel:+442079460123" in text.html
