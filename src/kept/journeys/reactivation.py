"""How a case of the Reactivation path begins: when its person is due, and whether they are asked.

A person has one open case of this path. Two services may both come round again, but three letters
at most, a month apart, is a promise to the person and not to the service; and whatever they book
ends every asking. The newest visit says when they are due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.appointments import queries as appointments
from kept.cases.queries import Case, HandOff
from kept.core import holdout, rhythm
from kept.core.case import Facts
from kept.core.paths.reactivation import REACTIVATION
from kept.core.policy import Policy
from kept.core.rhythm import Due
from kept.core.time import after, local_day
from kept.outbox import queries as outbox
from kept.people import actions as people_actions
from kept.people import queries as people
from kept.people.queries import Customer

A_YEAR = timedelta(days=365)
LETTERS = ("invitation", "recall")
FELL_SILENT = "stale"  # the outcome of an enquiry
TAKEN_UP = frozenset({"offered", "accepted"})


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a case begins with beside what every following case does, and which ones it replaces."""

    anchors: Mapping[str, datetime] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    first: Facts = field(default_factory=dict)
    replaces: Sequence[UUID] = ()


def beginning(hand_off: HandOff, customer: Customer, known: Facts, now: datetime) -> Beginning:
    """What is known when a completed visit, or an enquiry that fell silent, is handed on.

    The caller has locked the customer.
    """
    policy = accounts.policy_version(accounts.policy_in_force(hand_off.business_id).pk)
    if hand_off.outcome == FELL_SILENT:
        return _after_silence(hand_off, customer, known, policy, now)
    return _after_visit(hand_off, customer, known, policy, now)


def _after_silence(
    hand_off: HandOff, customer: Customer, known: Facts, policy: Policy, now: datetime
) -> Beginning:
    """Of an enquiry. Whoever is waited for by a visit of theirs already is asked about that one."""
    zone = ZoneInfo(hand_off.case.zone)
    due = _due_after_silence(now, policy, zone)
    why_not = _why_not_now(known) or ("due already" if _open(customer) else "")
    facts = {
        **_asking(customer, due, why_not, policy, zone, now, recall=False),
        "asked_about": str(hand_off.payload.get("service") or ""),
    }
    return Beginning({"due": due.at}, facts, {"why_not": why_not} if why_not else {})


def _due_after_silence(now: datetime, policy: Policy, zone: ZoneInfo) -> Due:
    """So that the first letter keeps from those of the enquiry the distance that invitations keep
    from each other: they wrote to the same person, and in vain."""
    rested = now + policy.gap("invitation_gap").delta
    at = after(rested, policy.offset("invitation_first"), zone)
    return Due(at, (at - now).days, "enquiry")


def _after_visit(
    hand_off: HandOff, customer: Customer, known: Facts, policy: Policy, now: datetime
) -> Beginning:
    sender, visit = hand_off.case, datetime.fromisoformat(str(hand_off.payload["start"]))
    service, zone = appointments.service_of(sender.subject), ZoneInfo(sender.zone)
    others = [at for at in appointments.completed(customer.id) if at != visit]
    due = rhythm.due(visit, service.comes_again_days, others, policy.rhythm_visits, zone)
    why_not = _why_not(due, visit, others)
    if service.recall:  # it belongs to this visit, and is no matter of who reads the same mailbox
        known = {**known, "over_at": {}}
    facts = {
        **_asking(customer, due, why_not, policy, zone, now, recall=service.recall),
        "follow_up": _is_followed_up(hand_off),
        "over_at": known["over_at"],
    }
    replaces = [] if why_not == "newer visit" else _open(customer)
    first = {"why_not": why_not, "paused": bool(_why_not_now(known))}
    return Beginning({"due": due.at if due else visit}, facts, first, replaces)


def _asking(
    customer: Customer,
    due: Due | None,
    why_not: str,
    policy: Policy,
    zone: ZoneInfo,
    now: datetime,
    *,
    recall: bool,
) -> dict[str, object]:
    """Whether somebody is asked at all, and how often they were."""
    agreed = people.may_write(customer, "marketing", agreement=True) is None
    return {
        "why_not": why_not,
        "due_by": due.by if due else "",
        "due_days": due.days if due else None,
        "agreed": agreed,
        "agreed_at": _agreed_at(customer) if agreed else "",
        "recall": recall,
        "letters_before": outbox.written_of_kinds(
            people.at_address(customer), LETTERS, now - A_YEAR
        ),
        **_group(customer, due, policy, zone, takes_part=agreed and not (why_not or recall)),
    }


def _why_not(due: Due | None, visit: datetime, others: list[datetime]) -> str:
    """What stands against ever asking because of this visit; "" when nothing does."""
    if others and max(others) > visit:
        return "newer visit"
    return "" if due else "no due date"


