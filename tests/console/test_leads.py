"""The desk and who asks: the board, one lead, what can be done with it, and booking for it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from kept.appointments import actions as appointments
from kept.cases import queries as cases
from kept.clock import actions as clock
from kept.console import leads as drawn
from kept.console import words
from kept.core.paths import PATHS
from kept.leads import actions, queries
from kept.leads.models import Lead
from kept.leads.speed import Took
from kept.worker import loop
from tests.appointments.clinic import go_to
from tests.console.house import FRONT_DESK, NOW, asks
from tests.public.house import body, text

OPENS = NOW.replace(hour=9)  # ten o'clock in Berlin


@pytest.fixture
def lead(house):
    clock.advance_to(OPENS)
    found = asks(house)
    loop.turn_once()
    return found


def again(lead):
    return queries.of_case(lead.pk)


def post(desk, lead, act, **data):
    answer = desk.post(reverse("console:lead_act", args=[lead.pk, act]), data)
    assert answer.status_code == 302, text(answer)
    return again(lead)


def test_the_board_says_who_waits_and_how_long(desk, lead):
    clock.advance_to(OPENS.replace(minute=7))
    loop.turn_once()
    page = text(desk.get("/console/leads/"))
    for said in ("Ida Asks", "7 minutes", "Do you treat heels?", "Acknowledged (1)", "Foot care"):
        assert said in page
    assert "Ida Asks" not in text(desk.get("/console/leads/?state=stale"))
    assert "Ida Asks" in text(desk.get("/console/leads/?state=acknowledged"))


def test_a_state_is_called_the_same_in_the_list_the_filter_and_the_page(desk, lead):
    post(desk, lead, "called", reached="yes")
    board, page = (text(desk.get(f"/console/leads/{more}")) for more in ("", f"{lead.pk}/"))
    assert "In conversation (1)" in board
    assert "In conversation" in page
    assert "Engaged" not in board + page


def test_without_enquiries_there_are_sentences_and_no_empty_pictures(desk, house):
    board, fast = desk.get("/console/leads/"), desk.get("/console/leads/speed/")
    assert "Nobody waits for us." in text(board)
    assert "Went quiet" not in text(board)
    assert "Nobody has asked in the last 30 days." in text(fast)
    for page in (board, fast):
        assert "day-picture" not in page.content.decode()


def test_a_lead_shows_its_whole_story(desk, lead):
    page = text(desk.get(f"/console/leads/{lead.pk}/"))
    for said in (
        "Has asked and waits",
        "Do you treat heels?",
        "Word that the enquiry has come",
        "Offer of free times",
        "ida@example.com",
        lead.reference,
    ):
        assert said in page
    assert "Everything about Ida Asks" in page


def test_who_waits_stands_among_what_needs_a_person(desk, lead):
    page = desk.get("/console/escalations/")
    assert f'href="/console/leads/{lead.pk}/"' in page.content.decode()
    said = text(page)
    assert said.index("Ida Asks, Foot care") < said.index("Everything about this person: Ida Asks")
    [escalation] = cases.escalations(lead.business_id, is_open=True)
    resolve = reverse("console:resolve", args=[escalation.id])
    assert "Ida Asks" in text(desk.get(resolve))
    desk.post(resolve, {"note": "Called; she will think"})
    assert not again(lead).case.facts["unanswered"]


ACTS = [
    ("called", {"reached": "yes", "reason": "She will think"}, "engaged"),
    ("called", {"reached": "no"}, "acknowledged"),
    ("responded", {}, "acknowledged"),
    ("replied", {"reason": "Thursday"}, "engaged"),
    ("qualify", {"service": "", "offer": "on"}, "qualified"),
    ("take-over", {}, "acknowledged"),
    ("not-a-fit", {"reason": "too far"}, "not_a_fit"),
    ("give-up", {}, "unreachable"),
    ("stop", {}, "opted_out"),
]


@pytest.mark.parametrize(("act", "data", "state"), ACTS)
def test_what_came_of_it_is_one_form(desk, lead, act, data, state):
    assert desk.get(reverse("console:lead_act", args=[lead.pk, act])).status_code == 200
    assert post(desk, lead, act, **data).case.state == state


def test_of_a_lead_taken_over_nothing_is_offered_unless_somebody_says_so(desk, lead):
    form = reverse("console:lead_act", args=[lead.pk, "qualify"])
    assert desk.get(form).context["form"]["offer"].value() is True
    post(desk, lead, "take-over")
    assert desk.get(form).context["form"]["offer"].value() is False
    assert not post(desk, lead, "qualify").case.facts["nudging"]


def test_what_is_not_said_is_asked(desk, lead):
    for act in ("called", "replied"):
        answer = desk.post(reverse("console:lead_act", args=[lead.pk, act]), {})
        assert answer.status_code == 409
    assert desk.get(f"/console/leads/{lead.pk}/fly/").status_code == 404


def test_a_lead_that_has_ended_refuses(desk, lead):
    post(desk, lead, "not-a-fit")
    answer = desk.post(reverse("console:lead_act", args=[lead.pk, "called"]), {"reached": "yes"})
    assert answer.status_code == 409
    assert "cannot be done" in text(answer)


def test_somebody_on_the_phone_is_written_down(desk, house):
    typed = {"source": "phone", "name": "Leo Marsh", "phone": "020 7946 0199", "notes": "Prices?"}
    answer = desk.post("/console/leads/new/", typed)
    assert answer.status_code == 302
    lead = queries.of_case(Lead.objects.get().pk)
    assert (lead.case.state, lead.source) == ("engaged", "phone")
    assert lead.customer.phone == "+442079460199"
    # The same number once more is the same person.
    desk.post("/console/leads/new/", {**typed, "source": "walk_in"})
    assert Lead.objects.count() == 1


def test_whoever_asks_must_be_reachable(desk, house):
    answer = desk.post("/console/leads/new/", {"source": "phone", "name": "Leo"})
    assert answer.status_code == 409
    assert "how do we answer them?" in text(answer)


def test_booking_now_fills_in_the_form_and_closes_the_lead(desk, house, lead):
    page = desk.get(f"/console/leads/{lead.pk}/")
    url = page.context["book_url"]
    form = desk.get(url)
    assert 'value="Ida Asks"' in form.content.decode()
    slot = form.context["offer"].days[1].choices[0].value
    # Another name and address: the page knows for whom it was opened.
    typed = {"slot": slot, "name": "I. A.", "email": "work@example.com", "day": "2027-03-02"}
    assert desk.post(url, typed).status_code == 302
    assert again(lead).case.state == "booked"
    assert "See the appointment" in text(desk.get(f"/console/leads/{lead.pk}/"))


def test_a_letter_to_who_asked_can_be_looked_at(desk, lead):
    [message] = queries.timeline(lead).messages
    assert lead.reference in text(desk.get("/console/messages/"))
    page = text(desk.get(f"/console/messages/{message.id}/"))
    assert "we have your enquiry" in page
    assert "we have your enquiry" in text(desk.get("/console/inbox/"))


def test_how_fast_is_drawn_with_its_figures(desk, lead):
    clock.advance_to(OPENS.replace(minute=3))
    post(desk, lead, "called", reached="yes")
    page = text(desk.get("/console/leads/speed/?days=7"))
    assert "–, –" not in page
    for said in ("How fast we answer", "3 minutes", "at once", "0 of 1 (0 %)", "Form"):
        assert said in page


def test_where_a_person_came_at_once_or_never_no_bars_are_drawn(desk, lead):
    page = desk.get("/console/leads/speed/")
    assert "half waited no longer" not in text(page)
    assert "none yet" in text(page)


def test_two_figures_of_one_column_say_which_is_which():
    took = Took(timedelta(minutes=3), timedelta(hours=2))
    assert drawn._both(took) == "half within 3 minutes, nine of ten within 2 hours"
    assert drawn._both(Took(None, None)) == "none yet"


def test_every_state_of_every_path_has_words():
    for path in PATHS.values():
        assert not {state.name for state in path.states} - words.STATES.keys(), path.name


def test_an_open_lead_is_nobodys_hand_off_to_take(desk, lead):
    assert "Ida Asks" not in text(desk.get("/console/hand-offs/"))


def test_what_an_enquiry_handed_on_names_whom_it_is_about(desk, house):
    """To whoever hears the buttons read as well: two of them are told apart by the name."""
    asks(house, agrees="Write to me later")
    go_to(NOW + timedelta(days=15))
    page = text(desk.get("/console/hand-offs/"))
    assert "an enquiry that fell silent" in page
    assert page.count("Reactivation, Ida Asks") == 2


# What a silent enquiry became


@pytest.fixture
def taken_up(house):
    """Somebody who agreed to be written to, asked about Foot care, and was not heard of again."""
    policy = {"built_in": ["follow_up", "reputation", "reactivation"], "hold_out": 0}
    appointments.change_policy(house.business, policy, NOW, FRONT_DESK)
    clock.advance_to(OPENS)
    found = asks(house, agrees="Write to me later")
    loop.turn_once()
    actions.say(house.business.id, found.pk, "responded", OPENS, FRONT_DESK)
    go_to(OPENS + timedelta(days=15))
    assert again(found).case.state == "stale"
    return again(found)


def test_the_page_of_an_enquiry_draws_what_it_became(desk, taken_up):
    page = text(desk.get(f"/console/leads/{taken_up.pk}/"))
    for said in ("Reactivation", "The next visit has its day", "Invitation", "nothing came of it"):
        assert said in page, said
    assert "Write down what the customer said" in page


def test_the_person_s_page_leads_to_the_enquiry_and_says_what_was_asked_about(desk, taken_up):
    page = body(desk.get(f"/console/people/{taken_up.customer_id}/"))
    link = f'<a href="/console/leads/{taken_up.pk}/">Foot care, {taken_up.reference}</a>'
    assert page.count(link) == 2  # of the enquiry itself, and of what it became


def test_what_they_say_to_the_desk_of_being_invited_is_written_down(desk, taken_up):
    url = f"/console/leads/{taken_up.pk}/said/"
    page = text(desk.get(url))
    assert "Ask me again later" in page
    assert "All was well" not in page  # they were never here
    answer = desk.post(url, {"said": "snoozed", "days": "90", "words": "In summer"})
    assert answer["Location"] == f"/console/leads/{taken_up.pk}/"
    assert "wants to be asked later" in text(desk.get(answer["Location"]))


def test_an_enquiry_that_goes_on_is_followed_by_nothing(desk, lead):
    page = text(desk.get(f"/console/leads/{lead.pk}/"))
    assert "Reactivation" not in page
    assert "cannot be done now" in text(desk.get(f"/console/leads/{lead.pk}/said/"))


def test_the_page_of_a_visit_leads_to_the_enquiry_it_came_from(house, desk, lead):
    booked = house.book(OPENS + timedelta(days=1), name="Ida Asks")
    page = body(desk.get(f"/console/appointments/{booked.id}/"))
    assert f'href="/console/leads/{lead.pk}/"' in page
