"""Telling on a terminal where one person stands, over all paths, and what happened with them."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console

from kept.accounts.queries import Business
from kept.appointments import queries as appointments
from kept.appointments.letters import locale_of
from kept.cases.queries import Control, Event, HandOff
from kept.cli import out
from kept.cli.businesses import the_business
from kept.cli.explaining import escape
from kept.cli.problems import Misused, Refused
from kept.journeys import person as journeys
from kept.journeys.person import Happening, Person, Standing
from kept.leads import queries as leads
from kept.outbox.queries import Message
from kept.people import queries as people
from kept.people.queries import Consent, Customer, channels

Data = dict[str, object]


def show(who: str, slug: str | None, *, as_json: bool) -> None:
    """Print one person: by the reference of an appointment or enquiry of theirs, or by their id.

    Raises Refused, Misused.
    """
    customer = _found(who, slug)
    found = journeys.person(customer.business_id, customer.id)
    if as_json:
        out.data(data(found))
    else:
        _Teller(found, out.console()).tell()


def _found(who: str, slug: str | None) -> Customer:
    business = the_business(slug).id if slug is not None else None
    try:
        known = people.customers([UUID(who)]).get(UUID(who))
    except ValueError:
        return _of_reference(who, business)
    if known is None or business not in {None, known.business_id}:
        raise Refused(f"There is no person {who!r}.")
    return known


def _of_reference(reference: str, business: UUID | None) -> Customer:
    found: list[appointments.Appointment] | list[leads.Lead]
    found = appointments.by_reference(reference, business)
    found = found or leads.by_reference_anywhere(reference, business)
    if not found:
        raise Refused(
            f"There is no appointment or enquiry {reference!r}: give a reference like KX7-M2PT9, "
            "or the id of a person."
        )
    if len(found) > 1:
        slugs = ", ".join(each.business.slug for each in found)
        raise Misused(f"Several businesses have a {reference!r}; choose with --business: {slugs}.")
    return found[0].customer


def data(known: Person) -> Data:
    """Everything about a person as plain data. Instants are in the zone of the business."""
    customer, business = known.customer, known.customer.business
    zone = ZoneInfo(business.time_zone)
    return {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "email_refused": customer.email_bad,
        "phone": customer.phone,
        "business": business.slug,
        "time_zone": zone.key,
        "their_time_zone": customer.time_zone,
        "channels": channels(customer),
        "language": locale_of(customer, business),
        "not_to_write": known.not_to_write,
        "wishes": [_wish(each, zone) for each in known.said],
        "cases": [_standing(each, zone) for each in known.standings],
        "unreadable": {str(case): why for case, why in known.damaged.items()},
        "timeline": [_happening(each, zone) for each in journeys.timeline(known)],
    }


def _wish(row: Consent, zone: ZoneInfo) -> Data:
    return {
        "wish": row.purpose,
        "given": row.given,
        "at": row.at.astimezone(zone),
        "source": row.source,
        "by": row.by,
        "wording": row.wording,
    }


def _standing(each: Standing, zone: ZoneInfo) -> Data:
    return {
        "path": each.case.path,
        "reference": each.reference or None,
        "state": each.case.state,
        "since": each.case.state_since.astimezone(zone),
        "goes_on": each.goes_on,
        "result": each.result or None,
        "planned": [_planned(control, zone) for control in each.planned],
        "escalations": [row.kind for row in each.open],
    }


def _planned(control: Control, zone: ZoneInfo) -> Data:
    return {"name": control.name, "run": control.run, "due_at": control.due_at.astimezone(zone)}


def _happening(each: Happening, zone: ZoneInfo) -> Data:
    name, by, why = _said(each)
    return {
        "at": each.at.astimezone(zone),
        "kind": each.kind,
        "path": each.case.path if each.case else None,
        "name": name,
        "by": by,
        "why": why,
    }


def _said(each: Happening) -> tuple[str, str, str]:
    """What, who, why: of each kind of row in its own words."""
    match each.row:
        case Event() as row:
            about = row.data.get("control") or row.data.get("kind") or row.data.get("to") or ""
            by = f"{row.actor_role}:{row.actor_name}" if row.actor_name else row.actor_role
            return f"{row.name} ({about})" if about else row.name, by, row.reason
        case Message() as row:
            return f"letter {row.control}: {row.status}", row.address, row.error
        case HandOff() as row:
            return f"handed on to {row.to}: {row.status}", row.answered_by, row.reason
        case Consent() as row:
            said = "agreed to" if row.given else "refused"
            return f"{said} {row.purpose}", row.by, row.wording
        case _ as unreachable:
            assert_never(unreachable)


class _Teller:
    """Prints one person."""

    def __init__(self, known: Person, console: Console) -> None:
        self.known, self.console = known, console
        self.business: Business = known.customer.business
        self.zone = ZoneInfo(self.business.time_zone)

    def say(self, text: str = "") -> None:
        self.console.print(text, soft_wrap=True)

    def when(self, instant: datetime) -> str:
        return out.when(instant, self.zone)

    def tell(self) -> None:
        customer = self.known.customer
        contact = ", ".join(filter(None, (customer.email, customer.phone))) or "no address is known"
        self.say(
            f"[bold]{escape(customer.name)}[/]  {escape(contact)}, {escape(self.business.name)}"
        )
        self.say(f"All times are of {self.zone.key}, with their offset from UTC.")
        for purpose, why in self.known.not_to_write.items():
            self.say(f"[bold red]Nothing for {purpose} is written:[/] {why}.")
        for wish in self.known.said:
            said = "agreed to" if wish.given else "refused"
            words = f": {wish.wording}" if wish.wording else ""
            self.say(f"{self.when(wish.at)}  {said} {wish.purpose} ({wish.source}){escape(words)}")
        for case in self.known.damaged.values():
            self.say(f"[bold red]A case {escape(case)}; `kept check` names it.[/]")
        for each in self.known.standings:
            self.standing(each)
        self.say("\n[underline]What happened, the newest first[/]")
        for happening in journeys.timeline(self.known):
            self.happening(happening)

    def standing(self, each: Standing) -> None:
        about = f"  {each.reference}" if each.reference else ""
        result = f", {each.result}" if each.result else ""
        name = each.case.path.replace("_", " ").capitalize()
        self.say(f"\n[bold]{name}[/]{about}  [bold]{each.case.state}[/]{escape(result)}")
        for row in each.open:
            self.say(f"  [bold red]{row.kind}[/]  due {self.when(row.due_at)}: {row.suggestion}")
        for control in each.planned:
            self.say(f"  {self.when(control.due_at)}  {control.name.replace('_', ' ')}")

    def happening(self, each: Happening) -> None:
        name, by, why = _said(each)
        path = f"{each.case.path.replace('_', ' ')}: " if each.case else ""
        said = " · ".join(filter(None, (by, why)))
        self.say(f"  {self.when(each.at)}  {path}{escape(name.replace('_', ' '))}  {escape(said)}")
