"""What is to be ready before a visit, from the booking to the visit: asked for, said, seen."""

from datetime import timedelta

import pytest
from django.test import Client

from kept.accounts.queries import Member
from kept.appointments import actions, queries
from kept.core.case import NotAllowed
from kept.schedule import actions as schedule
from tests.appointments.clinic import DESK, MIA, Clinic, Post, berlin, go_to, now, state

START = berlin(5, 10)
FORM = {"what": "Fill in the form about your health", "by": "customer", "due": "48h"}
CARD = {"what": "Bring your insurance card", "by": "customer", "due": "24h"}
LENSES = {"what": "Order the lenses", "by": "business", "due": "24h"}


@pytest.fixture
def clinic(db):
    return Clinic(preparation=[FORM, CARD, LENSES])


@pytest.fixture
def booked(clinic):
    return clinic.book(START, clinic.ada)


@pytest.fixture
def customer():
    return Client(HTTP_HOST="127.0.0.1")


def ready(appointment, item, by=MIA, name="item_prepared"):
    return actions.say(appointment, name, now(), by, data={"item": item})


def still_open(appointment):
    leg = queries.current_leg(appointment)
    return [item.what for item, _, done in queries.to_prepare(leg) if not done]


def letters(post):
    return {letter.headers["X-Kept"].split("control=")[1]: letter.text for letter in post.letters}


def press(client, appointment, item, ready="yes", leg=1):
    return client.post(
        f"/a/{appointment.token}/{leg}/prepare", {"item": item, "ready": ready}, follow=True
    )


def test_every_letter_says_what_is_still_to_be_prepared_and_one_is_about_nothing_else(booked):
    post = Post()
    go_to(START - timedelta(hours=47), post)
    assert FORM["what"] in letters(post)["confirmation"]
    assert LENSES["what"] not in letters(post)["confirmation"]  # that is ours to do
    ready(booked, "1")
    go_to(START - timedelta(hours=23), post)
    said = letters(post)
    assert list(said) == ["confirmation", "preparation_reminder", "first_reminder"]
    assert FORM["what"] in said["preparation_reminder"]
    assert CARD["what"] in said["first_reminder"]
    assert FORM["what"] not in said["first_reminder"]
    assert state(booked) == "prepared"  # an open item is a flag, and holds nothing up


def test_who_has_it_all_ready_is_not_reminded_of_it(booked):
    post = Post()
    go_to(now(), post)
    ready(booked, "1")
    ready(booked, "2")
    go_to(START - timedelta(hours=23), post)
    assert list(letters(post)) == ["confirmation", "first_reminder"]
    assert "repare" not in letters(post)["first_reminder"]


def test_a_move_takes_along_what_is_ready_and_what_was_agreed(clinic, booked):
    ready(booked, "1")
    schedule.change_service(
        clinic.business.id, clinic.service.id, {"preparation": []}, lambda service: None
    )
    actions.move(booked, berlin(8, 11), now(), DESK)
    assert still_open(booked) == [CARD["what"], LENSES["what"]]
    assert still_open(clinic.book(berlin(4, 10))) == []  # a new booking is asked for nothing


def test_the_customer_says_it_on_their_page(booked, customer):
    page = customer.get(f"/a/{booked.token}").content.decode()
    assert FORM["what"] in page
    assert LENSES["what"] not in page
    assert "Wed 3 March 2027, 10:00" in page  # when they are reminded of it
    answer = press(customer, booked, "1")
    assert answer.status_code == 200
    assert "You have said that this is ready." in answer.content.decode()
    press(customer, booked, "1")  # pressed twice
    assert still_open(booked) == [CARD["what"], LENSES["what"]]
    press(customer, booked, "1", ready="no")
    assert still_open(booked) == [FORM["what"], CARD["what"], LENSES["what"]]


@pytest.mark.parametrize("typed", [{"item": "3"}, {"item": "9"}, {"item": "1", "ready": "?"}, {}])
def test_what_is_not_theirs_to_say_changes_nothing(booked, customer, typed):
    answer = customer.post(f"/a/{booked.token}/1/prepare", {"ready": "yes", **typed})
    assert answer.status_code in {409, 422}
    assert len(still_open(booked)) == 3


def test_looking_at_the_page_of_the_act_says_nothing(booked, customer):
    assert customer.get(f"/a/{booked.token}/1/prepare").status_code == 200
    assert len(still_open(booked)) == 3


def test_who_has_nothing_to_prepare_is_not_led_to_it(db, customer):
    booked = Clinic(preparation=[LENSES]).book(START)
    assert "What to prepare" not in customer.get(f"/a/{booked.token}").content.decode()
    assert press(customer, booked, "1").status_code == 409


def test_the_desk_sees_what_is_open_once_it_is_due_and_can_say_it_is_ready(clinic, booked):
    from kept.accounts import actions as accounts

    desk = Client(HTTP_HOST="127.0.0.1")
    desk.force_login(accounts.add_member(clinic.business, "rosa@example.com", Member.FRONT_DESK))
    day = "/console/?day=2027-03-05"
    assert b"Not ready" not in desk.get(day).content
    go_to(START - timedelta(hours=20))
    assert "Not ready: Fill in the form" in desk.get(day).content.decode()
    act = f"/console/appointments/{booked.id}/prepare/"
    version = queries.current_leg(booked).case.version
    answer = desk.post(act, {"item": "3", "ready": "yes", "version": version}, follow=True)
    assert b"Ready: Order the lenses" in answer.content
    assert still_open(booked) == [FORM["what"], CARD["what"]]
    assert desk.get(act).content.count(b'name="item"') == 3


def test_after_the_visit_there_is_nothing_to_prepare(booked):
    go_to(START + timedelta(hours=1))
    with pytest.raises(NotAllowed):
        ready(booked, "1", DESK)


def test_the_desk_writes_the_items_one_a_line(clinic):
    from kept.accounts import actions as accounts

    owner = Client(HTTP_HOST="127.0.0.1")
    owner.force_login(accounts.add_member(clinic.business, "olga@example.com", Member.OWNER))
    page = owner.get(f"/console/set-up/services/{clinic.service.id}/")
    assert "Order the lenses | business | 24h" in page.content.decode()
    typed = {
        name: "" if value is None else value for name, value in page.context["form"].initial.items()
    }
    typed |= {"preparation": "Bring the old shoes\n\nClean them | business | 3h"}
    saved = owner.post(f"/console/set-up/services/{clinic.service.id}/", typed)
    assert saved.status_code == 302, saved.content.decode()
    clinic.service.refresh_from_db()
    assert clinic.service.preparation == [
        {"what": "Bring the old shoes", "by": "customer", "due": "24h"},
        {"what": "Clean them", "by": "business", "due": "3h"},
    ]
    for wrong in ("Clean them | us", "a | customer | 2d", "a | customer | 2h | more", "| customer"):
        refused = owner.post(
            f"/console/set-up/services/{clinic.service.id}/", {**typed, "preparation": wrong}
        )
        assert refused.status_code == 400
        assert wrong in refused.content.decode()
