"""What is known of an appointment, for every door: one reading, one shape."""

from __future__ import annotations

import calendar
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from kept.accounts import queries as accounts
from kept.appointments.certainty import certainties as certainties
from kept.appointments.certainty import certainty_at_booking as certainty_at_booking
from kept.appointments.models import Appointment as Appointment
from kept.appointments.models import Leg as Leg
from kept.cases import queries as cases
from kept.cases.queries import Control, Escalation, Event, HandOff
from kept.core import asked, preparation, time
from kept.core import case as core
from kept.core.case import Role
from kept.core.paths import PATHS
from kept.core.paths.appointment import AHEAD, REMINDERS
from kept.core.policy import Policy, changed, from_data
from kept.core.preparation import Item
from kept.core.preview import Becomes
from kept.lib.damaged import Damaged
from kept.lib.ids import as_reference
from kept.outbox import queries as outbox
from kept.outbox.queries import Message
from kept.people import queries as people
from kept.people.queries import Told
from kept.schedule.queries import Service

PATH = PATHS["appointment"]
NEEDED = frozenset({"name", "price", "currency", "mode", "place", "terms"})
"""What every page and letter needs of the service as it was booked."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that happened and will happen to an appointment, leg by leg."""

    events: list[Event]
    controls: list[Control]
    messages: list[Message]
    escalations: list[Escalation]
    hand_offs: list[HandOff]


def _with_everything(found: QuerySet[Leg]) -> QuerySet[Leg]:
    return found.select_related(
        "appointment__customer", "appointment__business", "case", "staff", "service"
    )


def appointment(business: UUID, appointment_id: UUID) -> Appointment:
    """Raises Appointment.DoesNotExist, also for one of another business."""
    found = Appointment.objects.select_related("business", "customer")
    return found.get(business_id=business, id=appointment_id)


def by_token(token: str) -> Appointment | None:
    """The appointment behind a customer's link, or None."""
    found = Appointment.objects.select_related("business", "customer")
    return found.filter(token=token).first()


def by_reference(reference: str, business: UUID | None = None) -> list[Appointment]:
    """Appointments with this reference; more than one only across businesses."""
    found = Appointment.objects.select_related("business", "customer")
    found = found.filter(reference=as_reference(reference))
    return list(found.filter(business_id=business) if business else found)


def legs_by_reference(business: UUID, references: Iterable[str]) -> list[Leg]:
    """The current legs of these appointments of a business, the latest first; unknown ones are
    left out."""
    found = Leg.objects.filter(business_id=business, current=True)
    found = found.filter(appointment__reference__in=list(references))
    return list(_with_everything(found).order_by("-start"))


def current_leg(appointment: Appointment) -> Leg:
    """The leg that holds now, with its case. Raises Damaged when it cannot be read."""
    return whole(_with_everything(Leg.objects.all()).get(appointment=appointment, current=True))


def whole(leg: Leg) -> Leg:
    """The leg itself. Raises Damaged when it cannot be read."""
    if why := why_unreadable(leg):
        business = leg.appointment.business
        name = leg.appointment.reference
        raise Damaged(name, why, business=business.name, phone=business.phone)
    return leg


IN_SIGHT = timedelta(days=7)


def damaged(business: UUID, now: datetime) -> list[Leg]:
    """The appointments of a week around now that cannot be read, by start: nobody is reminded of
    them or asked for their outcome. `kept check` looks at all of them."""
    near = listing(business, begin=now - IN_SIGHT, end=now + IN_SIGHT)
    return [leg for leg in near if why_unreadable(leg)]


def why_unreadable(leg: Leg) -> str:
    """What keeps an appointment from being shown; "" when nothing does. A damaged row must not
    take away the others that stand beside it; `kept check` names it."""
    return cases.why_unreadable(leg.case) or what_is_lost(leg)


def what_is_lost(leg: Leg) -> str:
    """What is no longer known of what was agreed at booking; "" when it is all there."""
    lacking = NEEDED - set(leg.snapshot)
    return f"has lost what was agreed: {', '.join(sorted(lacking))}" if lacking else ""


