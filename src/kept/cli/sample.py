"""The sample business: invented people, addresses and numbers that belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal

from kept.accounts.queries import Business
from kept.clock import queries as clock
from kept.core.case import SYSTEM
from kept.core.time import WeeklyHours
from kept.journeys import reputation
from kept.schedule import actions as schedule
from kept.schedule.queries import Resource, Service

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)
MORNING, EVENING = (time(9), time(13)), (time(14), time(18))
DAY = (time(9), time(17))


def _week(days: tuple[int, ...], *spans: tuple[time, time]) -> list[WeeklyHours]:
    return [WeeklyHours(day, start, end) for day in days for start, end in spans]


EVERY_DAY = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)
STAFF = {
    "Ada Lindqvist": _week(EVERY_DAY, MORNING, EVENING),
    "Tom Okafor": _week((MONDAY, TUESDAY, THURSDAY, FRIDAY), DAY),
    "Priya Raman": _week((TUESDAY, WEDNESDAY, THURSDAY), DAY),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A service, and who gives it."""

    name: str
    minutes: int
    price: str
    staff: tuple[str, ...]
    buffer_after: int = 0
    aftercare: str = ""
    comes_again_days: int | None = None
    preparation: tuple[tuple[str, str, str], ...] = ()


SERVICES = (
    Offer(
        "First assessment",
        45,
        "85.00",
        ("Ada Lindqvist", "Tom Okafor"),
        buffer_after=15,
        aftercare="Take it easy today, and drink enough.\n"
        "Sore tomorrow is normal; pain is not: call us.",
        comes_again_days=14,
        preparation=(
            ("Find earlier findings and pictures, if there are any", "customer", "48h"),
            ("Read the referral", "business", "24h"),
        ),
    ),
    Offer(
        "Follow-up treatment",
        30,
        "55.00",
        ("Ada Lindqvist", "Tom Okafor", "Priya Raman"),
        comes_again_days=42,
    ),
    Offer(
        "Sports massage",
        60,
        "70.00",
        ("Tom Okafor", "Priya Raman"),
        buffer_after=10,
        aftercare="Keep warm, and leave the heavy training until tomorrow.",
        comes_again_days=60,
    ),
)


REVIEW_PAGES = (
    ("Example Reviews", "https://reviews.example.com/write?place=harbour"),
    ("Riverton Directory", "https://riverton.example.com/directory/harbour/review"),
)


@dataclass(frozen=True, slots=True)
class Furnished:
    """What the sample business has, by name."""

    staff: dict[str, Resource]
    services: dict[str, Service]


def furnish(business: Business) -> Furnished:
    """Give a business sample staff with hours, sample services and pages to be reviewed on. Nothing
    is booked."""
    staff = {
        name: schedule.create_staff(business.id, name, _address(name), business.time_zone, hours)
        for name, hours in STAFF.items()
    }
    for name, url in REVIEW_PAGES:
        reputation.add_link(business.id, name, url, clock.now(), SYSTEM)
    return Furnished(staff, {offer.name: _service(business, offer, staff) for offer in SERVICES})


def _service(business: Business, offer: Offer, staff: dict[str, Resource]) -> Service:
    details = schedule.ServiceDetails(
        name=offer.name,
        duration_minutes=offer.minutes,
        buffer_after_minutes=offer.buffer_after,
        price=Decimal(offer.price),
        aftercare=offer.aftercare,
        comes_again_days=offer.comes_again_days,
        preparation=[{"what": what, "by": by, "due": due} for what, by, due in offer.preparation],
        staff=[staff[name].id for name in offer.staff],
    )
    return schedule.create_service(business.id, details)


def _address(name: str) -> str:
    return f"{name.split()[0].lower()}@example.com"
