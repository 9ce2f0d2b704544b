"""What is offered is what is accepted: on real rows, whatever is booked, held or closed."""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kept.core.availability import Refusal
from kept.core.time import NotAnInstant, TimeError, WeeklyHours
from kept.schedule import actions, queries
from kept.schedule.queries import Claim, Resource
from tests.schedule.shop import NOW, berlin, free, new_business, new_service, new_staff, take

NEW_YORK = [WeeklyHours(day, time(9), time(12)) for day in range(7)]
SPANS = st.lists(
    st.tuples(
        st.integers(0, 60 * 24), st.integers(1, 200), st.sampled_from(["leg", "hold", "over"])
    ),
    max_size=8,
)


@given(
    spans=SPANS,
    minutes=st.sampled_from([10, 25, 45, 90]),
    step=st.sampled_from([5, 15, 40]),
    buffers=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    notice=st.integers(0, 300),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_minute_of_a_day_is_offered_exactly_when_it_is_accepted(
    db, spans, minutes, step, buffers, notice
):
    business = new_business()
    ada = new_staff(business)
    service = new_service(
        business,
        ada,
        minutes=minutes,
        step_minutes=step,
        buffer_before_minutes=buffers[0],
        buffer_after_minutes=buffers[1],
        notice_minutes=notice,
    )
    day = berlin(1, 0)
    for begin, length, kind in spans:
        _claim(ada, day + timedelta(minutes=begin), timedelta(minutes=length), kind)
    offered = set(free(service, ada, day=1))
    for minute in range(0, 24 * 60, 5):
        start = day + timedelta(minutes=minute)
        refused = queries.refusal(service, ada, start, NOW)
        assert (refused is None) == (start in offered), (start, refused)


def _claim(resource, begin, length, kind):
    expires = {"leg": None, "hold": NOW + timedelta(minutes=1), "over": NOW}[kind]
    with suppress(actions.Taken):
        actions.claim(
            resource,
            begin,
            begin + length,
            kind="leg" if kind == "leg" else "hold",
            holder=uuid4(),
            now=NOW,
            expires_at=expires,
        )


@pytest.mark.parametrize("month", [3, 10])
def test_nine_o_clock_in_new_york_stays_nine_across_both_changes(db, month):
    """Business in Berlin, staff in New York: their clocks change on different days."""
    business = new_business()
    zoe = new_staff(business, "Zoe", "America/New_York", NEW_YORK)
    service = new_service(business, zoe, minutes=60, step_minutes=60)
    begin = datetime(2027, month, 1, tzinfo=UTC)
    for day in range(40):
        slots = queries.free_slots(
            service, [zoe], begin + timedelta(days=day), begin + timedelta(days=day + 1), NOW
        )
        local = [slot.start.astimezone(queries.known_zone("America/New_York")) for slot in slots]
        if local and local[0] > NOW + timedelta(days=1):
            assert [at.hour for at in local] == [9, 10, 11]
            assert all(queries.refusal(service, zoe, slot.start, NOW) is None for slot in slots)


def test_hours_are_those_of_the_staff_not_of_the_business(db):
    business = new_business()
    zoe = new_staff(business, "Zoe", "America/New_York")
    service = new_service(business, zoe)
    assert free(service, zoe)[0] == berlin(2, 15)  # 09:00 in New York


def test_a_new_zone_moves_the_hours_and_no_booking(db):
    business = new_business()
    ada = new_staff(business)
    service = new_service(business, ada)
    take(service, ada, berlin(2, 15))
    before = Claim.objects.get().start
    actions.set_hours(ada, "America/New_York", queries.weekly_hours(ada))
    moved = queries.staff_member(business, ada.id)
    assert Claim.objects.get().start == before
    assert free(service, moved)[0] == berlin(2, 15, 45)


def test_two_services_of_one_person_do_not_overlap(db):
    business = new_business()
    ada = new_staff(business)
    long = new_service(business, ada, minutes=60)
    other = new_service(business, ada, minutes=60, name="Massage")
    take(long, ada, berlin(2, 10))
    for start in (berlin(2, 9, 15), berlin(2, 10), berlin(2, 10, 30)):
        assert queries.refusal(other, ada, start, NOW) is Refusal.TAKEN
        with pytest.raises(actions.Taken):
            take(other, ada, start)
    take(other, ada, berlin(2, 9))
    take(other, ada, berlin(2, 11))


def test_a_visit_inside_a_longer_one_and_around_a_shorter_one_are_refused(db):
    business = new_business()
    ada = new_staff(business)
    short, long = new_service(business, ada, minutes=15), new_service(business, ada, minutes=120)
    take(long, ada, berlin(2, 10))
    assert queries.refusal(short, ada, berlin(2, 11), NOW) is Refusal.TAKEN
    take(short, ada, berlin(2, 14))
    assert queries.refusal(long, ada, berlin(2, 13), NOW) is Refusal.TAKEN


def test_the_tail_of_a_long_visit_is_not_offered_once_it_has_begun(db):
    business = new_business()
    ada = new_staff(business)
    service = new_service(business, ada, minutes=105, step_minutes=15)
    take(service, ada, berlin(1, 9))
    later = berlin(1, 9, 15)
    assert free(service, ada, day=1, now=later)[0] == berlin(1, 10, 45)


def test_buffers_keep_both_sides_clear(db):
    business = new_business()
    ada = new_staff(business)
    buffered = new_service(
        business, ada, minutes=30, buffer_before_minutes=15, buffer_after_minutes=15
    )
    plain = new_service(business, ada, minutes=30)
    take(buffered, ada, berlin(2, 10))
    assert queries.refusal(plain, ada, berlin(2, 9, 30), NOW) is Refusal.TAKEN
    assert queries.refusal(plain, ada, berlin(2, 9, 15), NOW) is None
    assert queries.refusal(plain, ada, berlin(2, 10, 30), NOW) is Refusal.TAKEN
    assert queries.refusal(plain, ada, berlin(2, 10, 45), NOW) is None


def test_a_week_of_notice_that_ends_on_the_day_the_clocks_change_is_counted_in_hours(db):
    business = new_business()
    ada = new_staff(business, hours=[WeeklyHours(d, time(9), time(17)) for d in range(7)])
    service = new_service(business, ada, minutes=60, step_minutes=60, notice_minutes=7 * 24 * 60)
    now = berlin(21, 10)
    first = queries.free_slots(service, [ada], now, now + timedelta(days=9), now)[0].start
    assert first == now + timedelta(days=7)  # 11:00 summer time on the 28th
    assert queries.refusal(service, ada, first - timedelta(hours=1), now) is Refusal.TOO_SOON


def test_a_range_of_a_thousand_years_costs_no_more_than_the_horizon(db):
    business = new_business()
    ada = new_staff(business)
    service = new_service(business, ada, horizon_days=2)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    slots = queries.free_slots(service, [ada], first, last, NOW)
    assert slots[0].start == berlin(1, 9)
    assert slots[-1].start <= NOW + timedelta(days=2)
    assert queries.free_slots(service, [ada], last, first, NOW) == []


def test_a_time_without_a_zone_is_refused_and_not_guessed(db):
    business = new_business()
    ada = new_staff(business)
    service = new_service(business, ada)
    naive = datetime(2027, 3, 2, 9)  # noqa: DTZ001 - the mistake itself
    with pytest.raises(NotAnInstant):
        queries.free_slots(service, [ada], naive, berlin(3, 0), NOW)
    with pytest.raises(TimeError):
        queries.refusal(service, ada, naive, NOW)
    with pytest.raises(TimeError):
        queries.refusal(service, ada, berlin(2, 9) + timedelta(seconds=1), NOW)


def test_slots_come_by_time_and_then_by_the_order_of_the_staff(db):
    business = new_business()
    ada, ben = new_staff(business), new_staff(business, "Ben")
    service = new_service(business, ada, ben)
    begin = berlin(2, 9)
    slots = queries.free_slots(service, [ben, ada], begin, begin + timedelta(minutes=30), NOW)
    assert [(slot.start, slot.staff) for slot in slots] == [
        (begin, ben.id),
        (begin, ada.id),
        (begin + timedelta(minutes=15), ben.id),
        (begin + timedelta(minutes=15), ada.id),
    ]


def test_an_archived_service_and_a_retired_person_are_not_found(db):
    business = new_business()
    ada, ben = new_staff(business), new_staff(business, "Ben")
    service = new_service(business, ada, ben)
    actions.retire_staff(business, ben.id)
    assert queries.staff_of(service) == [ada]
    assert list(queries.staff(business)) == [ada]
    with pytest.raises(Resource.DoesNotExist):
        queries.staff_member(business, ben.id)
    with pytest.raises(actions.Taken):
        take(service, ben, berlin(2, 9))
    actions.archive_service(business, service.id, NOW)
    assert list(queries.services(business)) == []


def test_nothing_of_another_business_is_found(db):
    business, other = new_business(), new_business("Other")
    ada = new_staff(business)
    service = new_service(business, ada)
    with pytest.raises(Resource.DoesNotExist):
        queries.staff_member(other, ada.id)
    with pytest.raises(type(service).DoesNotExist):
        queries.service(other, service.id)
    with pytest.raises(Resource.DoesNotExist):
        actions.retire_staff(other, ada.id)
    with pytest.raises(Resource.DoesNotExist):
        actions.close(other, ada, berlin(2, 9), berlin(2, 10), "")
    actions.archive_service(other, service.id, NOW)
    assert list(queries.services(business)) == [service]