def customers_zone(leg: Leg) -> str:
    """The zone the customer gave with this appointment, else the one they live by; "": neither."""
    return str(leg.case.facts.get("recipient_zone") or "")


def current_leg_of(business: UUID, appointment_id: UUID) -> Leg:
    """The leg that holds now. Raises Leg.DoesNotExist, also for one of another business, and
    Damaged."""
    found = _with_everything(Leg.objects.filter(business_id=business))
    return whole(found.get(appointment_id=appointment_id, current=True))


def legs_of(appointments: Iterable[UUID]) -> dict[UUID, list[Leg]]:
    """Every leg of each of these appointments, the first booked time first."""
    grouped: dict[UUID, list[Leg]] = {}
    found = Leg.objects.filter(appointment__in=list(appointments))
    for leg in found.select_related("case", "staff").order_by("appointment_id", "number"):
        grouped.setdefault(leg.appointment_id, []).append(leg)
    return grouped


def legs(appointment: Appointment) -> list[Leg]:
    """Every leg, the first booked time first."""
    found = _with_everything(Leg.objects.filter(appointment=appointment))
    return list(found.order_by("number"))


def current_legs(subjects: Iterable[UUID]) -> dict[UUID, Leg]:
    """The leg that holds now of each of these appointments, by appointment."""
    found = Leg.objects.filter(appointment__in=list(subjects), current=True)
    return {leg.appointment_id: leg for leg in _with_everything(found)}


def of_people(people: Iterable[UUID]) -> dict[UUID, list[Leg]]:
    """The present booked times of these people, by person, the latest first."""
    found = Leg.objects.filter(appointment__customer__in=list(people), current=True)
    legs = found.select_related("appointment", "case").order_by("-start")
    grouped: dict[UUID, list[Leg]] = defaultdict(list)
    for leg in legs:
        grouped[leg.appointment.customer_id].append(leg)
    return grouped


def service_of(appointment_id: UUID) -> Service:
    """The service as it is today, whatever it was when the appointment was booked."""
    leg = Leg.objects.select_related("service").get(appointment=appointment_id, current=True)
    return leg.service


def has_visit_ahead(customer_id: UUID, now: datetime) -> bool:
    """Whether this customer has a visit still to come."""
    ahead = Leg.objects.filter(appointment__customer=customer_id, current=True, start__gt=now)
    return ahead.filter(case__state__in=AHEAD).exists()


def visits_ahead(customers: Iterable[UUID], now: datetime) -> dict[UUID, datetime]:
    """The visits of these people still to come, by appointment, with when each will be over."""
    found = Leg.objects.filter(appointment__customer__in=list(customers), current=True)
    ahead = found.filter(start__gt=now, case__state__in=AHEAD)
    return dict(ahead.values_list("appointment", "end"))


def is_customer(customer_id: UUID) -> bool:
    """Whether anything was ever booked for this person."""
    return Appointment.objects.filter(customer=customer_id).exists()


def completed(customer_id: UUID) -> list[datetime]:
    """When this customer's completed visits began, oldest first."""
    found = Leg.objects.filter(
        appointment__customer=customer_id, current=True, case__state="completed"
    )
    return list(found.order_by("start").values_list("start", flat=True))


def booked_by(
    business: UUID, persons: Iterable[UUID]
) -> dict[UUID, list[tuple[datetime, Decimal]]]:
    """When these customers booked what was not cancelled or missed, the first first, and its list
    price as booked (0 where it has none)."""
    legs = Leg.objects.filter(
        business_id=business, appointment__customer__in=list(persons), current=True
    )
    kept = legs.exclude(case__state__in=["cancelled", "missed"]).order_by("appointment__created_at")
    found: dict[UUID, list[tuple[datetime, Decimal]]] = {}
    for customer, at, snapshot in kept.values_list(
        "appointment__customer", "appointment__created_at", "snapshot"
    ):
        found.setdefault(customer, []).append((at, Decimal(snapshot.get("price") or 0)))
    return found


