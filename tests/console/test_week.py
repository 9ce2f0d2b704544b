"""The week: everything that is booked, where it stands, what is closed, and what is free."""

import re
from datetime import date, datetime, time, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kept.accounts.queries import Business
from kept.appointments import actions as appointments
from kept.cases.queries import Case
from kept.core.time import WeeklyHours
from kept.schedule import actions as schedule
from tests.console.house import CUSTOMER, FRONT_DESK, NOW, House, leg

WEEK = "/console/week/"
TEN = NOW + timedelta(hours=2)
"""Monday 1 March 2027, 10:00 in Berlin."""


def week(client, query=""):
    return client.get(f"{WEEK}{query}").context["week"]


def names(client, query=""):
    return [e.leg.appointment.customer.name for d in week(client, query).days for e in d.entries]


def text(client, query=""):
    """The page without its tags: what is read out, in order."""
    page = client.get(f"{WEEK}{query}").content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def day_of(client, on, query=""):
    found = week(client, f"?from={on}{query}")
    return next(day for day in found.days if day.on == date.fromisoformat(on))


@pytest.mark.parametrize("view", ["", "?view=table"])
def test_each_entry_says_when_who_and_how_it_stands_and_leads_there(house, desk, view):
    booked = house.book(TEN)
    page = desk.get(f"{WEEK}{view}").content.decode()
    link = re.search(rf'<a href="/console/appointments/{booked.id}/">(.*?)</a>', page, re.S)[1]
    said = " ".join(unescape(re.sub(r"<[^>]+>", " ", link)).split())
    assert re.match(r"Monday 10:00 Mia Wong ,? ?Scheduled", said)


def test_the_week_begins_where_the_business_begins_it_and_any_day_of_it_names_it(house, desk):
    assert [week(desk, f"?from=2027-03-{day}").days[0].on.day for day in ("01", "07", "08")] == [
        1,
        1,
        8,
    ]
    for nonsense in ("", "?from=x", "?from=0001-01-01", "?from=9999-12-31"):
        assert week(desk, nonsense).days[0].on == date(2027, 3, 1)
    Business.objects.update(locale="en_US")
    sunday = week(desk)
    assert (sunday.days[0].on, sunday.days[-1].on) == (date(2027, 2, 28), date(2027, 3, 6))
    assert sunday.hours[0][1] == "9:00 AM"


def test_weeks_follow_one_another_and_keep_what_is_shown(house, desk):
    found = week(desk, f"?from=2027-03-10&staff={house.ada.id}&view=table")
    for address, first in ((found.previous, 1), (found.following, 15)):
        other = week(desk, address)
        assert (other.days[0].on.day, other.asked.staff, other.asked.table) == (
            first,
            house.ada,
            True,
        )
    assert "This week" in text(desk, found.following)
    assert "This week" not in text(desk)


def test_one_person_of_ours_or_everybody_and_nobody_elses(house, desk):
    other = House("Other Studio", "other-")
    other.book(TEN, "Olga Other")
    house.book(TEN)
    house.book(TEN, "Max Muster", staff=house.ben)
    assert names(desk, f"?staff={house.ben.id}") == ["Max Muster"]
    for narrowed in (f"?staff={other.ada.id}", f"?service={other.service.id}", "?staff=x"):
        assert sorted(names(desk, narrowed)) == ["Max Muster", "Mia Wong"]
    assert "Other Studio" not in text(desk, f"?staff={other.ada.id}")


def test_who_works_there_sees_their_own_and_books_nothing(house, ada):
    house.book(TEN)
    house.book(TEN, "Max Muster", staff=house.ben)
    assert names(ada) == ["Mia Wong"]
    page = ada.get(WEEK).content.decode()
    assert "/console/book/" not in page
    assert "Max Muster" not in page


def test_a_free_time_leads_to_the_form_with_that_time_chosen(house, desk):
    house.book(TEN)
    [monday, *_] = week(desk, f"?staff={house.ada.id}").days
    assert [f"{each.start:%H:%M}" for each in monday.free][:2] == ["08:00", "10:00"]  # UTC
    both = week(desk).days[0].free
    assert {each.people for each in both if each.start == monday.free[0].start} == {2}
    form = desk.get(f"/console/book/{monday.free[0].query}")
    chosen = f"{monday.free[0].start.isoformat()}/{house.ada.id}"
    assert f'value="{chosen}" checked' in form.content.decode().replace("&#x27;", "'")
    made = desk.post(
        f"/console/book/{monday.free[0].query}", {"slot": chosen, "name": "Zoe", "phone": ""}
    )
    assert made.status_code == 302
    assert "Zoe" in names(desk)
    assert week(desk, "?service=").days[0].free == []


def test_what_overlaps_stands_side_by_side_and_what_does_not_spreads(house, desk):
    house.book(TEN)
    house.book(TEN + timedelta(minutes=30), "Max Muster", staff=house.ben)
    house.book(TEN + timedelta(hours=2), "Zoe Late")
    [monday, *_] = week(desk).days
    placed = {
        e.leg.appointment.customer.name: (e.top, e.rows, e.lane, e.wide) for e in monday.entries
    }
    assert placed == {
        "Mia Wong": (5, 3, 1, 1),
        "Max Muster": (7, 3, 2, 1),
        "Zoe Late": (13, 3, 1, 2),
    }
    assert monday.lanes == 2


def test_more_at_once_than_there_is_room_for_are_named_and_in_the_table(house, desk):
    for number in range(9):
        staff = schedule.create_staff(house.business.id, f"P{number}", "", "Europe/Berlin", [])
        house.service.staff.add(staff)
        house.book(TEN, f"Guest {number}", staff=staff)
    [monday, *_] = week(desk).days
    assert (monday.lanes, monday.left_out) == (8, 1)
    assert "1 more at the same time, in the table" in text(desk)
    assert all(f"Guest {number}" in text(desk, "?view=table") for number in range(9))


