"""A clinic that is asked something, on a clock that stands still."""

from kept.core.case import Actor, Role
from kept.leads import actions, queries
from kept.leads.actions import Asked
from kept.people.actions import Contact, checked_contact
from tests.appointments.clinic import DESK, Clinic, Post, berlin, go_to, now

VISITOR = Actor(Role.CUSTOMER, "Mia Wong")
EMAIL = {"email": "mia@example.com"}
PHONE = {"phone": "+442079460123"}


def asks(clinic, source="form", name="Mia Wong", at=None, **more):
    """Somebody asks, by this door; answers what became of it."""
    contact = more.pop("contact", EMAIL)
    if not isinstance(contact, Contact):
        contact = checked_contact(name, **contact)
    asked = Asked(contact, source, **more)
    by = DESK if source in ("phone", "walk_in") else VISITOR
    return actions.receive(clinic.business, asked, at or now(), by)


def lead(clinic, source="form", **more):
    return asks(clinic, source, **more).lead


def again(lead):
    """The lead as it is now."""
    return queries.lead(lead.business_id, lead.case_id)


def state(lead):
    return again(lead).case.state


def facts(lead):
    return again(lead).case.facts


def open_kinds(lead):
    return {e.kind for e in queries.timeline(lead).escalations if e.resolved_at is None}


def due_at(lead):
    return next(e for e in queries.timeline(lead).escalations if e.resolved_at is None).due_at


def letters(post):
    return [each.headers["X-Kept"].split("control=")[1] for each in post.letters]


def say(lead, name, **more):
    return actions.say(lead.business_id, lead.case_id, name, now(), DESK, **more)


__all__ = [
    "DESK",
    "EMAIL",
    "PHONE",
    "VISITOR",
    "Clinic",
    "Post",
    "again",
    "asks",
    "berlin",
    "due_at",
    "facts",
    "go_to",
    "lead",
    "letters",
    "now",
    "open_kinds",
    "say",
    "state",
]
