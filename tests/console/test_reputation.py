"""Reviews at the desk: pages named, everybody counted, reviews entered and replied to."""

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Event
from kept.clock import actions as clock
from kept.journeys import queries as journeys
from kept.journeys import reputation
from kept.worker import loop
from tests.console.house import FRONT_DESK, NOW, House

PAGES = "/console/set-up/review-pages/"
REVIEWS = "/console/reviews/"
REVIEW = {
    "site": "Example Reviews",
    "rating": "2",
    "words": "I waited <b>an hour</b>.",
    "author": "M. W.",
    "written_on": "2027-03-01",
}


@pytest.fixture
def served(house):
    booked = house.book(NOW.replace(hour=8), name="Carl Completed")
    loop.turn_once()
    appointments.say(booked, "arrived", NOW, FRONT_DESK)
    appointments.say(booked, "completed", NOW, FRONT_DESK)
    loop.turn_once()
    return booked


def text(answer):
    return answer.content.decode()


# The pages


def test_without_a_page_the_set_up_and_the_desk_say_so(house, owner, desk):
    for place in ("/console/set-up/", PAGES, REVIEWS):
        assert "no review page is named" in text(owner.get(place))
    assert "Name a review page</a>" not in text(desk.get(REVIEWS))


def test_a_page_is_named_and_removed(house, owner, served):
    data = {"name": "Example Reviews", "url": "https://reviews.example.com/harbour", "place": ""}
    assert "is named to everybody" in text(owner.post(PAGES, data, follow=True))
    assert journeys.current(served.id, "reputation").state == "eligible"
    assert "no review page is named" not in text(owner.get("/console/set-up/"))
    link = reputation.links(house.business.id).get()
    remove = f"{PAGES}{link.id}/remove/"
    assert "Remove" in text(owner.get(remove))
    assert reputation.links(house.business.id).exists()
    owner.post(remove)
    assert journeys.current(served.id, "reputation").state == "unready"


def test_what_is_no_page_is_refused_beside_the_field(house, owner):
    answer = owner.post(PAGES, {"name": "Example", "url": "http://example.com"})
    assert answer.status_code == 400
    assert "beginning with https://" in text(answer)


def test_the_desk_sets_no_pages_up_and_another_business_finds_none(house, desk, signed_in):
    assert desk.get(PAGES).status_code == 403
    link = reputation.add_link(
        house.business.id, "Example", "https://example.com/", NOW, FRONT_DESK
    )
    other = House("Other Studio", "other-")
    assert signed_in(other.owner).get(f"{PAGES}{link.id}/remove/").status_code == 404


# A review


def test_a_review_entered_is_for_a_person_and_done_with_a_note(house, desk):
    assert "somebody is to reply" in text(desk.post(f"{REVIEWS}new/", REVIEW, follow=True))
    queue = text(desk.get("/console/escalations/"))
    assert "A review to reply to" in queue
    assert "A bad review: something to put right" in queue
    assert "I waited &lt;b&gt;an hour&lt;/b&gt;." in queue
    case = reputation.case_of(reputation.reviews(house.business.id).get())
    for each in case.escalations.all():
        desk.post(f"/console/escalations/{each.id}/resolve/", {"note": "answered"})
    case.refresh_from_db()
    assert case.state == "closed"
    assert "to be written" not in text(desk.get(REVIEWS))


def test_entered_twice_it_is_asked_for_once(house, desk):
    for _ in range(2):
        answer = desk.post(f"{REVIEWS}new/", REVIEW, follow=True)
    assert "known already" in text(answer)
    assert reputation.reviews(house.business.id).count() == 1


def test_one_of_a_known_visit_ends_the_asking(house, desk, served):
    desk.post(f"{REVIEWS}new/", {**REVIEW, "rating": "5", "reference": served.reference})
    assert journeys.current(served.id, "reputation").facts["result"] == "reviewed"
    unknown = desk.post(f"{REVIEWS}new/", {**REVIEW, "reference": "XXX-YYYYY"})
    assert "no appointment of this reference" in text(unknown)


def test_one_entered_by_mistake_is_taken_back(house, desk):
    desk.post(f"{REVIEWS}new/", REVIEW)
    row = reputation.reviews(house.business.id).get()
    desk.get(f"{REVIEWS}{row.id}/mistake/")
    assert reputation.case_of(row).waits
    desk.post(f"{REVIEWS}{row.id}/mistake/")
    assert not reputation.case_of(row).waits
    assert "A review to reply to" not in text(desk.get("/console/escalations/"))


# Who belongs to the business


def test_an_insider_is_said_at_the_desk(house, desk, served):
    page = f"/console/appointments/{served.id}/insider/"
    before = Event.objects.count()
    desk.get(page)
    assert Event.objects.count() == before
    desk.post(page, {"insider": "yes"})
    assert reputation.is_insider(served.customer_id)
    assert journeys.current(served.id, "reputation").facts["result"] == "insider"
    assert "Not asked for a review: they belong" in text(
        desk.get(f"/console/appointments/{served.id}/")
    )
    desk.post(page, {"insider": "no"})
    assert not reputation.is_insider(served.customer_id)


# Counted and drawn


def test_the_path_is_drawn_beside_the_other_that_follows(house, desk, served):
    shown = text(desk.get(f"/console/appointments/{served.id}/"))
    assert "Reputation" in shown
    assert "No review page is set up" in shown
    assert "Write down what the customer said" in shown


def test_everybody_is_counted_by_service_staff_and_answer(house, desk, served):
    reputation.mark_insider(house.business.id, served.customer_id, True, NOW, FRONT_DESK)
    clock.advance_to(NOW.replace(hour=12))
    shown = text(desk.get(f"{REVIEWS}?days=30"))
    for said in ("By service", "Foot care", "Ada Lindt", "no answer", "1 insider", "0 %"):
        assert said in shown
    assert '<svg class="share"' in shown


def test_staff_do_not_see_it(house, ada):
    assert ada.get(REVIEWS).status_code == 403
