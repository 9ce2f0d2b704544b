"""Review pages, insiders, and reviews that were seen: what the Reputation path stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import QuerySet

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.appointments import queries as appointments
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.cases.queries import Case
from kept.core.case import Actor, Event
from kept.core.paths.reputation import REPUTATION, WAITING
from kept.core.time import CalendarDays, after, local_day, wall_time
from kept.journeys.models import Insider
from kept.journeys.models import Review as Review
from kept.journeys.models import ReviewLink as ReviewLink
from kept.lib.again import in_one_transaction
from kept.lib.ids import digest, new_id
from kept.lib.text import one_line
from kept.people import actions as people
from kept.people import queries as people_queries
from kept.people.queries import Customer
from kept.schedule import queries as schedule

BAD = 3  # of five: up to this, behind the review stands something to put right
WORKING_DAYS = 2  # within which somebody replies


class ReviewError(ValueError):
    """A link or a review cannot be kept like this. `field` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


# The pages where customers may review


def links(business: UUID) -> QuerySet[ReviewLink]:
    """The review pages of a business, in the order in which they were named."""
    return ReviewLink.objects.filter(business=business, removed_at=None).order_by("id")


def links_for(business: UUID, place: str) -> list[ReviewLink]:
    """The pages a visit at this place may be reviewed on: its own, else those of the business."""
    found = list(links(business).filter(place__in={"", place}))
    own = [link for link in found if place and link.place == place]
    return own or [link for link in found if not link.place]


def link(business: UUID, link_id: UUID) -> ReviewLink:
    """Raises ReviewLink.DoesNotExist, also for one removed or of another business."""
    return links(business).get(id=link_id)


def nothing(*done: object) -> None:
    """The default for `alongside`: what is to happen in the same transaction."""


@in_one_transaction
def add_link(
    business: UUID,
    name: str,
    url: str,
    now: datetime,
    actor: Actor,
    *,
    place: str = "",
    alongside: Callable[[ReviewLink], None] = nothing,
) -> ReviewLink:
    """Name a review page. Who waited for one is asked in time. The same page twice is one.

    Raises ReviewError.
    """
    name, url, place = one_line(name), checked_url(url), one_line(place)
    if not 0 < len(name) <= 60:
        raise ReviewError("name", "Name the page in at most 60 letters, like Google.")
    if len(place) > 300:
        raise ReviewError("place", "Write the place as the services say it.")
    _lock(business)
    known = links(business).filter(url=url, place=place).first()
    if known is not None:
        alongside(known)
        return known
    made = ReviewLink.objects.create(
        business_id=business, name=name, url=url, place=place, created_at=now
    )
    _links_changed(business, now, actor)
    alongside(made)
    return made


@in_one_transaction
def remove_link(
    business: UUID,
    link_id: UUID,
    now: datetime,
    actor: Actor,
    alongside: Callable[[], None] = nothing,
) -> None:
    """The page is named to nobody any more. Raises ReviewLink.DoesNotExist."""
    gone = link(business, link_id)
    gone.removed_at = now
    gone.save(update_fields=["removed_at"])
    _links_changed(business, now, actor)
    alongside()


def checked_url(url: str, field: str = "url") -> str:
    """The address in one form. Raises ReviewError for what customers should not be led to."""
    url = url.strip()
    try:
        URLValidator(schemes=["https"])(url)
        parts = urlsplit(url)
        named = parts.username is None and parts.password is None
    except (ValidationError, ValueError):
        named = False
    if not named or len(url) > 500:
        message = "Write the whole address of the page, beginning with https://"
        raise ReviewError(field, message)
    return url


def _links_changed(business: UUID, now: datetime, actor: Actor) -> None:
    """Every case that waits hears whether there is a page for its place."""
    for case in _waiting(business=business):
        known = bool(links_for(business, str(case.facts.get("place") or "")))
        if known != bool(case.facts.get("links")):
            event = Event("links_changed", now, actor, data={"links": known})
            cases.apply([cases.Incoming(case.id, event)], now)


def _waiting(**whose: object) -> list[Case]:
    found = Case.objects.filter(path=REPUTATION.name, waits=True, state__in=WAITING, **whose)
    return list(found.order_by("id"))


def to_set_up(business: Business) -> list[str]:
    """What is missing before anybody is asked for a review, each as a sentence."""
    policy = accounts.policy_version(accounts.policy_in_force(business.id).pk)
    follows = "reputation" in policy.hand_offs.get("completed", ())
    asked = follows and "reputation" in policy.built_in
    if not asked or links(business.id).exists():
        return []
    return [
        f"{business.name}: nobody is asked for a review, because no review page is named. "
        "Name one in the set-up, or take reputation out of what follows a completed visit."
    ]