def test_closures_and_hours_outside_are_seen_and_said(house, desk):
    noon = NOW + timedelta(hours=4)
    appointments.close(
        house.business, None, noon, noon + timedelta(hours=1), "Team", NOW, FRONT_DESK
    )
    appointments.close(
        house.business, house.ben, noon, noon + timedelta(hours=2), "Dentist", NOW, FRONT_DESK
    )
    said = text(desk)
    assert "Open 09:00 – 12:00 , 13:00 – 17:00" in said.replace("–", " – ").replace("  ", " ")
    assert "Closed 12:00 – 13:00 : Team" in said.replace("–", " – ").replace("  ", " ")
    assert "Ben Okoro away" in said
    assert "Ben Okoro away" not in text(desk, f"?staff={house.ada.id}")
    [monday, *_, sunday] = week(desk).days
    assert [(band.top, band.rows) for band in monday.bands] == [(13, 4)]
    assert [(band.top, band.rows) for band in sunday.bands] == [(1, 32)]  # all that is drawn
    house.book(NOW - timedelta(hours=-12), "Nora Night")  # at 20:00, outside the hours
    assert (week(desk).days[0].bands[-1].top, week(desk).last_row) == (33, 48)


def local(text):
    return datetime.fromisoformat(text)


def test_the_night_the_clocks_go_forward_keeps_everything_where_the_wall_shows_it(house, desk):
    house.book(local("2027-03-28T01:30:00+01:00"), "Mia Over")  # until 03:15 on the wall
    house.book(local("2027-03-28T11:00:00+02:00"), "Max Morning", staff=house.ben)
    sunday = day_of(desk, "2027-03-28")
    assert sunday.hours_long == 23
    assert "23 hours: the clocks go forward" in text(desk, "?from=2027-03-28")
    assert {e.leg.appointment.customer.name: e.span for e in sunday.entries} == {
        "Mia Over": (90, 195),
        "Max Morning": (660, 705),
    }


def test_the_hour_shown_twice_holds_two_visits_side_by_side_and_says_which_is_which(house, desk):
    house.book(local("2027-10-31T02:15:00+02:00"), "Mia First")
    house.book(local("2027-10-31T02:45:00+02:00"), "Eva Through", staff=house.ben)
    house.book(local("2027-10-31T02:45:00+01:00"), "Max Second", staff=house.ben)
    sunday = day_of(desk, "2027-10-31")
    assert sunday.hours_long == 25
    spans = {e.leg.appointment.customer.name: (e.span, e.lane) for e in sunday.entries}
    assert spans["Mia First"][0] == (135, 180)
    assert spans["Eva Through"][0] == (165, 210)  # until 02:30 on the wall: its length counts
    assert spans["Max Second"][0] == (165, 210)
    assert sorted(lane for _, lane in spans.values()) == [1, 2, 3]
    said = text(desk, "?from=2027-10-31")
    assert "25 hours: the clocks go back" in said
    assert "02:45 (UTC+2) Eva Through" in said
    assert "02:45 (UTC+1) Max Second" in said


def test_what_lasts_over_midnight_is_on_both_days(house, desk):
    house.book(local("2027-03-03T23:45:00+01:00"), "Nora Night")
    on = {day.on.day: day.entries for day in week(desk).days if day.entries}
    assert {
        number: [(e.span, e.begins_earlier, e.ends_later) for e in es] for number, es in on.items()
    } == {
        3: [((1425, 1440), False, True)],
        4: [((0, 30), True, False)],
    }


def test_what_needs_a_person_says_so_what_is_cancelled_takes_no_room(house, desk):
    asks, gone = house.book(TEN, "Ben Asks"), house.book(TEN + timedelta(hours=1), "Cleo Cancels")
    appointments.say(asks, "change_requested", NOW, CUSTOMER)
    appointments.cancel(gone, NOW, FRONT_DESK, by=CUSTOMER.role)
    assert names(desk) == ["Ben Asks"]
    assert "Monday 10:00 Needs a person: Ben Asks" in text(desk)
    assert "1 cancelled" in text(desk)


def test_a_damaged_record_is_named_and_takes_nothing_else_away(house, desk):
    broken = house.book(TEN)
    house.book(TEN, "Max Muster", staff=house.ben)
    Case.objects.filter(id=leg(broken).case_id).update(anchors={})
    assert names(desk) == ["Max Muster"]
    assert f"The record of {broken.reference} is damaged" in text(desk)


def test_an_empty_week_says_so(house, desk):
    assert "Nothing is booked in this week." in text(desk)
    assert week(desk).hours[0][1] == "09:00"


def test_a_full_week_costs_as_many_questions_as_one_visit(house, desk):
    def questions(query):
        with CaptureQueriesContext(connection) as found:
            assert desk.get(f"{WEEK}{query}").status_code == 200
        return len(found)

    house.book(TEN)
    questions("")  # the first request of a session asks once more
    few = questions("?from=2027-03-01")
    hours = [WeeklyHours(day, time(8), time(18)) for day in range(5)]
    for number in range(18):
        one = schedule.create_staff(house.business.id, f"P{number}", "", "Europe/Berlin", hours)
        house.service.staff.add(one)
        for day in range(2):
            house.book(TEN + timedelta(days=day), f"Guest {number}", staff=one)
    assert len(names(desk)) == 37
    assert questions("?from=2027-03-01") == few
