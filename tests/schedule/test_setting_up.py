"""Services, staff and hours that cannot be are refused with the field that is wrong."""

import threading
from datetime import time
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection

from kept.core.time import UnknownZone, WeeklyHours
from kept.schedule import actions, queries
from kept.schedule.actions import ScheduleError
from kept.schedule.queries import Service
from tests.schedule.shop import new_business, new_service, new_staff


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "n" * 201),
        ("public_name", "n" * 201),
        ("place", "p" * 301),
        ("duration_minutes", 0),
        ("duration_minutes", 1441),
        ("step_minutes", 0),
        ("buffer_before_minutes", -1),
        ("buffer_after_minutes", 1441),
        ("notice_minutes", -1),
        ("notice_minutes", 365 * 24 * 60 + 1),
        ("horizon_days", 0),
        ("horizon_days", 3651),
        ("price", Decimal("-0.01")),
        ("price", Decimal("NaN")),
        ("price", Decimal("Infinity")),
        ("price", Decimal(10) ** 8),
        ("mode", "nowhere"),
        ("change_until", "tomorrow"),
        ("late_cancel", "soon"),
        ("late_cancel", "1d 18:00"),
        ("hand_offs", []),
        ("hand_offs", {"completed": ["nowhere"]}),
        ("hand_offs", {"eaten": []}),
    ],
)
def test_a_service_that_cannot_be_is_refused_by_field(db, field, value):
    business = new_business()
    with pytest.raises(ScheduleError) as refused:
        new_service(business, new_staff(business), **{field: value})
    assert refused.value.field == field
    assert not Service.objects.exists()


def test_the_same_service_with_sound_values_is_taken(db):
    business = new_business()
    ada = new_staff(business)
    service = new_service(
        business,
        ada,
        minutes=1440,
        price=Decimal("99999999.99"),
        mode="online",
        change_until="1d 18:00",
        late_cancel="36h",
        horizon_days=3650,
        hand_offs={"completed": ["reputation", "reputation"], "missed_by_customer": []},
    )
    assert service.hand_offs == {"completed": ["reputation"], "missed_by_customer": []}
    assert queries.staff_of(service) == [ada]


def test_a_service_is_given_by_people_of_its_own_business(db):
    business, other = new_business(), new_business("Other")
    for stranger in (new_staff(other).id, uuid4()):
        with pytest.raises(ScheduleError) as refused:
            actions.create_service(
                business, actions.ServiceDetails("Foot care", 45, staff=[stranger])
            )
        assert refused.value.field == "staff"


@pytest.mark.parametrize(
    "hours",
    [
        [WeeklyHours(0, time(9), time(13)), WeeklyHours(0, time(12), time(17))],
        [WeeklyHours(0, time(20), time(2)), WeeklyHours(1, time(1), time(5))],
        [WeeklyHours(6, time(20), time(2)), WeeklyHours(0, time(1), time(5))],
        [WeeklyHours(3, time(0), time(0)), WeeklyHours(3, time(9), time(10))],
    ],
    ids=["one day", "over midnight", "Sunday into Monday", "round the clock"],
)
def test_hours_that_overlap_are_refused_when_made_and_when_changed(db, hours):
    business = new_business()
    with pytest.raises(ScheduleError, match="overlap"):
        new_staff(business, hours=hours)
    ada = new_staff(business)
    with pytest.raises(ScheduleError, match="overlap"):
        actions.set_hours(ada, "Europe/Berlin", hours)
    assert len(queries.hours_rows(queries.staff_member(business, ada.id))) == 5


def test_hours_that_only_touch_are_taken(db):
    hours = [
        WeeklyHours(6, time(20), time(0)),
        WeeklyHours(0, time(0), time(5)),
        WeeklyHours(0, time(5), time(9)),
    ]
    ada = new_staff(new_business(), hours=hours)
    assert sorted(queries.weekly_hours(ada), key=str) == sorted(hours, key=str)


@pytest.mark.parametrize("name", ["", "  ", "n" * 201])
def test_staff_have_names(db, name):
    with pytest.raises(ScheduleError) as refused:
        new_staff(new_business(), name)
    assert refused.value.field == "name"


def test_staff_live_in_zones_that_exist(db):
    business = new_business()
    with pytest.raises(UnknownZone):
        new_staff(business, zone="Europe/Atlantis")
    ada = new_staff(business)
    with pytest.raises(UnknownZone):
        actions.set_hours(ada, "Europe/Atlantis", [])
    assert queries.staff_member(business, ada.id).time_zone == "Europe/Berlin"
    assert len(queries.weekly_hours(ada)) == 5


def test_the_first_people_of_an_installation_made_at_once_get_numbers_of_their_own(house_db):
    business = new_business()
    gate, made = threading.Barrier(4), []

    def make(name):
        gate.wait()
        try:
            made.append(new_staff(business, name).number)
        except Exception as error:
            made.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=(f"Staff {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made, key=str) == [1, 2, 3, 4]


def test_a_number_taken_between_looking_and_writing_is_not_an_error(db, monkeypatch):
    """The moment that a race needs, made on purpose: somebody else gets the number first."""
    business = new_business()
    new_staff(business)
    look = actions._next_number

    def too_early():
        monkeypatch.setattr(actions, "_next_number", look)
        return 1

    monkeypatch.setattr(actions, "_next_number", too_early)
    assert new_staff(business, "Ben").number == 2