# Insiders


def is_insider(customer: UUID) -> bool:
    """Somebody said so of a customer with the same address, or it is the address of one who works
    here: staff and their families read one mailbox, whatever name a visit is booked under."""
    person = people_queries.customer(customer)
    return _is_marked(person) or _works_here(person)


def _is_marked(person: Customer) -> bool:
    alike = people_queries.at_address(person)
    return Insider.objects.filter(customer__in=alike).exists()


def _works_here(person: Customer) -> bool:
    members = [member.user.email for member in accounts.members(person.business_id)]
    staff = [one.email for one in schedule.staff(person.business_id)]
    return person.email.lower() in {each.lower() for each in members + staff if each}


@in_one_transaction
def mark_insider(
    business: UUID,
    customer_id: UUID,
    insider: bool,
    now: datetime,
    actor: Actor,
    *,
    alongside: Callable[[], None] = nothing,
) -> None:
    """Say that somebody belongs to the business (staff, family), or that they do not.

    An insider is asked for no review (16 CFR 465.5), and neither is whoever has their address; who
    works here is one without being marked. Twice is once. Raises Customer.DoesNotExist, also for
    one of another business.
    """
    alike = people.lock_address(people_queries.customer_of(business, customer_id).id)
    if insider:
        _leave_out(alike, now, actor)
    else:
        Insider.objects.filter(customer__in=alike).delete()
    alongside()


def _leave_out(alike: list[Customer], now: datetime, actor: Actor) -> None:
    """The first of them is marked; the others have the same address."""
    by = {"at": now, "by": str(actor)[:220]}
    Insider.objects.get_or_create(customer=alike[0], defaults=by)
    for case in _waiting(person__in=alike):
        cases.apply([cases.Incoming(case.id, Event("marked_insider", now, actor))], now)


# Reviews that were seen


@dataclass(frozen=True, slots=True)
class Seen:
    """A review as somebody read it. `external_id`: what its page calls it, where that is known."""

    site: str
    rating: int
    words: str = ""
    author: str = ""
    url: str = ""
    written_on: date | None = None
    external_id: str = ""
    appointment: UUID | None = None


def reviews(business: UUID) -> QuerySet[Review]:
    """The reviews that were seen, the newest first."""
    found = Review.objects.filter(business=business).select_related("appointment")
    return found.order_by("-seen_at", "-id")


def review(business: UUID, review_id: UUID) -> Review:
    """Raises Review.DoesNotExist, also for one of another business."""
    return reviews(business).get(id=review_id)


def case_of(review: Review) -> Case:
    """The case in which a person replies to it."""
    return Case.objects.get(path=REPUTATION.name, subject=review.id)


def to_reply(reviews: Iterable[Review]) -> set[UUID]:
    """Of these reviews those about which somebody still has to do something."""
    ids = [review.id for review in reviews]
    found = Case.objects.filter(path=REPUTATION.name, subject__in=ids, waits=True)
    return set(found.values_list("subject", flat=True))


@in_one_transaction
def record_review(
    business: Business,
    seen: Seen,
    now: datetime,
    actor: Actor,
    alongside: Callable[[Review], None] = nothing,
) -> tuple[Review, bool]:
    """Keep a review, and ask somebody to reply to it; False when it was known already.

    Of a visit that is known the ask ends: it was answered. Raises ReviewError, and
    Appointment.DoesNotExist.
    """
    fields = _checked(business, seen, now)
    person = _who_wrote(business, seen)
    # Two who enter the same review at once take turns at the business's row of this review.
    row, made = Review.objects.get_or_create(
        business=business,
        key=_key(seen, fields),
        defaults={**fields, "seen_at": now, "appointment_id": seen.appointment},
    )
    if made:
        _ask_to_reply(business, row, person, now, actor)
        _end_the_asking(row, now, actor)
    alongside(row)
    return row, made


def _checked(business: Business, seen: Seen, now: datetime) -> dict[str, object]:
    zone = ZoneInfo(business.time_zone)
    site, author = one_line(seen.site), one_line(seen.author)
    if not 0 < len(site) <= 60:
        raise ReviewError("site", "Say where it stands, in at most 60 letters.")
    if not 1 <= seen.rating <= 5:
        raise ReviewError("rating", "Give the rating as a number from 1 to 5.")
    if len(seen.words) > 5000 or len(author) > 200:
        raise ReviewError("words", "Keep at most 5000 letters of a review.")
    written_on = seen.written_on or local_day(now, zone)
    if written_on > local_day(now, zone):
        raise ReviewError("written_on", "A review cannot be of a day to come.")
    if seen.appointment is not None:
        appointments.appointment(business.id, seen.appointment)
    return {
        "site": site,
        "rating": seen.rating,
        "words": seen.words.strip(),
        "author": author,
        "url": checked_url(seen.url) if seen.url.strip() else "",
        "written_on": written_on,
    }