def _why_not_now(known: Facts) -> str:
    """What stands against asking at present, at this address; "" when nothing does."""
    if known["booked"] or known["over_at"]:
        return "visit ahead"
    return "complaint" if known["complained"] else ""


def _group(
    customer: Customer, due: Due | None, policy: Policy, zone: ZoneInfo, *, takes_part: bool
) -> dict[str, object]:
    """Whether chance leaves this person alone, decided once and kept with the case.

    Only who would be invited takes part: a recall is owed, and who has not agreed gets none anyway.
    """
    if not takes_part or due is None:
        return {"held_out": False, "group": ""}
    season = holdout.season(due.at, zone)
    held = holdout.held_out(customer.business_id.bytes, str(customer.id), season, policy.hold_out)
    return {"held_out": held, "group": "held_out" if held else "invited", "season": season}


def _agreed_at(customer: Customer) -> str:
    said = {each.purpose: each for each in people.consents(customer.id)}
    return said["marketing"].at.isoformat()


def _is_followed_up(hand_off: HandOff) -> bool:
    """The same outcome is handed on to a follow-up, which may ask for the next visit first."""
    beside = hand_off.case.hand_offs.filter(version=hand_off.version, to="follow_up")
    return beside.filter(status__in=TAKEN_UP).exists()


def _open(customer: Customer) -> list[UUID]:
    found = Case.objects.filter(person=customer, path=REACTIVATION.name, waits=True)
    return list(found.order_by("id").values_list("id", flat=True))


# Agreeing


def invites(business: Business) -> bool:
    """Whether customers of this business may be invited at all, so that asking them makes sense.

    Whoever asks for something new must say where they are (CAN-SPAM, 16 CFR 316.3): without a
    postal address nobody is invited, and `kept check` says so.
    """
    return bool(business.address) and is_on(business)


def is_on(business: Business) -> bool:
    """Kept itself invites after a completed visit, as far as the policy says."""
    policy = accounts.policy_version(accounts.policy_in_force(business.id).pk)
    follows = REACTIVATION.name in policy.hand_offs.get("completed", ())
    return follows and REACTIVATION.name in policy.built_in


def to_set_up(business: Business) -> list[str]:
    """What is missing before anybody is invited, each as a sentence."""
    if business.address or not is_on(business):
        return []
    return [
        f"{business.name}: nobody is invited to come again or sent suggestions, because such a "
        "letter must carry the postal address of its sender. Enter it in the business's settings, "
        "or take reactivation out of what follows a completed visit."
    ]


def agree_by_page(customer: Customer, now: datetime, wording: str) -> bool:
    """Keep the agreement that came with a booking, in its transaction. False: it does not count.

    Whoever types a name and an address into the booking page may be anybody. That is enough for a
    first yes, which every letter lets its reader take back; it undoes no refusal.
    """
    if people.may_write(customer, "marketing") is not None:
        return False
    people_actions.record_consent(
        customer.id,
        "marketing",
        given=True,
        now=now,
        source="booking page",
        by=f"customer:{customer.name}",
        wording=wording,
    )
    return True


# In words


def notes(case: Case) -> list[str]:
    """When somebody is due again and by what, and why they are not invited, each as a sentence.

    Nothing of a case of another path, or of one that ended before it began.
    """
    facts = case.facts
    if case.path != REACTIVATION.name or facts.get("why_not"):
        return []
    day = local_day(datetime.fromisoformat(case.anchors["due"]), ZoneInfo(case.zone))
    if facts["due_by"] == "enquiry":
        said = f"They asked, and nothing came of it: invited around {day.isoformat()}."
        return [said, *([why] if (why := _why_silent(case)) else [])]
    by = "as the service says" if facts["due_by"] == "interval" else "by their own rhythm"
    visit = local_day(datetime.fromisoformat(case.anchors["visit"]), ZoneInfo(case.zone))
    first = visit + timedelta(days=facts["due_days"])
    due = f"Due again on {first.isoformat()}, {facts['due_days']} days after the visit, {by}."
    if day != first:  # a visit, a complaint: the asking waited, and is counted from a later day
        due = f"{due[:-1]}; after it had to wait, on {day.isoformat()}."
    return [due, *([why] if (why := _why_silent(case)) else [])]


def _why_silent(case: Case) -> str:
    """Why no invitation goes although somebody is due; "" when one does."""
    if case.facts.get("recall"):
        return ""
    if case.facts.get("refused"):
        return "Not invited: they refused suggestions."
    if not case.facts.get("agreed"):
        return "Not invited: they have not agreed to it."
    if case.facts.get("held_out"):
        return "Not invited: left alone by chance, to see what invitations bring."
    return ""
