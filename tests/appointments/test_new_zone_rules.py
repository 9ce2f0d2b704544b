"""A zone changes its clocks: who was told 09:00 comes at 09:00, whatever instant that is now.

The rules are changed for real: Python reads its zone files from a folder of the test, in which
Berlin has been given the clocks of another place.
"""

import importlib
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps

from kept.appointments import actions, letters, queries, zone_rules
from kept.appointments.queries import Leg
from kept.checks import promises
from kept.core import time
from kept.lib.zone_edition import edition
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Claim, Closure
from tests.appointments.clinic import (
    ALWAYS,
    DESK,
    NOW,
    Clinic,
    berlin,
    controls,
    escalations,
    go_to,
    leg,
    now,
    state,
)

HOUR = timedelta(hours=1)
ALWAYS_WINTER, ALWAYS_SUMMER = "Africa/Algiers", "Africa/Tripoli"  # UTC+1 and UTC+2, all year
CLOSURES = "0004_closures_on_the_wall"
IN_SUMMER = berlin(30, 9)  # Tuesday, 09:00, two days after the clocks go forward


@pytest.fixture
def berlin_keeps(tmp_path):
    """Call it with a place: Berlin has the clocks of that place from then on."""

    def keep(place, name="2027a"):
        source = resources.files("tzdata.zoneinfo")
        for zone, like in [("Europe/Berlin", place), ("Etc/UTC", "Etc/UTC")]:
            copy = tmp_path / name / zone
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.joinpath(*like.split("/")).read_bytes())
        (tmp_path / name / "tzdata.zi").write_text(f"# version {name}\n")
        look_in([str(tmp_path / name)])

    yield keep
    look_in(None)


def look_in(folders):
    zoneinfo.reset_tzpath(folders)
    ZoneInfo.clear_cache()
    time.zone.cache_clear()


@pytest.fixture
def clinic(db):
    return Clinic()


def follow():
    return zone_rules.follow(edition(), now(), NOW)


def shown(instant, zone="Europe/Berlin"):
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}"


def claims(resource):
    found = Claim.objects.filter(resource=resource.number, live=True).order_by("start")
    return [(each.kind, each.start, each.end) for each in found]


def broken():
    return [each for result in promises.run(now()) for each in result.broken]


def test_the_time_on_the_wall_stays_and_its_instant_follows(clinic, berlin_keeps):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    go_to(now())
    before = leg(visit)
    berlin_keeps(ALWAYS_WINTER)
    assert shown(before.start) == "08:00"
    (sentence,) = broken()
    assert sentence.startswith(f"{visit.reference}: the customer was told 2027-03-30T09:00 in ")
    assert follow() == zone_rules.Followed("2027a", looked_at=1, shifted=1)
    after = leg(visit)
    assert (after.start, after.end) == (before.start + HOUR, before.end + HOUR)
    assert (shown(after.start), after.wall) == ("09:00", "2027-03-30T09:00")
    assert (after.number, after.current, state(visit)) == (1, True, "confirmed")
    assert broken() == []


def test_an_appointment_the_rules_do_not_touch_is_left_alone(clinic, berlin_keeps):
    visit = clinic.book(berlin(2, 9), clinic.ada)
    berlin_keeps(ALWAYS_WINTER)
    assert follow() == zone_rules.Followed("2027a", looked_at=1)
    assert leg(visit).start == berlin(2, 9)
    assert "zone_rules_changed" not in {each.name for each in queries.timeline(visit).events}


def test_every_duty_ahead_is_planned_from_the_new_instant(clinic, berlin_keeps):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    go_to(now())
    before = controls(visit)
    berlin_keeps(ALWAYS_WINTER)
    follow()
    after = controls(visit)
    assert after["confirmation"] == before["confirmation"]
    for name in ("first_reminder", "final_reminder", "outcome_due", "unresolved"):
        assert after[name] == ("planned", before[name][1] + HOUR), name
    go_to(leg(visit).start)
    assert {"first_reminder", "final_reminder"} <= {
        each.control for each in queries.timeline(visit).messages
    }


def test_the_customer_is_told_nothing_and_knows_the_truth(clinic, berlin_keeps):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    post = go_to(now())
    entry = letters.calendar_entry(leg(visit), now())
    berlin_keeps(ALWAYS_WINTER)
    follow()
    assert post.deliver() == 0
    assert queries.told_is_true(leg(visit), queries.told(visit))
    assert not escalations(visit)
    later = letters.calendar_entry(leg(visit), now())
    assert (later.sequence, shown(later.start)) == (entry.sequence, "09:00")


def test_the_history_says_what_happened_and_why(clinic, berlin_keeps):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    berlin_keeps(ALWAYS_WINTER)
    follow()
    event = queries.timeline(visit).events[-1]
    assert (event.name, event.actor_role) == ("zone_rules_changed", "system")
    assert event.reason == "New rules for the clocks of Europe/Berlin (edition 2027a)."
    assert event.data["from"] == IN_SUMMER.isoformat()
    assert event.data["to"] == (IN_SUMMER + HOUR).isoformat()