def _key(seen: Seen, fields: dict[str, object]) -> str:
    """The same review, entered twice, is one: by its id, or else by everything it says."""
    if seen.external_id.strip():
        return f"{fields['site']}: {one_line(seen.external_id)}"[:200]
    said = [str(fields[name]) for name in ("site", "rating", "words", "author", "written_on")]
    return digest("\n".join(" ".join(each.casefold().split()) for each in said))


def _who_wrote(business: Business, seen: Seen) -> Customer | None:
    """The customer of the visit it is about, where that is known; locked, before any case."""
    if seen.appointment is None:
        return None
    visit = appointments.appointment(business.id, seen.appointment)
    return people.lock_address(visit.customer_id)[0]


def _ask_to_reply(
    business: Business, row: Review, person: Customer | None, now: datetime, actor: Actor
) -> None:
    """Behind a bad one of a visit that is known stands a complaint of its customer."""
    bad = row.rating <= BAD
    opening = cases.Opening(
        id=new_id(),
        business=business.id,
        path=REPUTATION.name,
        subject=row.id,
        number=1,
        person=person,
        zone=business.time_zone,
        anchors={"opened": now, "reply_by": reply_by(business, now)},
        facts={"review": str(row.id), "channels": []},
        policy=accounts.policy_in_force(business.id).pk,
    )
    said = f"{row.site}, {row.rating} of 5{f', by {row.author}' if row.author else ''}: {row.words}"
    data = {"site": row.site, "rating": row.rating, "bad": bad, "detail": said[:400]}
    cases.begin(opening, Event("review_seen", now, actor, data=data), now)


def _end_the_asking(row: Review, now: datetime, actor: Actor) -> None:
    if row.appointment_id is None:
        return
    event = Event("reviewed", now, actor, data={"review": str(row.id)})
    for case in _waiting(subject=row.appointment_id):
        cases.apply([cases.Incoming(case.id, event)], now)


def reply_by(business: Business, now: datetime) -> datetime:
    """The same time of day, to the minute, two working days on: days on which somebody of the
    business works."""
    zone = ZoneInfo(business.time_zone)
    weekdays = schedule.weekdays_worked(business.id) or frozenset(range(5))
    left, days = WORKING_DAYS, 0
    while left:
        days += 1
        left -= (local_day(now, zone) + timedelta(days=days)).weekday() in weekdays
    same_time = wall_time(now, zone).time().replace(second=0, microsecond=0)
    return after(now, CalendarDays(days, same_time), zone)


@in_one_transaction
def withdraw_review(
    business: UUID,
    review_id: UUID,
    now: datetime,
    actor: Actor,
    alongside: Callable[[Review], None] = nothing,
) -> None:
    """It was entered by mistake: nobody need reply. Raises Review.DoesNotExist, NotAllowed."""
    row = review(business, review_id)
    cases.apply([cases.Incoming(case_of(row).id, Event("review_withdrawn", now, actor))], now)
    alongside(row)


# What a case knows from its beginning


def facts(customer: Customer, place: str, now: datetime) -> dict[str, object]:
    """What decides, beside the outcome itself, whether a visit is asked about."""
    alike = people_queries.at_address(customer)
    return {
        "place": place,
        "links": _has_links(customer.business_id, place),
        "insider": is_insider(customer.id),
        "complained": case_queries.complaints_open(alike),
        "asked_recently": asked_recently(customer, now),
    }


def _has_links(business: UUID, place: str) -> bool:
    """Whoever names the first page and whoever begins without one take turns at the business: the
    one is asked about by the other, or sees it."""
    if links_for(business, place):
        return True
    _lock(business)
    return bool(links_for(business, place))


def _lock(business: UUID) -> None:
    Business.objects.select_for_update(no_key=True).get(id=business)


def asked_recently(customer: Customer, now: datetime) -> bool:
    """Whether their mailbox would be asked again before the policy's time is over since the last
    ask, whoever of those who read it was asked."""
    policy = accounts.policy_version(accounts.policy_in_force(customer.business_id).pk)
    zone = ZoneInfo(customer.business.time_zone)
    alike = people_queries.at_address(customer)
    found = Case.objects.filter(person__in=alike, path=REPUTATION.name)
    asked = [case.anchors["asked"] for case in found if "asked" in case.anchors]
    if not asked:
        return False
    free_again = after(datetime.fromisoformat(max(asked)), policy.review_cooldown, zone)
    return free_again > after(now, policy.review_ask, zone)
