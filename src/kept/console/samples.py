"""Every letter as it would read: about a visit that is booked, or an invented one of this business.

The words are ours and the same for every business; what a business says in them stands in its
set-up (name, phone, address), its services (name, directions, what to mind) and its policy. What
must be known and is not is said here before a customer misses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, cast

from django.conf import settings

from kept.accounts import queries as accounts
from kept.appointments import letters
from kept.appointments import queries as appointments
from kept.appointments.queries import Leg
from kept.console.access import Desk
from kept.core.policy import from_data
from kept.core.preparation import CUSTOMER
from kept.core.time import CalendarDays, after, before, parse_offset
from kept.journeys import reputation
from kept.lib import i18n
from kept.outbox.texts.compose import (
    AFTER_KINDS,
    ASKED_KINDS,
    KINDS,
    AfterFacts,
    AfterKind,
    AskedFacts,
    AskedKind,
    Facts,
    Kind,
    MissingField,
    Offer,
    Text,
    compose,
    compose_after,
    compose_asked,
)
from kept.schedule import queries as schedule
from kept.schedule.queries import Service

GROUPS = (
    ("About what is booked", KINDS),
    ("After it", AFTER_KINDS),
    ("To who asks", ASKED_KINDS),
)
TITLES = {
    "confirmation": ("Confirmation", "at once, when something is booked"),
    "moved_notice": ("Notice of the new time", "when it is moved"),
    "preparation_reminder": (
        "Reminder of what is to be prepared",
        "when the first open thing is due, to who has something to prepare",
    ),
    "first_reminder": ("First reminder", "before the visit, as the policy says"),
    "final_reminder": ("Final reminder", "shortly before the visit"),
    "cancelled_notice": ("Notice of the cancellation", "when it is cancelled"),
    "aftercare": ("What to mind after the visit", "for services that say it"),
    "how_did_it_go": ("Question how it went", "after the visit"),
    "next_step": ("Suggestion of the next visit", "where nothing is booked"),
    "missed_you": ("We missed you", "after a visit that was missed"),
    "rebook_offer": ("Offer of a new time", "after a visit that did not take place"),
    "review_ask": ("Ask for a review", "to everybody who was served"),
    "review_reminder": ("Last ask for a review", "a week later, once"),
    "invitation": ("Invitation to the next visit", "when it is due, to who agreed"),
    "recall": ("Notice that the next visit is due", "where it is due by medicine or contract"),
    "lead_received": ("Word that the enquiry has come", "at once, when somebody asks"),
    "lead_nudge": ("Free times, to who asked", "while nothing is booked"),
    "lead_invitation": ("Invitation after an enquiry", "a month later, to who agreed"),
}
"""Each letter, and when it goes."""

OF_ANY_VISIT: frozenset[str] = frozenset({"confirmation", "first_reminder", "final_reminder"})
"""What can be said of any visit; the others need that it was moved, cancelled, or is over."""

NAME, REFERENCE = "Alex Example", "KX7-M2PT9"
NOWHERE = f"{settings.BASE_URL}/a/example"
"""Where the links of an invented visit lead: to a page that says there is no such appointment."""

MARK = (
    "This is a test. It was sent to {} at their own wish and to nobody else; the customer and the "
    "appointment are invented, and its links lead nowhere."
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A letter as it would read. `text`: None where it cannot be written, for want of `missing`.

    `about`: the visit it is about; None for an invented one.
    """

    kind: str
    title: str
    goes: str
    text: Text | None
    missing: str
    about: Leg | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which service, in which language, and about which visit, as asked for in the address."""

    service: Service | None
    locale: str
    about: Leg | None

    @property
    def language(self) -> str:
        return i18n.language(self.locale)


def preview(desk: Desk, kind: str, wanted: Wanted) -> Preview:
    """This letter, not marked: what a customer would read."""
    about = wanted.about if kind in OF_ANY_VISIT else None
    missing = ""
    try:
        if about is not None:
            text = letters.as_it_would_read(cast(Kind, kind), about, desk.now)
        else:
            text = invented(desk, kind, wanted)
    except MissingField as error:
        text, missing = None, error.field
    return Preview(kind, *TITLES[kind], text, WHERE.get(missing, missing), about)


WHERE = {
    "business_address": "the address of the business is missing: the set-up has a place for it",
    "business_email": "the e-mail address of the business is missing",
    "aftercare": "this service does not say what to mind after it",
    "to_prepare": "this service does not say what customers are to prepare",
    "review_pages": "no review page is named in the set-up",
    "service_name": "the service has no name",
}
"""What to mend where a letter cannot be written, by the fact that it must state."""


def marked(desk: Desk, kind: str, wanted: Wanted) -> Text:
    """This letter as a test: always about an invented visit, because the links in a real one act
    for its customer. Raises MissingField."""
    return invented(desk, kind, wanted, mark=MARK.format(desk.user.email))


def invented(desk: Desk, kind: str, wanted: Wanted, *, mark: str = "") -> Text:
    if kind in KINDS:
        return compose(kind, _visit(desk, kind, wanted), mark=mark)
    if kind in AFTER_KINDS:
        return compose_after(kind, _after(desk, kind, wanted), mark=mark)
    return compose_asked(cast(AskedKind, kind), _asked(desk, wanted), mark=mark)


def _start(desk: Desk) -> datetime:
    return after(desk.now, CalendarDays(2, time(10, 0)), desk.zone)


def _who(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    """What every letter states."""
    business = desk.business
    return {
        "business_name": business.name,
        "business_phone": business.phone,
        "business_email": business.email,
        "business_address": business.address,
        "service_name": _named(desk, wanted),
        "customer_name": NAME,
        "locale": wanted.locale,
        "reference": REFERENCE,
    }


def _named(desk: Desk, wanted: Wanted) -> str:
    """As customers read it; of a private service nothing is said."""
    service = wanted.service
    if service is not None and not service.private:
        return service.public_name or service.name
    said = i18n.translations(wanted.locale).gettext("Your appointment with %(business)s")
    return said % {"business": desk.business.name}


def _visit(desk: Desk, kind: Kind, wanted: Wanted) -> Facts:
    service, start = wanted.service, _start(desk)
    staff = schedule.staff_of(service) if service else []
    length = timedelta(minutes=service.duration_minutes if service else 60)
    place = service.place if service else ""
    mode = service.mode if service else "here"
    policy = from_data(accounts.policy_in_force(desk.business.id).data)
    until = policy.change_until
    if service and service.change_until:
        until = parse_offset(service.change_until)
    return Facts(
        **_who(desk, wanted),
        business_zone=desk.business.time_zone,
        staff_name=staff[0].name if staff else desk.business.name,
        start=start,
        end=start + length,
        zone=desk.business.time_zone,
        place_url=place if place.startswith(letters.WEB) else "",
        place=place or letters.unsaid_place(mode, desk.business, wanted.locale),
        directions=service.directions if service else "",
        customer_url=NOWHERE,
        now=desk.now,
        price_text=_price(desk, wanted),
        remote=mode == "online",
        to_prepare=_to_prepare(service),
        ask_acknowledgement=kind in letters.ASKING and policy.ask_acknowledgement,
        acknowledge_url=NOWHERE,
        change_deadline=before(start, until, desk.zone),
        previous_start=start - timedelta(days=1) if kind == "moved_notice" else None,
        previous_end=start - timedelta(days=1) + length if kind == "moved_notice" else None,
        cancelled_by="business" if kind == "cancelled_notice" else None,
        booking_url=_booking(desk),
    )


def _to_prepare(service: Service | None) -> tuple[str, ...]:
    items = service.preparation if service else ()
    return tuple(item["what"] for item in items if item["by"] == CUSTOMER)


def _price(desk: Desk, wanted: Wanted) -> str:
    price = wanted.service.price if wanted.service else None
    if price is None:
        return ""
    return letters.price_words(price, desk.business.currency, wanted.locale)


def _after(desk: Desk, kind: AfterKind, wanted: Wanted) -> AfterFacts:
    names = tuple(link.name for link in reputation.links(desk.business.id))
    return AfterFacts(
        **_who(desk, wanted),
        visit=desk.now - timedelta(days=1),
        zone=desk.business.time_zone,
        booking_url=_booking(desk),
        feedback_url=NOWHERE,
        stop_url=NOWHERE,
        later_url=NOWHERE,
        review_url=NOWHERE,
        visit_url=NOWHERE,
        review_pages=names,
        aftercare=wanted.service.aftercare if wanted.service else "",
        offers=(Offer(_start(desk), NOWHERE),),
        may_stop=kind not in {"aftercare", "how_did_it_go"},
    )


def _asked(desk: Desk, wanted: Wanted) -> AskedFacts:
    return AskedFacts(
        **_who(desk, wanted),
        asked_at=desk.now - timedelta(minutes=1),
        zone=desk.business.time_zone,
        booking_url=_booking(desk),
        stop_url=NOWHERE,
        offers=(Offer(_start(desk), NOWHERE),),
    )


def _booking(desk: Desk) -> str:
    return f"{settings.BASE_URL}/book/{desk.business.slug}/"


def recent(desk: Desk) -> Sequence[Leg]:
    """Visits a letter can be read about: the next ones."""
    end = desk.now + timedelta(days=30)
    found = appointments.listing(desk.business.id, begin=desk.now, end=end)[:20]
    return [leg for leg in found if not appointments.why_unreadable(leg)]