def test_its_claim_moves_along_and_neighbours_may_take_each_others_place(clinic, berlin_keeps):
    for n in range(4):
        clinic.book(IN_SUMMER + n * timedelta(minutes=45), clinic.ada)
    before = claims(clinic.ada)
    berlin_keeps(ALWAYS_WINTER)
    assert follow().shifted == 4
    assert claims(clinic.ada) == [(kind, start + 60, end + 60) for kind, start, end in before]


def test_the_other_way_round_too(clinic, berlin_keeps):
    visit = clinic.book(berlin(2, 9), clinic.ada)
    berlin_keeps(ALWAYS_SUMMER)
    follow()
    assert leg(visit).start == berlin(2, 8)
    assert shown(leg(visit).start) == "09:00"


def test_what_is_free_afterwards_is_what_is_not_booked_on_the_wall(clinic, berlin_keeps):
    clinic.book(IN_SUMMER, clinic.ada)
    berlin_keeps(ALWAYS_WINTER)
    follow()
    begin = IN_SUMMER - 2 * HOUR
    slots = schedule_queries.free_slots(clinic.service, [clinic.ada], begin, begin + 5 * HOUR, NOW)
    assert [shown(slot.start) for slot in slots][:2] == ["09:45", "10:00"]


def test_a_time_that_something_else_has_is_left_to_a_person(clinic, berlin_keeps):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    go_to(now())
    berlin_keeps(ALWAYS_WINTER)
    # 09:00 by the new rules, booked before anybody followed them.
    other = clinic.book(IN_SUMMER + HOUR, clinic.ada, name="Leo Marsh")
    done = follow()
    assert (done.shifted, done.escalated) == (1, 1)
    assert escalations(visit) == {"RESOURCE_LOST"}
    assert not escalations(other)
    assert leg(other).start == IN_SUMMER + HOUR
    assert shown(leg(visit).start) == "09:00"
    assert broken() == []
    actions.move(visit, IN_SUMMER + 3 * HOUR, now(), DESK)
    assert not escalations(visit)


def test_a_hold_gives_way(clinic, berlin_keeps):
    from uuid import uuid4

    from kept.schedule import actions as schedule

    visit = clinic.book(IN_SUMMER, clinic.ada)
    berlin_keeps(ALWAYS_WINTER)
    token = uuid4()
    schedule.hold(clinic.service, clinic.ada, IN_SUMMER + HOUR, now(), token)
    assert follow().escalated == 0
    assert schedule_queries.live_hold(token, now()) is None
    assert not escalations(visit)


def close(clinic, start, end, resource=None):
    actions.close(clinic.business, resource, start, end, "training", now(), DESK)


def free(clinic, *staff, day=30):
    begin = berlin(day, 8)
    slots = schedule_queries.free_slots(
        clinic.service, staff, begin, begin + timedelta(hours=10), NOW
    )
    return {shown(slot.start) for slot in slots}


@pytest.mark.parametrize("place", [ALWAYS_WINTER, "Europe/Helsinki"])
@pytest.mark.parametrize("of", ["ada", "everybody"])
def test_a_closure_keeps_its_time_on_the_wall_and_whoever_is_booked_beside_it(
    clinic, berlin_keeps, place, of
):
    before = clinic.book(IN_SUMMER, clinic.ada)
    closed = clinic.ada if of == "ada" else None
    close(clinic, IN_SUMMER + HOUR, IN_SUMMER + 3 * HOUR, closed)
    after = clinic.book(IN_SUMMER + 3 * HOUR, clinic.ada)
    offered = free(clinic, clinic.ada)
    berlin_keeps(place)
    done = follow()
    assert (done.shifted, done.escalated, done.closures) == (2, 0, 1)
    assert free(clinic, clinic.ada) == offered
    assert [shown(leg(each).start) for each in (before, after)] == ["09:00", "12:00"]
    assert follow() is None
    assert broken() == []


def test_a_lifted_closure_stays_lifted(clinic, berlin_keeps):
    close(clinic, IN_SUMMER, IN_SUMMER + HOUR, clinic.ada)
    (closure,) = schedule_queries.closures(clinic.business.id, now())
    actions.lift_closure(clinic.business, closure.id, now(), DESK)
    berlin_keeps(ALWAYS_WINTER)
    assert follow().closures == 0
    assert "09:00" in free(clinic, clinic.ada)


def test_a_closure_that_the_new_rules_jump_over_stays_where_it_is(db, berlin_keeps):
    berlin_keeps(ALWAYS_WINTER, "2026z")
    clinic = Clinic(hours=ALWAYS)
    start = datetime(2027, 3, 28, 1, tzinfo=UTC)  # 02:00 by the clocks of winter
    close(clinic, start, start + timedelta(minutes=40), clinic.ada)
    look_in(None)
    assert zone_rules.follow("2027a", now(), NOW).closures == 0


