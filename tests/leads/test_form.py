"""The form: asked, answered, and the link in the letter that books for whoever asked."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from kept.appointments import actions as appointments
from kept.appointments.queries import Appointment
from kept.cases.queries import Case
from kept.core.case import Actor, Role
from kept.leads import actions, queries
from kept.leads.models import Asking, Enquiry, Lead
from kept.lib.logs import without_secrets
from kept.outbox import queries as outbox
from kept.people import actions as people
from kept.people.queries import Consent
from tests.appointments.clinic import DESK, Post, go_to
from tests.public.house import TUESDAY_TEN, Booker, body, now, open_house, text, title

MIA = {"name": "Mia Sanders", "email": "mia@example.com", "phone": "", "notes": "Do you?"}


@pytest.fixture
def house(db):
    return open_house()


def path(house, tail=""):
    return f"/ask/{house.business.slug}/{tail}"


def opened(house, tail="", client=None):
    return (client or Client()).get(path(house, tail))


def token(page):
    return re.search(r'name="token" value="([^"]+)"', body(page)).group(1)


def send(house, tail="", client=None, **typed):
    page = opened(house, tail, client)
    return (client or Client()).post(path(house, tail), {**MIA, "token": token(page), **typed})


def test_somebody_asks_and_is_told_that_it_has_come(house):
    answer = send(house, service=str(house.service.id))
    assert (answer.status_code, answer["Location"]) == (303, f"{path(house)}?sent=letter")
    assert "We have your enquiry" in text(opened(house, "?sent=letter"))
    lead = Lead.objects.get()
    assert (lead.source, lead.service_id) == ("form", house.service.id)
    assert Enquiry.objects.get().words == "Do you?"
    assert Consent.objects.count() == 0  # the box was not ticked


def mail_is(state, monkeypatch):
    monkeypatch.setattr("kept.outbox.queries.mail", lambda: outbox.Mail(state, "smtp"))


def thanked(house, **typed):
    """The page after the form, as often as it is looked at."""
    where = send(house, **typed)["Location"]
    first, again = (text(Client().get(where)) for _ in range(2))
    assert first == again
    return first


@pytest.mark.parametrize(
    ("state", "said", "not_said"),
    [
        ("ok", "A letter is on its way", "cannot leave"),
        ("away", "Our letters cannot leave at the moment", "on its way"),
        ("unset", "Our letters cannot leave at the moment", "on its way"),
        ("unknown", "Our letters cannot leave at the moment", "on its way"),
    ],
)
def test_the_page_says_that_a_letter_comes_only_where_one_can(
    house, monkeypatch, state, said, not_said
):
    mail_is(state, monkeypatch)
    page = thanked(house)
    assert said in page
    assert not_said not in page


def test_who_gave_no_address_is_told_of_no_letter(house, monkeypatch):
    mail_is("ok", monkeypatch)
    page = thanked(house, email="", phone="+442079460123")
    assert "We call you" in page
    assert "letter" not in page


def test_the_page_does_not_say_whether_the_address_is_known(house, monkeypatch):
    """Nor what its owner wants, nor how many letters went there: anybody may type it."""
    mail_is("ok", monkeypatch)
    first = thanked(house)
    assert thanked(house) == first  # once more: it joins, and no second letter goes
    lead = Lead.objects.get()
    people.record_consent(
        lead.customer_id, "contact", given=False, now=now(), source="desk", by="staff", wording=""
    )
    assert thanked(house) == first
    assert thanked(house, email="nobody@example.com") == first


def test_the_form_sent_twice_counts_once(house):
    page = token(opened(house))
    for _ in range(2):
        assert Client().post(path(house), {**MIA, "token": page}).status_code == 303
    assert Enquiry.objects.count() == 1


def test_who_ticks_the_box_agrees_to_the_words_that_stood_there(house):
    send(house, agrees="on")
    consent = Consent.objects.get()
    assert (consent.purpose, consent.given, consent.source) == ("marketing", True, "form")
    assert "suggestions" in consent.wording


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Enter your name."),
        ({"email": "", "phone": ""}, "Enter an e-mail address, or a phone number below."),
        ({"email": "mia"}, "name@example.com"),
        ({"phone": "12"}, "phone number"),
        ({"notes": "x" * 3001}, "Shorten this to 3000 letters."),
        ({"website": "https://x.example.com"}, "Leave it empty."),
        ({"service": "something"}, "Select a valid choice"),
        ({"token": "made up"}, "This page was open for too long."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(house, typed, said):
    answer = send(house, **typed)
    assert answer.status_code == 422
    assert said in text(answer)
    assert title(answer).startswith("Error:")
    assert Lead.objects.count() == 0
    if "notes" not in typed:
        assert "Do you?" in body(answer)


def test_everything_that_is_missing_is_said_at_once(house):
    page = text(send(house, name="", email=""))
    assert "Enter your name." in page
    assert "Enter an e-mail address, or a phone number below." in page


def test_a_program_that_sends_a_thousand_is_stopped_and_an_office_is_not(house):
    office = Client(REMOTE_ADDR="192.0.2.7")
    for number in range(10):
        assert send(house, "", office, email=f"p{number}@example.com").status_code == 303
    refused = send(house, "", office, email="p11@example.com")
    assert refused.status_code == 429
    assert "Please call us instead." in text(refused)
    assert Lead.objects.count() == 10
    actions.forget_askings(Asking.objects.latest("at").at + timedelta(seconds=1))
    assert send(house, "", office).status_code == 303


def test_looking_changes_nothing_and_no_cookie_is_set(house):
    page = opened(house)
    assert page.status_code == 200
    assert not page.cookies
    assert Lead.objects.count() == Asking.objects.count() == 0


def test_it_speaks_german(house):
    page = Client(headers={"accept-language": "de"}).get(path(house))
    assert "Stellen Sie uns eine Frage" in text(page)


def test_a_german_letter_calls_an_enquiry_no_appointment(house):
    send(house, client=Client(headers={"accept-language": "de"}))
    said = letter(house)
    assert said.subject.endswith(": gut angekommen")
    assert "Ihre Nummer: " in said.text
    assert "Terminnummer" not in said.text


def test_a_service_of_another_house_cannot_be_asked_about(house):
    other = open_house("Other House")
    assert opened(house, f"{other.service.id}/").status_code == 404
    assert opened(house, f"{house.service.id}/").status_code == 200
    assert send(house, service=str(other.service.id)).status_code == 422


# In a frame


def policy_of(page):
    return page["Content-Security-Policy"]


def test_only_the_sites_named_may_frame_the_form(house):
    assert "frame-ancestors 'none'" in policy_of(opened(house, "frame"))
    actions.allow_frames(house.business.id, ["https://www.example.com", "https://www.example.com/"])
    framed = opened(house, "frame")
    assert "frame-ancestors https://www.example.com;" in policy_of(framed) + ";"
    assert "X-Frame-Options" not in framed
    # And no other page.
    for other in (opened(house), Client().get(f"/book/{house.business.slug}/")):
        assert "frame-ancestors 'none'" in policy_of(other)
        assert other["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in policy_of(opened(open_house("Other House"), "frame"))


def test_a_frame_needs_no_cookie_and_shows_what_it_did(house):
    client = Client(enforce_csrf_checks=True)
    answer = send(house, "frame", client)
    assert answer["Location"] == f"{path(house, 'frame')}?sent=letter"
    assert Lead.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", ["www.example.com", "https://x.example.com/page", "javascript:x", "https://a;b", "*"]
)
def test_what_is_no_site_is_refused(house, wrong):
    with pytest.raises(actions.FrameError, match="Write a site like"):
        actions.allow_frames(house.business.id, [wrong])


def test_sites_are_replaced_and_taken_back(house):
    actions.allow_frames(house.business.id, ["https://a.example.com", "https://b.example.com"])
    actions.allow_frames(house.business.id, ["https://b.example.com"])
    assert queries.origins(house.business.id) == ["https://b.example.com"]


# From the letter to the booking


def letter(house):
    send(house, service=str(house.service.id), phone="+44 20 7946 0123")
    post = Post()
    post.deliver()
    return post.letters[0]


def test_the_link_in_the_letter_books_for_whoever_asked(house):
    found = re.search(r"http://\S+/book/\S+\?lead=(\S+)", letter(house).text)
    visitor = Booker(house)
    secret = found.group(1)
    times = visitor.client.get(found.group(0).split("/", 3)[3].join(["/", ""]))
    assert times.status_code == 200
    assert f"lead={secret}" in body(times)
    details = visitor.to_details(TUESDAY_TEN, lead=secret)
    for known in ("Mia", "m•••@example.com"):
        assert f'value="{known}"' in body(details)
    assert "this is the address our letter went to" in text(details)
    # A letter is forwarded, and a link copied.
    for private in ("Sanders", "mia@example.com", 'value="+44'):
        assert private not in body(details)
    typed = {"name": "M. Sanders", "email": "work@example.com", "phone": "", "notes": ""}
    check = visitor.send(details, "check", **typed)
    assert visitor.send(check, "book").status_code == 303
    lead = queries.of_case(Lead.objects.get().pk)
    assert lead.case.state == "booked"


def test_the_link_of_another_house_fills_in_nothing(house):
    other = open_house("Other House")
    send(other)
    visitor = Booker(house)
    details = visitor.to_details(TUESDAY_TEN, lead=Lead.objects.get().token)
    assert "Mia Sanders" not in body(details)


def test_who_wants_no_more_letters_says_so_behind_the_link(house):
    send(house)
    lead = Lead.objects.get()
    address = f"/l/{lead.token}/stop"
    assert "No more letters?" in text(Client().get(address))
    assert queries.of_case(lead.pk).case.state == "received"
    done = Client(enforce_csrf_checks=True).post(address, {"List-Unsubscribe": "One-Click"})
    assert "You get no more letters" in text(done)
    assert queries.of_case(lead.pk).case.state == "opted_out"
    assert Client().get("/l/nobodys/stop").status_code == 404


def test_refusing_twice_adds_nothing(house):
    send(house)
    address = f"/l/{Lead.objects.get().token}/stop"
    for _ in range(3):
        assert "You get no more letters" in text(Client().post(address))
    assert Consent.objects.count() == 1
    page = Client().get(address)
    assert "You get no more letters" in text(page)
    assert "<form" not in body(page)


AFTER_THE_END = {
    "booked": "Your enquiry has become an appointment",
    "not_a_fit": "Your enquiry has ended already",
    "unreachable": "Your enquiry has ended already",
}


@pytest.mark.parametrize("state", AFTER_THE_END)
def test_what_the_page_says_is_true_of_an_enquiry_that_has_ended(house, state):
    send(house)
    lead = Lead.objects.get()
    if state == "booked":
        Booker(house).book(TUESDAY_TEN, lead=lead.token)
    else:
        said = {"not_a_fit": "not_a_fit", "unreachable": "gave_up"}[state]
        actions.say(house.business.id, lead.pk, said, now(), DESK)
    assert queries.of_case(lead.pk).case.state == state
    address = f"/l/{lead.token}/stop"
    page = text(Client().get(address))
    assert AFTER_THE_END[state] in page
    assert "Your enquiry ends here" not in page
    assert queries.of_case(lead.pk).case.state == state  # looking changes nothing
    assert "You get no more letters" in text(Client().post(address))
    assert [each.given for each in Consent.objects.all()] == [False]


def test_who_is_invited_again_is_told_that_this_stops_it(house):
    policy = {"hold_out": 0}
    appointments.change_policy(house.business, policy, now(), DESK)
    send(house, agrees="on")
    lead = Lead.objects.get()
    actions.say(house.business.id, lead.pk, "responded", now(), DESK)
    go_to(now() + timedelta(days=15))
    address = f"/l/{lead.token}/stop"
    assert "we may invite you once in a while" in text(Client().get(address))
    Client().post(address)
    assert Case.objects.get(path="reactivation").facts["result"] == "opted out"


FILLED_IN = {"name": "Mia", "email": "m•••@example.com", "phone": "", "notes": ""}


@pytest.mark.parametrize(
    ("typed", "booked_by"),
    [
        ({}, ("Mia Sanders", "mia@example.com", "+442079460123")),
        ({"name": "Mia Sanders"}, ("Mia Sanders", "mia@example.com", "+442079460123")),
        ({"name": "Leo"}, ("Leo", "mia@example.com", "")),
        ({"name": "Leo", "email": "leo@example.com"}, ("Leo", "leo@example.com", "")),
    ],
)
def test_what_is_left_as_the_link_filled_it_in_means_whom_it_was_sent_to(house, typed, booked_by):
    letter(house)
    lead = Lead.objects.get()
    visitor = Booker(house)
    check = visitor.to_check(TUESDAY_TEN, details={**FILLED_IN, **typed}, lead=lead.token)
    assert "mia@example.com" not in body(check)
    assert visitor.send(check, "book").status_code == 303
    person = Appointment.objects.get().customer
    assert (person.name, person.email, person.phone) == booked_by
    assert queries.of_case(lead.pk).case.state == "booked"


def test_without_the_link_what_it_filled_in_means_nobody(house):
    letter(house)
    refused = Booker(house).to_check(TUESDAY_TEN, details=FILLED_IN)
    assert refused.status_code == 422
    assert "Write this in full, please." in text(refused)
    assert Appointment.objects.count() == 0


def test_of_whom_only_the_number_is_known_its_end_is_shown(house):
    send(house, email="", phone="+442079460123")
    lead = Lead.objects.get()
    visitor = Booker(house)
    details = visitor.to_details(TUESDAY_TEN, lead=lead.token)
    assert 'value="••• 23"' in body(details)
    typed = {"name": "Mia", "email": "", "phone": "••• 23", "notes": ""}
    check = visitor.to_check(TUESDAY_TEN, details=typed, lead=lead.token)
    assert visitor.send(check, "book").status_code == 303
    assert Appointment.objects.get().customer.phone == "+442079460123"


def test_the_links_are_secrets_in_the_log(house):
    line = "GET /l/abcdefgh123/stop and /book/x/?for=abcdefgh123&lead=abcdefgh123 ?lead=abcdefgh123"
    assert "abcdefgh123" not in without_secrets(line)


def test_what_the_person_says_in_the_frame_is_theirs(house):
    send(house)
    [event, *_] = queries.timeline(queries.of_case(Lead.objects.get().pk)).events
    assert (event.actor_role, event.actor_name) == (Role.CUSTOMER, "Mia Sanders")
    assert event.at == now()
    assert Actor(Role.CUSTOMER, "Mia Sanders")
