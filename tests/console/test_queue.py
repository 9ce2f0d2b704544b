"""The queue of what needs a person: by time to harm, taken, put off, narrowed, and never lost."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kept.appointments import actions as appointments
from kept.cases import queries as cases
from kept.cases.queries import Escalation
from kept.clock import actions as clock
from kept.clock.queries import Heartbeat, now, real_now
from kept.console import words
from kept.core.paths import PATHS
from kept.worker import loop
from tests.console.house import CUSTOMER, NOW, House

START = NOW + timedelta(hours=5)
QUEUE = "/console/escalations/"


@pytest.fixture
def asking(house):
    """Ben may not come, in five hours."""
    booked = house.book(START, "Ben Asks")
    loop.turn_once()
    appointments.say(booked, "change_requested", now(), CUSTOMER)
    return Escalation.objects.get(kind="POSSIBLE_CANCEL")


def unreached(house, at, name="Una Unreached", **how):
    house.book(at, name, email="", phone="+442079460111", **how)
    loop.turn_once()


def put_off(client, row, soon="1h", **typed):
    sent = typed or {"soon": soon}
    return client.post(f"{QUEUE}{row.id}/snooze/", {"next": QUEUE, **sent}, follow=True)


def text(client, query=""):
    return client.get(f"{QUEUE}{query}").content.decode()


def listed(client, query=""):
    return [item.name for item in client.get(f"{QUEUE}{query}").context["items"]]


def test_what_is_too_late_first_is_on_top_whichever_is_due_first(house, desk):
    unreached(house, NOW + timedelta(days=4))
    clock.advance(timedelta(minutes=105))
    booked = house.book(START, "Ben Asks")
    appointments.say(booked, "change_requested", now(), CUSTOMER)
    far, near = cases.escalations(house.business.id, is_open=True)
    assert (far.kind, near.kind) == ("CONTACT_GAP", "POSSIBLE_CANCEL")  # by when they are due
    assert listed(desk) == ["Ben Asks", "Una Unreached"]
    assert "Too late in 3 hours" in text(desk)


def test_put_off_it_is_gone_for_everybody_and_comes_back_by_itself(house, desk, owner, asking):
    said = put_off(desk, asking).content.decode()
    assert "Put off until Mon 1 March 2027, 09:00. It comes back by itself." in said
    assert "<title>Needs a person" in said
    assert "1 put off" in said
    assert listed(owner) == []
    away = text(owner, "?snoozed=1")
    assert "Ben Asks" in away
    assert "by <bdi>desk@example.com</bdi>" in away
    clock.advance(timedelta(minutes=59))
    assert listed(owner) == []
    clock.advance(timedelta(minutes=1))
    assert listed(owner) == ["Ben Asks"]
    assert "<title>(1) Needs a person" in text(owner)
    assert listed(owner, "?snoozed=1") == []


def test_it_stays_open_all_the_while_and_its_history_says_what_was_done(house, desk, asking):
    put_off(desk, asking)
    assert cases.escalations(house.business.id, is_open=True).count() == 1
    page = desk.get(f"/console/appointments/{asking.case.subject}/").content.decode()
    assert "Put off until Mon 1 March 2027, 09:00: may not come" in page
    back = desk.post(f"{QUEUE}{asking.id}/resolve/", {"do": "wake"}, follow=True)
    assert b"back among what needs a person" in back.content
    names = [each.name for each in cases.events([asking.case_id])]
    assert names[-2:] == ["escalation_snoozed", "escalation_woken"]


def test_nothing_waits_until_it_is_too_late(house, desk, asking):
    choices = [key for key, _ in desk.get(QUEUE).context["items"][0].open.may_wait]
    assert choices == ["30m", "1h", "3h"]  # tomorrow the visit is over
    refused = put_off(desk, asking, "tomorrow")
    assert refused.status_code == 409
    assert b"It would come back too late to help." in refused.content
    assert put_off(desk, asking, "never").status_code == 409
    typed = put_off(desk, asking, day="2027-03-01", at="13:00")  # the very moment it begins
    assert typed.status_code == 409
    assert b'value="13:00"' in typed.content
    assert listed(desk) == ["Ben Asks"]
    assert put_off(desk, asking, day="2027-03-01", at="12:59").status_code == 200
    assert listed(desk) == []


def test_what_must_be_seen_is_seen_whatever_the_row_says(house, desk, asking):
    Escalation.objects.update(snoozed_until=START + timedelta(days=1))
    assert listed(desk) == []
    clock.advance_to(START)
    assert listed(desk) == ["Ben Asks"]


def test_a_time_that_is_missing_or_shown_twice_is_asked_for(house, desk, asking):
    Escalation.objects.update(too_late_at=datetime.fromisoformat("2027-11-30T00:00:00+00:00"))
    assert put_off(desk, asking, day="2027-03-01").status_code == 409
    which = put_off(desk, asking, day="2027-10-31", at="02:30")
    assert b"twice that night" in which.content
    assert put_off(desk, asking, day="2027-10-31", at="02:30", twice="1").status_code == 200
    asking.refresh_from_db()
    assert asking.snoozed_until == datetime.fromisoformat("2027-10-31T01:30:00+00:00")


def test_only_the_front_desk_puts_off_only_its_own_and_only_by_posting(house, desk, ada, asking):
    other = House("Other Studio", "other-")
    stranger = Client()
    stranger.force_login(other.desk)
    assert put_off(ada, asking).status_code == 403
    assert put_off(stranger, asking).status_code == 404
    assert desk.get(f"{QUEUE}{asking.id}/snooze/?soon=1h").status_code == 200
    assert stranger.get(f"{QUEUE}{asking.id}/snooze/").status_code == 404
    assert listed(desk) == ["Ben Asks"]
    assert listed(stranger) == listed(stranger, "?snoozed=1") == []


def test_the_list_is_narrowed_by_what_is_wrong_and_by_whose_it_is(house, desk, owner, asking):
    unreached(house, NOW + timedelta(days=4))
    desk.post(f"{QUEUE}{asking.id}/resolve/", {"do": "take"})
    assert listed(desk, "?why=untold") == ["Una Unreached"]
    assert listed(desk, "?whose=mine") == listed(desk, "?why=unsure") == ["Ben Asks"]
    assert listed(desk, "?whose=free") == ["Una Unreached"]
    assert listed(owner, "?whose=mine&why=unsure") == []
    assert "Nothing of this kind" in text(owner, "?whose=mine&why=unsure")
    assert len(listed(desk, "?why=nonsense&whose=nobody")) == 2
    context = desk.get(QUEUE).context
    counts = {each.words: each.count for each in [*context["by_reason"], *context["by_whose"]]}
    assert counts == {
        "All": 2,
        "Not told": 1,
        "May not come": 1,
        "Everybody's": 2,
        "Mine": 1,
        "Nobody's yet": 1,
    }


def test_a_row_says_what_was_tried(house, desk, asking):
    unreached(house, NOW + timedelta(days=4))
    page = text(desk)
    assert "<li>Confirmation: accepted by the mail server, " in page
    assert "Nothing could be sent." in page


def test_every_kind_of_every_path_is_of_one_sort():
    kinds = {rule.kind for path in PATHS.values() for rule in path.escalations}
    sorts = [reason.kinds for reason in words.REASONS.values()]
    assert kinds == set().union(*sorts)
    assert sum(map(len, sorts)) == len(kinds)


def test_an_empty_queue_of_which_nobody_takes_care_looks_different(house, desk):
    clock.beat("test", started_at=NOW, idle=True, turned=0, failed=0)
    assert "<b>Nothing needs a person.</b> Last checked" in text(desk)
    Heartbeat.objects.update(seen_at=real_now() - timedelta(hours=2))
    dead = text(desk)
    assert "Nothing needs a person" not in dead
    assert "because nobody is looking" in dead


def test_many_rows_cost_as_many_questions_as_a_few(house, desk, asking):
    def questions():
        with CaptureQueriesContext(connection) as found:
            desk.get(QUEUE)
        return len(found)

    unreached(house, NOW + timedelta(days=1))
    questions()  # the first request of a session asks once more
    few = questions()
    for number in range(2, 8):
        unreached(house, NOW + timedelta(days=number), f"Una {number}")
    assert questions() == few