def missed_before(customer_id: UUID, appointment_id: UUID) -> bool:
    """Whether the customer also missed the visit before this one, of those that were resolved."""
    this = Leg.objects.get(appointment=appointment_id, current=True)
    earlier = Leg.objects.filter(
        appointment__customer=customer_id,
        current=True,
        start__lt=this.start,
        case__state__in=["completed", "missed"],
    )
    last = earlier.select_related("case").order_by("-start").first()
    return last is not None and last.case.state == "missed" and last.case.facts["by"] == "customer"


def told(appointment: Appointment) -> Told | None:
    """What the customer was last told."""
    return people.told(appointment.id)


def told_by_subject(subjects: Iterable[UUID]) -> dict[UUID, Told]:
    return people.told_many(subjects)


def told_is_true(leg: Leg, last: Told | None) -> bool:
    """What the customer was last told equals the truth. Told nothing at all is not the truth,
    except where there is nothing to tell any more: who is here knows, whatever they were told."""
    if leg.case.state in {"attended", "completed"}:
        return True
    if last is None:
        return leg.case.state == "cancelled"
    if leg.case.state == "cancelled":
        return last.cancelled or leg.case.facts.get("by") == "customer"
    return last.leg == leg.number and last.start == leg.start and not last.cancelled


def timeline(appointment: Appointment) -> Timeline:
    """The whole life of an appointment; what follows it has a timeline of its own."""
    ids = [case.id for case in cases.of_subject(appointment.id) if case.path == PATH.name]
    return Timeline(
        events=cases.events(ids),
        controls=cases.controls(ids),
        messages=[each for each in outbox.of_subject(appointment.id) if each.case in ids],
        escalations=cases.escalations_of(ids),
        hand_offs=cases.hand_offs_of(ids),
    )


def listing(
    business: UUID,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    state: str = "",
    reference: str = "",
    updated_since: datetime | None = None,
) -> QuerySet[Leg]:
    """The current legs of a business that touch [begin, end), by start, then id.

    `updated_since`: of appointments in whose history something was entered then or later.
    `reference`: of the one appointment that has it, however it is typed.
    """
    found = Leg.objects.filter(business_id=business, current=True)
    if begin is not None:
        found = found.filter(end__gt=begin)
    if end is not None:
        found = found.filter(start__lt=end)
    if state:
        found = found.filter(case__state=state)
    if reference:
        found = found.filter(appointment__reference=as_reference(reference))
    if updated_since is not None:
        changed = cases.changed_since(business, PATH.name, updated_since)
        found = found.filter(appointment__in=changed)
    return _with_everything(found).order_by("start", "case_id")


def day(business: UUID, on: date, zone: ZoneInfo) -> list[Leg]:
    """The day sheet: every appointment that touches this local day, midnight-crossers included."""
    begin, end = time.day_bounds(on, zone)
    return list(listing(business, begin=begin, end=end))


def without_outcome(business: UUID, now: datetime) -> QuerySet[Leg]:
    """Appointments that are over and of which nobody said what happened, oldest first."""
    open_states = [state.name for state in PATH.states if state.waits]
    over = Leg.objects.filter(
        business_id=business, current=True, end__lte=now, case__state__in=open_states
    )
    return _with_everything(over).order_by("start")


def search(business: UUID, text: str, limit: int = 50) -> list[Leg]:
    """Current legs by reference, or by a part of the customer's name, e-mail or phone."""
    people_found = [person.id for person in people.search(business, text, limit)]
    found = Leg.objects.filter(
        Q(appointment__reference=as_reference(text)) | Q(appointment__customer__in=people_found),
        business_id=business,
        current=True,
    )
    return list(_with_everything(found).order_by("-start")[:limit])


def may_change(leg: Leg, role: Role, now: datetime) -> tuple[bool, str]:
    """Whether somebody in this role may move or cancel now, and if not why: by the path itself."""
    refused = why_not(leg, core.Event("moved", now, core.Actor(role)), now)
    return not refused, refused


