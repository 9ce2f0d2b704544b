"""The day: what matters first, everybody in their section, and nothing assumed."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.case import Role
from kept.worker import loop
from tests.console.house import CUSTOMER, FRONT_DESK, NOW, leg, state, version

START = NOW + timedelta(hours=2)


def go(to):
    clock.advance_to(to)
    loop.turn_once()


def today(client, day=""):
    answer = client.get(f"/console/{f'?day={day}' if day else ''}")
    assert answer.status_code == 200
    return answer


def section(answer, key):
    found = next(each for each in answer.context["sections"] if each.key == key)
    return [row.leg.appointment.customer.name for row in found.rows]


def flags(answer):
    return [flag.words for each in answer.context["rows"] for flag in each.flags]


def test_everybody_stands_in_the_section_of_their_state(house, desk):
    clock.advance_to(NOW)
    people = [house.book(START + timedelta(hours=n), name=f"Guest {n}") for n in range(4)]
    loop.turn_once()
    appointments.say(people[0], "arrived", NOW, FRONT_DESK)
    appointments.say(people[1], "arrived", NOW, FRONT_DESK)
    appointments.say(people[1], "completed", NOW, FRONT_DESK)
    appointments.cancel(people[2], NOW, CUSTOMER, by=Role.CUSTOMER)
    page = today(desk)
    assert section(page, "here") == ["Guest 0"]
    assert section(page, "done") == ["Guest 1"]
    assert section(page, "cancelled") == ["Guest 2"]
    assert section(page, "coming") == ["Guest 3"]


def test_what_was_just_booked_for_the_next_hour_is_flagged_and_counted(house, desk, ada):
    house.book(START)
    assert today(desk).context["numbers"].soon == 0
    assert "just booked" not in today(desk).content.decode()
    go(NOW + timedelta(minutes=5))
    late = house.book(NOW + timedelta(minutes=20), name="Lena Late", staff=house.ben)
    page = today(desk)
    assert "Just booked: starts in 15 min" in flags(page)
    assert page.context["numbers"].soon == 1
    assert "just booked, within the hour" in page.content.decode()
    assert today(ada).context["numbers"].soon == 0  # it is not hers
    appointments.cancel(late, clock_queries.now(), FRONT_DESK, by=Role.CUSTOMER)
    assert today(desk).context["numbers"].soon == 0


def test_what_was_just_moved_into_the_next_hour_is_flagged(house, desk):
    booked = house.book(START)
    go(NOW + timedelta(hours=1, minutes=1))
    appointments.move(
        booked, START + timedelta(minutes=-30), clock_queries.now(), FRONT_DESK, freely=True
    )
    assert "Just moved: starts in 29 min" in flags(today(desk))


def test_the_first_line_counts_what_matters_and_its_value(house, desk):
    house.book(START)
    house.book(START + timedelta(hours=4), name="Later Guest")
    loop.turn_once()
    go(START + timedelta(hours=1))
    numbers = today(desk).context["numbers"]
    assert (numbers.escalations, numbers.without_outcome, numbers.upcoming) == (1, 1, 1)
    assert numbers.lost == {"EUR": 60}
    assert "€60.00" in today(desk).content.decode()
    assert b"Did not come" in desk.get("/console/no-outcome/").content


def test_what_is_over_is_not_to_come(house, desk):
    house.book(START)
    house.book(START + timedelta(hours=4), name="Later Guest")
    loop.turn_once()
    go(START + timedelta(minutes=46))
    page = today(desk)
    assert section(page, "over") == ["Mia Wong"]
    assert section(page, "coming") == ["Later Guest"]
    assert not {"Late?", "Not confirmed yet"} & set(flags(page))


def test_who_is_here_stays_here_while_the_visit_takes_longer(house, desk):
    booked = house.book(START)
    appointments.say(booked, "arrived", NOW, FRONT_DESK)
    go(START + timedelta(minutes=46))
    assert section(today(desk), "here") == ["Mia Wong"]
    go(START + timedelta(days=1))
    assert section(today(desk, "2027-03-01"), "over") == ["Mia Wong"]


def test_a_past_day_has_nothing_to_come_and_nobody_late(house, desk):
    house.book(START)
    loop.turn_once()
    go(START + timedelta(days=1))
    page = today(desk, "2027-03-01")
    assert section(page, "over") == ["Mia Wong"]
    assert "Late?" not in flags(page)
    words = page.content.decode()
    assert "To come" not in words
    assert "still to come" not in words
    assert "appointment that day" in words


def test_who_is_late_is_counted_where_they_stand(house, desk):
    house.book(START)
    loop.turn_once()
    go(START + timedelta(minutes=15))
    page = today(desk)
    assert "Late?" in flags(page)
    assert section(page, "coming") == ["Mia Wong"]
    assert page.context["numbers"].upcoming == 1


def test_an_appointment_over_midnight_stands_on_both_days(house, desk):
    house.book(NOW.replace(hour=22, minute=45), name="Nora Night")
    assert "Nora Night" in section(today(desk), "coming")
    assert "Nora Night" in section(today(desk, "2027-03-02"), "coming")
    assert section(today(desk, "2027-03-03"), "coming") == []


def test_a_day_that_cannot_be_read_is_the_present_one(house, desk):
    house.book(START)
    for odd in ("yesterday", "2027-02-30", "0001-01-01", "9999-12-31"):
        assert section(today(desk, odd), "coming") == ["Mia Wong"]


def test_what_there_is_to_know_is_said_in_words(house, desk):
    booked = house.book(START)
    assert "Not confirmed yet" in flags(today(desk))
    loop.turn_once()
    appointments.say(booked, "change_requested", NOW, CUSTOMER)
    assert {"Wants a change", "May not come"} <= set(flags(today(desk)))
    go(START + timedelta(minutes=11))
    assert "Late?" in flags(today(desk))
    appointments.say(booked, "running_late", clock_queries.now(), CUSTOMER, data={"minutes": 20})
    assert "Running 20 minutes late" in flags(today(desk))


def test_it_is_late_only_after_the_grace_of_the_policy(house, desk):
    house.book(START)
    loop.turn_once()
    go(START + timedelta(minutes=10))
    assert "Late?" not in flags(today(desk))


def tap(client, answer, words):
    """Press the first button with these words, as the page offers it."""
    for row in answer.context["rows"]:
        for button in row.buttons:
            if button.words == words:
                path = f"/console/appointments/{row.leg.appointment_id}/{button.act}/"
                fields = {"version": row.leg.case.version, "next": "/console/", **button.fields}
                return client.post(path, fields)
    raise AssertionError(f"no button {words!r}")


def test_one_tap_records_and_one_tap_undoes(house, desk):
    booked = house.book(START)
    loop.turn_once()
    assert tap(desk, today(desk), "Arrived")["Location"] == "/console/"
    assert state(booked) == "attended"
    tap(desk, today(desk), "Undo")
    assert state(booked) == "prepared"
    tap(desk, today(desk), "Arrived")
    tap(desk, today(desk), "Completed")
    assert state(booked) == "completed"
    tap(desk, today(desk), "Undo")
    assert state(booked) == "attended"
    names = [event.name for event in queries.timeline(booked).events]
    assert names.count("corrected") == 2  # nothing is erased


def test_an_arrival_recorded_after_the_end_is_undone_as_any_other(house, desk):
    booked = house.book(START)
    loop.turn_once()
    go(START + timedelta(hours=3))
    tap(desk, today(desk), "Arrived")
    tap(desk, today(desk), "Undo")
    assert state(booked) == "prepared"
    page = today(desk)
    assert section(page, "over") == ["Mia Wong"]
    tap(desk, page, "Did not come")
    assert state(booked) == "missed"


def test_undoing_an_arrival_of_somebody_untold_asks_a_person_to_tell_them(house, desk):
    booked = house.book(START)
    assert state(booked) == "scheduled"
    tap(desk, today(desk), "Arrived")
    tap(desk, today(desk), "Undo")
    assert state(booked) == "scheduled"
    assert b"CONFIRMATION_FAILED" not in desk.get("/console/").content  # in words, for people
    open_ones = [e.kind for e in queries.timeline(booked).escalations if e.resolved_at is None]
    assert open_ones == ["CONFIRMATION_FAILED"]


def test_did_not_come_is_offered_once_it_has_begun_and_arriving_after_all_then(house, desk):
    booked = house.book(START)
    loop.turn_once()
    assert "Did not come" not in [b.words for r in today(desk).context["rows"] for b in r.buttons]
    go(START + timedelta(minutes=15))
    tap(desk, today(desk), "Did not come")
    assert state(booked) == "missed"
    assert b"Mia Wong" in desk.get("/console/missed/").content
    tap(desk, today(desk), "Arrived after all")
    assert state(booked) == "attended"


def test_nothing_is_offered_for_another_day(house, desk):
    house.book(NOW + timedelta(days=3))
    assert [row.buttons for row in today(desk, "2027-03-04").context["rows"]] == [[]]


def test_all_others_arrived_is_asked_once_more_and_said_in_each_history(house, desk):
    here = [house.book(START, name="Guest A"), house.book(START, name="Guest B", staff=house.ben)]
    later = house.book(START + timedelta(hours=3), name="Later Guest")
    loop.turn_once()
    go(START + timedelta(minutes=5))
    asked = desk.get("/console/arrivals/")
    assert b"Guest A" in asked.content
    assert b"Later Guest" not in asked.content
    assert {state(each) for each in here} == {"prepared"}
    chosen = [f"{each.id}:{version(each)}" for each in [*here, later]]
    desk.post("/console/arrivals/", {"appointment": chosen})
    assert [state(each) for each in [*here, later]] == ["attended", "attended", "prepared"]
    for each in here:
        arrived = [e for e in queries.timeline(each).events if e.name == "arrived"]
        assert "all others arrived" in arrived[0].reason


def test_of_many_one_that_changed_meanwhile_is_named_and_the_others_are_recorded(house, desk):
    one = house.book(START, name="Guest A")
    other = house.book(START, name="Guest B", staff=house.ben)
    loop.turn_once()
    go(START + timedelta(minutes=5))
    seen = [f"{each.id}:{version(each)}" for each in (one, other)]
    appointments.say(one, "running_late", clock_queries.now(), CUSTOMER, data={"minutes": 5})
    answer = desk.post("/console/arrivals/", {"appointment": seen}, follow=True)
    assert b"Guest A: The appointment has changed" in answer.content
    assert (state(one), state(other)) == ("prepared", "attended")


def test_unticked_people_are_left_alone(house, desk):
    booked = house.book(START)
    loop.turn_once()
    go(START + timedelta(minutes=5))
    desk.post("/console/arrivals/", {"appointment": []})
    assert state(booked) == "prepared"


def test_an_idle_queue_and_a_dead_worker_look_different(house, desk):
    dead = desk.get("/console/escalations/").content.decode()
    assert "No worker has run yet: reminders are not leaving." in dead
    assert "nobody is looking" in dead
    clock.beat("w", started_at=NOW, idle=True, turned=0, failed=0)
    alive = desk.get("/console/escalations/").content.decode()
    assert "Nothing needs a person.</b> Last checked 08:00." in alive
    assert "reminders are not leaving" not in alive


def test_a_worker_that_has_died_is_named_with_how_long_ago(house, desk):
    from kept.clock.queries import Heartbeat, real_now

    clock.beat("w", started_at=NOW, idle=True, turned=0, failed=0)
    Heartbeat.objects.update(seen_at=real_now() - timedelta(minutes=12, seconds=5))
    page = desk.get("/console/").content.decode()
    assert "The worker has not been seen for 12 minutes: reminders are not leaving." in page


def test_no_mail_server_is_said_on_every_page(house, desk, settings):
    settings.EMAIL_URL = "none:"
    assert b"every message waits" in desk.get("/console/").content
    settings.EMAIL_URL = "inbox:"
    page = desk.get("/console/").content
    assert b"every message waits" not in page
    assert b"Demo inbox" in page


def test_a_mail_server_that_is_away_is_said_on_every_page_until_it_is_back(house, desk):
    from kept.clock.queries import real_now

    real = real_now()
    away = {"mail_away_since": real - timedelta(hours=3), "mail_detail": "535 hunter2"}
    for path in ("/console/", "/console/escalations/"):
        clock.beat("w", started_at=NOW, idle=True, turned=0, failed=0, **away)
        page = desk.get(path).content
        assert b"No mail has left for 3 hours" in page
        assert b"hunter2" not in page
        clock.beat("w", started_at=NOW, idle=True, turned=0, failed=0)
        assert b"No mail has left" not in desk.get(path).content


@pytest.mark.parametrize("text", ["mia", "MIA@EXAMPLE", "0101"])
def test_people_are_found_by_a_part_of_what_is_known(house, desk, text):
    house.book(START, phone="+442079460101")
    house.book(START, name="Somebody Else", staff=house.ben)
    page = desk.get("/console/search", {"q": text}).content
    assert b"Mia Wong" in page
    assert b"Somebody Else" not in page


def test_a_reference_leads_straight_to_its_appointment(house, desk):
    booked = house.book(START)
    answer = desk.get("/console/search", {"q": booked.reference.lower()})
    assert answer["Location"] == f"/console/appointments/{booked.id}/"
    assert leg(booked).case.state == "scheduled"


def test_a_user_no_staff_is_linked_to_is_told_so(house, signed_in):
    from kept.accounts import actions as accounts

    lost = accounts.add_member(house.business, "nobody@example.com", "staff")
    assert b"No member of staff has your e-mail address" in signed_in(lost).get("/console/").content


def test_the_picture_shows_the_day_and_names_what_lies_far_from_it(house, desk):
    house.book(START)
    house.book(START + timedelta(hours=2), name="Second Guest", staff=house.ben)
    house.book(NOW.replace(hour=22, minute=45), name="Nora Night")
    page = today(desk)
    assert len(page.context["picture"].blocks) == 2
    assert b"2 appointments with 2 of the staff" in page.content
    assert b"1 more at other hours is listed below" in page.content
    assert today(desk, "2027-03-05").context["picture"] is None


def test_a_day_with_one_appointment_is_said_to_have_one(house, desk):
    house.book(START)
    assert b"1 appointment with 1 of the staff" in today(desk).content


@pytest.mark.parametrize("on", ["2027-03-28", "2027-10-31"])
def test_the_picture_holds_on_the_days_the_clocks_change(house, desk, on):
    morning = NOW.fromisoformat(f"{on}T00:15:00+00:00")
    house.book(morning, name="Early Guest")
    house.book(morning + timedelta(hours=3), name="Later Guest")
    picture = today(desk, on).context["picture"]
    assert picture.ticks[0].words in {"00:00", "01:00", "02:00 (UTC+2)"}
    assert all(0 <= block.x <= picture.width for block in picture.blocks)
