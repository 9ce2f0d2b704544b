"""One view of a person: where they stand on every path, and one timeline over all of them."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Case
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.case import Role
from kept.core.paths import PATHS
from kept.journeys import actions as journeys
from kept.people.queries import Consent, Customer
from kept.worker import loop
from tests.console.house import CUSTOMER, FRONT_DESK, NOW, House, leg


def now():
    return clock_queries.now()


@pytest.fixture
def mia(house):
    """She has missed a visit, been to another, and booked a third."""
    missed, done = house.book(name="Mia Wong"), house.book(NOW + timedelta(hours=4))
    loop.turn_once()
    clock.advance_to(NOW + timedelta(hours=6))
    appointments.miss(missed, now(), FRONT_DESK, by=Role.CUSTOMER)
    appointments.say(done, "completed", now(), FRONT_DESK)
    loop.turn_once()
    house.book(NOW + timedelta(days=3))
    loop.turn_once()
    return missed.customer


def page(person, **asked):
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"/console/people/{person.id}/?{query}"


def shown(browser, person, **asked):
    answer = browser.get(page(person, **asked))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_person_is_found_and_is_linked_from_every_visit(house, desk, mia):
    found = desk.get("/console/people/?q=wong").content.decode()
    assert f"/console/people/{mia.id}/" in found
    assert "Mia Wong" in desk.get("/console/people/").content.decode()
    visit = desk.get(f"/console/appointments/{mia_visit(mia).appointment_id}/").content.decode()
    assert f"/console/people/{mia.id}/" in visit
    assert f"/console/people/{mia.id}/" in desk.get("/console/search?q=wong").content.decode()


def test_an_escalation_leads_to_the_person(house, desk, mia):
    following = Case.objects.get(person=mia, path="follow_up", state="open")
    journeys.say(house.business.id, following.id, "went_badly", now(), CUSTOMER, words="it hurts")
    queue = desk.get("/console/escalations/").content.decode()
    assert f"/console/people/{mia.id}/" in queue
    assert "Was not content" in shown(desk, mia)


def mia_visit(person):
    from kept.appointments.queries import of_people

    return of_people([person.id])[person.id][0]


def test_every_case_stands_where_it_is_with_what_is_next(desk, mia):
    text = shown(desk, mia)
    assert text.count("Follow-up") >= 2
    assert "Confirmed" in text
    assert "First reminder" in text
    assert "Question how it went" in text
    assert "e-mail" in text
    assert "English" in text


def test_every_path_there_is_can_be_shown(house, desk, mia):
    """A new path appears by itself: nothing here knows one by name."""
    for number, path in enumerate(PATHS.values()):
        like = Case.objects.filter(path=path.name).first()
        if like is None:
            like = Case.objects.filter(person=mia, path="follow_up").first()
            like.pk, like.path, like.state = None, path.name, path.states[0].name
            anchors = dict.fromkeys(path.counts_from, now().isoformat())
            like.anchors, like.number = {**like.anchors, **anchors}, 90 + number
            like.id = Case._meta.pk.get_default()
            like.save(force_insert=True)
        assert f"path={path.name}#h-line" in shown(desk, mia)


def test_one_timeline_over_all_paths_the_newest_first(desk, mia):
    text = shown(desk, mia)
    line = text[text.index('id="h-line"') :]
    order = ["Confirmation", "Booked", "Missed by the customer", "Booked"]
    places = [line.index(order[0])]
    for words in order[1:]:
        places.append(line.index(words, places[-1] + 1))
    assert places == sorted(places)
    assert "Handed on to Follow-up" in line
    assert "Preparation opens: to be sent now" not in line


@pytest.mark.parametrize(
    ("show", "there", "not_there"),
    [
        ("letters", "Confirmation", "Missed by the customer"),
        ("changes", "Missed by the customer", "Suggestions of"),
        ("wishes", "Refused: suggestions", "Missed by the customer"),
        ("nonsense", "Missed by the customer", "There is nothing of this kind"),
    ],
)
def test_it_can_be_narrowed(desk, mia, show, there, not_there):
    journeys.refuse_suggestions(mia.id, now(), CUSTOMER, source="letter", wording="No more")
    text = shown(desk, mia, show=show)
    line = text[text.index('id="h-line"') :]
    assert there in line
    assert not_there not in line.split("</nav>", 2)[-1]


def test_it_can_be_narrowed_to_a_path(desk, mia):
    text = shown(desk, mia, path="follow_up")
    line = text[text.index('id="h-line"') :]
    assert "Begun after a visit" in line
    assert "Missed by the customer" not in line.split("</nav>", 2)[-1]


def test_a_long_timeline_comes_in_pages(house, desk, mia, monkeypatch):
    monkeypatch.setattr("kept.console.whole_person.A_PAGE", 5)
    first = shown(desk, mia)
    assert "Older" in first
    assert "Newer" not in first
    second = shown(desk, mia, page=2)
    assert "Newer" in second
    assert "There is nothing of this kind" in shown(desk, mia, page=99)
    assert "Newer" not in shown(desk, mia, page="x")


# What they want


def test_the_desk_writes_down_what_somebody_wants_and_it_holds_at_once(house, desk, mia):
    said = {"wish": "contact", "said": "refuses", "words": "on the phone: leave me alone"}
    answer = desk.post(f"/console/people/{mia.id}/wish/", said, follow=True)
    text = answer.content.decode()
    assert "It holds at once" in text
    assert "Not to be contacted" in text
    assert "leave me alone" in text
    row = Consent.objects.get()
    assert (row.given, row.source, row.purpose) == (False, "console", "contact")
    assert "desk@example.com" in row.by
    visit = mia_visit(mia)
    assert {each.status for each in visit.case.controls.filter(name__endswith="reminder")} == {
        "skipped"
    }
    visit_page = desk.get(f"/console/appointments/{visit.appointment_id}/").content.decode()
    assert "The customer is not to be contacted" in visit_page
    assert "Wants no letters" in desk.get("/console/escalations/").content.decode()
    said = {"wish": "contact", "said": "agrees", "words": "they called back"}
    answer = desk.post(f"/console/people/{mia.id}/wish/", said, follow=True)
    assert "Not to be contacted" not in answer.content.decode()


def test_a_wish_needs_its_proof(desk, mia):
    answer = desk.post(f"/console/people/{mia.id}/wish/", {"wish": "contact", "said": "refuses"})
    assert answer.status_code == 422
    assert not Consent.objects.exists()


def test_looking_changes_nothing(desk, mia):
    before = Case.objects.get(id=mia_visit(mia).case_id).version
    desk.get(f"/console/people/{mia.id}/wish/")
    shown(desk, mia)
    assert Case.objects.get(id=mia_visit(mia).case_id).version == before


# Who may see it


def test_a_person_of_another_business_is_not_found(house, signed_in, mia):
    other = House("Other House", "other-")
    browser = signed_in(other.desk)
    assert browser.get(page(mia)).status_code == 404
    said = {"wish": "contact", "said": "refuses", "words": "x"}
    assert browser.post(f"/console/people/{mia.id}/wish/", said).status_code == 404
    assert "Mia Wong" not in browser.get("/console/people/").content.decode()
    assert not Consent.objects.exists()


def test_who_sees_only_their_own_day_sees_no_people(ada, mia):
    assert ada.get(page(mia)).status_code == 403
    assert ada.get("/console/people/").status_code == 403


def test_somebody_without_anything_has_a_page_too(house, desk):
    nobody = Customer.objects.create(business=house.business, name="Nora New", created_at=NOW)
    text = shown(desk, nobody)
    assert "Nothing has begun with this person yet" in text
    assert "Neither phone nor e-mail is known" in text


def test_a_damaged_case_is_named_and_hides_nothing_else(desk, mia):
    Case.objects.filter(id=leg_of(mia).case_id).update(state="nowhere")
    text = shown(desk, mia)
    assert "A record of this person is damaged" in text
    assert "Follow-up" in text


def leg_of(person):
    return leg(mia_visit(person).appointment)