def why_not(leg: Leg, event: core.Event, now: datetime) -> str:
    """Why the path would refuse this event now, in a sentence; "" when it would not.

    For doors that offer only what would be accepted. The answer is not a promise: `apply` asks
    again, with the case locked.
    """
    return asked.why_not(PATH, cases.as_value(leg.case), event, now)


def allowed(leg: Leg, role: Role, now: datetime) -> tuple[str, ...]:
    """The events somebody in this role may ask for and be accepted now, by the path itself."""
    return asked.acceptable(PATH, cases.as_value(leg.case), core.Actor(role), now)


@dataclass(frozen=True, slots=True)
class PolicyEffect:
    """What a change of the policy would do: counts by the control's name, such as first_reminder.

    `at_once`: due in the moment of the change (a message goes out). `planned`: skipped so far, done
    after all. `moved`: planned for another time. `skipped`: planned so far, no longer done; `why`
    counts the reasons of those.
    """

    appointments: int = 0
    at_once: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)

    @property
    def nothing(self) -> bool:
        """Nothing that is planned would be done differently."""
        return not (self.at_once or self.planned or self.moved or self.skipped)


def policy_effect(
    business: UUID, changes: Mapping[str, object], now: datetime
) -> tuple[Policy, PolicyEffect]:
    """What these changes of the policy would do to what is planned; nothing is written.

    Answers the policy as it would be, and its effect. For a page that asks before it saves. What
    happens between this answer and the saving may make the counts differ. Raises PolicyError for
    what could not be saved.
    """
    present = from_data(accounts.policy_in_force(business).data)
    policy, effect, count = changed(present, changes), PolicyEffect(), 0
    for _, found in cases.policy_effect(business, policy, now):
        count += 1
        for change in found:
            getattr(effect, change.what.value)[change.control.name] += 1
            if change.what is Becomes.SKIPPED:
                effect.why[change.control.reason] += 1
    return policy, replace(effect, appointments=count)


LATE = timedelta(minutes=5)  # what a worker at work is never late by


@dataclass(frozen=True, slots=True)
class Lateness:
    """What was done late, or not any more, because no worker was there when it fell due.

    `late`: done, at least LATE after its time, the worst by `longest`. `expired`: its time of use
    was over. `superseded`: left out, since a more important message was due by then as well.
    `not_reminded`: the legs whose reminders expired and of which none went out at all, by start.
    `duties`: all of what the first three count, in the order in which it was acted upon.
    """

    late: int
    longest: timedelta
    expired: int
    superseded: int
    not_reminded: list[Leg]
    duties: list[Control]


def lateness(
    begin: datetime, end: datetime, business: UUID | None = None, *, least: timedelta = LATE
) -> Lateness:
    """The report on the time after `begin` and until `end`, for one business or all of them.

    `least`: what is done sooner after its time is not late.
    """
    behind = list(cases.behind(begin, end, least, business))
    expired = [each for each in behind if each.status == core.Status.EXPIRED.value]
    superseded = [each for each in behind if each.reason.startswith("superseded by")]
    put_aside = {each.id for each in (*expired, *superseded)}
    late = [each for each in behind if each.id not in put_aside]
    missed = {each.case_id for each in expired if each.name in REMINDERS}
    missed -= cases.reminded(missed, REMINDERS)
    legs = _with_everything(Leg.objects.filter(case_id__in=missed)).order_by("start", "case_id")
    longest = max((each.fired_at - each.due_at for each in late if each.fired_at), default=None)
    return Lateness(
        len(late), longest or timedelta(0), len(expired), len(superseded), list(legs), behind
    )


def count_late(begin: datetime, end: datetime, business: UUID, *, least: timedelta = LATE) -> int:
    """How many duties the report on that time names."""
    return cases.behind(begin, end, least, business).count()


SHORT_NOTICE = timedelta(hours=1)


def soon(business: UUID, now: datetime) -> list[Leg]:
    """What begins within the next hour and was booked in the last: nobody had time to prepare."""
    found = listing(business, begin=now, end=now + SHORT_NOTICE)
    return [leg for leg in found if is_soon(leg, now)]