def test_one_that_lies_in_a_closure_made_by_the_new_rules_is_left_to_a_person(clinic, berlin_keeps):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    berlin_keeps(ALWAYS_WINTER)
    close(clinic, IN_SUMMER + HOUR, IN_SUMMER + 3 * HOUR, clinic.ada)
    assert follow().escalated == 1
    assert escalations(visit) == {"RESOURCE_LOST"}
    assert broken() == []


def test_a_time_that_no_longer_exists_is_left_to_a_person(db, berlin_keeps):
    berlin_keeps(ALWAYS_WINTER, "2026z")
    clinic = Clinic(hours=ALWAYS)
    start = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 02:30 by the clocks of winter
    visit = clinic.book(start, clinic.ada)
    go_to(now())
    look_in(None)  # and now Berlin goes from 02:00 to 03:00 that night
    done = zone_rules.follow("2027a", now(), NOW)
    assert (done.shifted, done.escalated) == (0, 1)
    assert escalations(visit) == {"TOLD_DIFFERS"}
    assert (leg(visit).start, leg(visit).wall) == (start, "2027-03-28T03:30")
    assert zone_rules.follow("2027b", now(), NOW).escalated == 0


def test_a_remote_customer_elsewhere_is_told_by_a_person(db, berlin_keeps):
    clinic = Clinic(mode="online")
    contact = {"email": "mia@example.com", "time_zone": "America/New_York"}
    visit = clinic.book(IN_SUMMER, clinic.ada, contact=contact)
    go_to(now())
    berlin_keeps(ALWAYS_WINTER)
    assert follow().escalated == 1
    assert escalations(visit) == {"TOLD_DIFFERS"}
    assert not queries.told_is_true(leg(visit), queries.told(visit))
    assert broken() == []
    actions.say(visit, "told_by_staff", now(), DESK)
    assert queries.told_is_true(leg(visit), queries.told(visit))


def test_one_that_is_over_or_closed_is_history(clinic, berlin_keeps):
    over = clinic.book(berlin(29, 9), clinic.ada)
    gone = clinic.book(IN_SUMMER, clinic.ada)
    actions.cancel(gone, now(), DESK, by=DESK.role)
    go_to(berlin(29, 12))
    berlin_keeps(ALWAYS_WINTER)
    assert follow().shifted == 0
    assert (leg(over).start, leg(gone).start) == (berlin(29, 9), IN_SUMMER)


def test_new_rules_are_followed_once_and_remembered(clinic, berlin_keeps):
    clinic.book(IN_SUMMER, clinic.ada)
    assert follow() is not None
    assert follow() is None
    berlin_keeps(ALWAYS_WINTER)
    assert len(list(zone_rules.out_of_step(now()))) == 1
    assert follow().shifted == 1
    assert follow() is None
    assert list(zone_rules.out_of_step(now())) == []
    assert zone_rules.editions()[0].edition == "2027a"


def test_a_machine_with_older_rules_changes_nothing(clinic, berlin_keeps):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    follow()
    berlin_keeps(ALWAYS_WINTER, "2019a")
    with pytest.raises(zone_rules.OlderRules, match=r"2019a.* older"):
        follow()
    assert leg(visit).start == IN_SUMMER


def test_rules_without_a_name_are_compared_at_every_start(clinic, berlin_keeps, tmp_path):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    follow()
    berlin_keeps(ALWAYS_WINTER)
    (tmp_path / "2027a" / "tzdata.zi").unlink()
    assert edition() == ""
    assert follow().shifted == 1
    assert follow().shifted == 0
    assert shown(leg(visit).start) == "09:00"


def test_legs_from_before_are_given_the_wall_time_they_have_today(clinic):
    visit = clinic.book(IN_SUMMER, clinic.ada)
    done = clinic.book(IN_SUMMER, clinic.ben, name="Leo Marsh")
    actions.cancel(done, now(), DESK, by=DESK.role)
    Leg.objects.update(wall="")
    migration("appointments", "0002_wall_time").read_wall_times(apps, None)
    assert leg(visit).wall == "2027-03-30T09:00"


def migration(room, name):
    return importlib.import_module(f"kept.{room}.migrations.{name}")


def test_closures_from_before_are_given_theirs(clinic):
    close(clinic, IN_SUMMER, IN_SUMMER + HOUR, clinic.ada)
    Closure.objects.update(zone="", wall_start="", wall_end="")
    migration("schedule", CLOSURES).read_wall_times(apps, None)
    closure = Closure.objects.get()
    assert (closure.zone, closure.wall_start) == ("Europe/Berlin", "2027-03-30T09:00")
    assert closure.wall_end == "2027-03-30T10:00"
