"""A visitor is answered in their own language: on every page and in every letter."""

import pytest
from django.test import Client

from kept.appointments import actions, queries
from kept.core.case import Role
from kept.outbox.queries import Message
from kept.worker.loop import turn_once
from tests.public.house import (
    FRONT_DESK,
    MIA,
    TUESDAY_TEN,
    body,
    now,
    open_house,
    text,
    title,
)

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def house(db):
    return open_house(staff=("Ada Brook", "Noor Haddad"))


def german(house):
    visitor = house.visitor()
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = GERMAN["Accept-Language"]
    return visitor


def test_booking_in_german_is_german_from_the_first_page_to_the_letter(house):
    visitor = german(house)
    first = visitor.client.get(f"{house.path}/")
    assert 'lang="de-AT"' in body(first)
    assert title(first) == "Zu wem möchten Sie? – Foot care – Harbour Clinic"
    times = visitor.client.get(f"{house.path}/any/?tz=Asia/Tokyo&from=2027-03-02")
    assert "Wann möchten Sie kommen?" in text(times)
    assert "Dienstag, 2. März 2027" in text(times)
    assert "Alle Zeiten: Ortszeit Berlin; wo sie abweicht, steht Ortszeit Tokio dabei." in text(
        times
    )
    assert 'aria-label="10:00, Dienstag, 2. März 2027, Ortszeit Berlin' in body(times)
    details = visitor.to_details()
    refused = visitor.send(details, "check", name="", email="mia@example")
    assert title(refused).startswith("Fehler: Ihre Angaben")
    assert "Geben Sie Ihren Namen ein." in text(refused)
    check = visitor.send(details, "check", **MIA)
    assert "Prüfen und buchen" in text(check)
    page = visitor.client.get(visitor.send(check, "book")["Location"])
    assert "Ihr Termin ist gebucht" in text(page)
    assert "Gebucht jetzt" in text(page)
    turn_once()
    message = Message.objects.get()
    assert "bestätigt für Di., 2. März 2027 10:00 (Ortszeit Berlin)" in message.subject_line
    assert "Guten Tag Mia Sanders," in message.text


def test_the_page_of_an_appointment_speaks_as_its_customer_unless_the_browser_asks(house):
    visitor = german(house)
    url = visitor.book()
    assert "Ihr Termin ist gebucht" in text(Client(HTTP_HOST="127.0.0.1").get(url))
    english = Client(HTTP_HOST="127.0.0.1", headers={"Accept-Language": "en-US"}).get(url)
    assert "Your appointment is booked Tuesday 2 March 2027, 10:00–10:45" in text(english)
    later = visitor.client.post(f"{url}/1/acknowledge")
    assert later.status_code == 303
    appointment = queries.by_token(url.rsplit("/", 1)[-1])
    actions.cancel(appointment, now(), FRONT_DESK, by=Role.STAFF, reason="Ada is ill")
    said = text(Client(HTTP_HOST="127.0.0.1").get(url))
    assert "Abgesagt von Harbour Clinic am Mo., 1. März 2027, 09:00 (Ortszeit Berlin)." in said
    assert "Grund: „Ada is ill“" in said


def test_an_appointment_that_was_made_without_a_language_is_shown_as_the_browser_asks(house):
    url = f"/a/{house.book(TUESDAY_TEN).token}"
    client = Client(HTTP_HOST="127.0.0.1")
    assert "Ihr Termin ist gebucht" in text(client.get(url, headers=GERMAN))
    assert "Your appointment is booked" in text(client.get(url))


@pytest.mark.parametrize("act", ["acknowledge", "cancel", "move", "late", "cannot-come"])
def test_every_page_of_the_customer_says_its_errors_and_questions_in_german(house, act):
    url = f"/a/{house.book(TUESDAY_TEN).token}/1/{act}"
    page = Client(HTTP_HOST="127.0.0.1").get(url, headers=GERMAN)
    assert 'lang="de-AT"' in body(page)
    assert "appointment" not in text(page).lower()


def test_an_english_browser_reads_the_times_of_an_english_house_as_they_are_there(house):
    client = Client(HTTP_HOST="127.0.0.1", headers={"Accept-Language": "en-US,en"})
    assert "10:00" in text(client.get(f"{house.path}/any/"))
    assert "10:00 AM" not in text(client.get(f"{house.path}/any/"))


def test_a_language_without_texts_is_answered_in_that_of_the_house(house):
    client = Client(HTTP_HOST="127.0.0.1", headers={"Accept-Language": "pl,fr;q=0.8"})
    assert 'lang="en-GB"' in body(client.get(f"{house.path}/"))


def test_what_is_not_there_is_said_in_the_readers_language(house):
    page = Client(HTTP_HOST="127.0.0.1").get("/a/nothing", headers=GERMAN)
    assert page.status_code == 404
    assert "Unter dieser Adresse ist nichts" in text(page)


def test_the_thread_speaks_english_again_after_a_german_page(house):
    client = Client(HTTP_HOST="127.0.0.1")
    client.get(f"{house.path}/", headers=GERMAN)
    assert "Who would you like to see?" in text(client.get(f"{house.path}/"))


def test_another_language_is_one_link_away_and_is_kept_from_then_on(house):
    client = Client(HTTP_HOST="127.0.0.1")
    times = f"{house.path}/any/?from=2027-03-02&tz=Asia/Tokyo"
    assert '?from=2027-03-02&amp;tz=Asia%2FTokyo&amp;lang=de" lang="de"' in body(client.get(times))
    page = client.get(f"{times}&lang=de")
    assert "Wann möchten Sie kommen?" in text(page)
    assert ">English</a>" in body(page)
    assert "Zu wem möchten Sie?" in text(client.get(f"{house.path}/"))
    assert "Who would you like to see?" in text(client.get(f"{house.path}/?lang=en"))
    assert "Who would you like to see?" in text(client.get(f"{house.path}/?lang=klingon"))


def test_no_link_is_offered_that_would_lose_what_was_typed(house):
    check = house.visitor().to_check()
    assert "hreflang" not in body(check)


def test_what_was_typed_goes_along_to_another_language(house):
    visitor = house.visitor()
    details = visitor.to_details()
    refused = visitor.send(details, "check", name="Mia Sanders", email="mia@example")
    checked = visitor.send(details, "check", **MIA)
    short = {**MIA, "email": "mia@example"}
    pages = ((refused, short, "Fehler: Ihre Angaben"), (checked, MIA, "Prüfen und buchen"))
    for page, typed, german_title in pages:
        button = 'form="typed" formaction="?lang=de" name="step" value="check" lang="de">Deutsch'
        assert button in body(page)
        again = visitor.send(page, "check", f"{page.request['PATH_INFO']}?lang=de", **typed)
        assert german_title in title(again)
        assert "Mia Sanders" in body(again)