def is_soon(leg: Leg, now: datetime) -> bool:
    """It was booked, or moved to this time, within the last hour and begins within the next."""
    expected = leg.case.state in {"scheduled", "confirmed", "prepared"}
    close = now < leg.start <= now + SHORT_NOTICE
    return expected and close and leg.booked_at > now - SHORT_NOTICE


def calendar_uid(appointment: Appointment) -> str:
    """The UID of its calendar entry: the same for life, in mails and in downloads.

    The plain id, as RFC 7986, 5.3 recommends: a host name in it would change with the host.
    """
    return str(appointment.id)


def service_as_booked(leg: Leg) -> Service:
    """The service with the terms of this leg: what a move carries on, whatever was edited since.

    A copy in memory that is never saved.
    """
    agreed = copy(leg.service)
    for name in AGREED:
        setattr(agreed, name, leg.snapshot[name])
    agreed.directions = leg.snapshot.get("directions", "")
    agreed.hand_offs = leg.snapshot.get("hand_offs", {})
    agreed.preparation = leg.snapshot.get("preparation", [])
    price = leg.snapshot["price"]
    agreed.price = Decimal(price) if price is not None else None
    agreed.change_until = leg.snapshot["terms"]["change_until"]
    agreed.late_cancel = leg.snapshot["terms"]["late_cancel"]
    return agreed


def to_prepare(leg: Leg) -> list[tuple[Item, datetime, bool]]:
    """What is to be ready before this visit: each with when it is due, and whether it is ready."""
    facts, zone = leg.case.facts, ZoneInfo(leg.case.zone)
    ready = preparation.done(facts)
    return [
        (item, time.before(leg.start, item.due, zone), item.id in ready)
        for item in preparation.items(facts)
    ]


AGREED = (
    "name",
    "public_name",
    "duration_minutes",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "mode",
    "place",
    "private",
)


def why_offered(leg: Leg) -> str:
    """By which rule this time could be booked, in a sentence, as it was at booking.

    "" for a leg from before this was kept.
    """
    rule = leg.snapshot.get("offered")
    if rule is None:
        return ""
    zone, whose = rule["time_zone"], f"{leg.staff.name}'s hours"
    if rule["hours"] is None:
        return f"Chosen freely by the business: it lies outside {whose} ({zone})."
    span = rule["hours"]
    day = calendar.day_name[span["weekday"]]
    within = f"{whose}, {day} {span['start']} to {span['end']} ({zone})"
    if rule["freely"]:
        return f"Chosen freely by the business, in {within}."
    notice = f"at least {rule['notice_minutes']} minutes and " if rule["notice_minutes"] else ""
    return (
        f"Offered by {within}: every {rule['step_minutes']} minutes, "
        f"{notice}up to {rule['horizon_days']} days ahead."
    )


def reason_of(leg: Leg, event: str) -> str:
    """The reason given with the last event of this name in a leg, or ""."""
    found = last_event(leg, event)
    return found.reason if found else ""


def last_event(leg: Leg, name: str) -> core.Event | None:
    """The last event of this name in a leg, if there was one."""
    found = [each for each in cases.history(leg.case_id) if each.name == name]
    return found[-1] if found else None


def late_grace(leg: Leg) -> timedelta:
    """How long after its start an appointment is not yet called late: by its own policy."""
    return cases.as_value(leg.case).policy.gap("late_grace").delta


def upcoming_of(service: UUID, now: datetime) -> list[Leg]:
    """The booked appointments of a service that are still to come, by time."""
    found = Leg.objects.filter(service=service, current=True, start__gt=now)
    found = found.filter(case__state__in=["scheduled", "confirmed", "prepared"])
    return list(_with_everything(found).order_by("start"))


def upcoming_with(staff: UUID, now: datetime) -> list[Leg]:
    """The booked appointments of a member of staff that are still to come, by time."""
    found = Leg.objects.filter(staff=staff, current=True, start__gt=now)
    found = found.filter(case__state__in=["scheduled", "confirmed", "prepared"])
    return list(_with_everything(found).order_by("start"))
