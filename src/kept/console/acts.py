"""What can be done to an appointment from its page, as a table: one row an act.

Each act has a page of its own that asks what it needs to know; a button that knows it already
posts straight to that page. The path decides whether an act is possible; nothing here does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kept.accounts.queries import Business, Member
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.appointments.queries import Appointment, Leg
from kept.console import forms, words
from kept.console.access import Desk
from kept.core.case import Event, NotAllowed, Role
from kept.core.paths.appointment import AHEAD, CORRECTIONS
from kept.lib import i18n
from kept.people.actions import Contact, ContactError, checked_contact
from kept.people.queries import channels
from kept.web.forms import Form

Data = Mapping[str, Any]

REFUSALS = (NotAllowed, appointments.Stale, appointments.CannotBook, ContactError)
"""What an act may be refused with: each is shown on the act's page, with what was typed."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done. `event` is what it is called on the path.

    `least`: the role it takes. `where`: "visit" for the buttons of the day, "change" and
    "customer" for the two other groups of the appointment's page, "" for none.
    """

    name: str
    event: str
    title: str
    button: str
    do: Callable[[Desk, Appointment, Data], str]
    form: type[Form] = forms.WithReason
    least: str = Member.FRONT_DESK
    where: str = "customer"
    says: str = ""
    style: str = ""


def _say(name: str, done: str) -> Callable[[Desk, Appointment, Data], str]:
    def act(desk: Desk, appointment: Appointment, data: Data) -> str:
        appointments.say(
            appointment,
            name,
            desk.now,
            desk.actor,
            reason=str(data.get("reason", "")),
            expected=data.get("version"),
        )
        return done

    return act


TELL_BY_PHONE = "No e-mail reaches this customer: tell them by phone."


def by_mail(leg: Leg, sent: str) -> str:
    """What was sent, or that this customer must be told by a person: no channel reaches them."""
    return sent if channels(leg.appointment.customer) else TELL_BY_PHONE


def _resend(desk: Desk, appointment: Appointment, data: Data) -> str:
    asked = _say("confirmation_requested", "The confirmation will be sent again.")
    return by_mail(queries.current_leg(appointment), asked(desk, appointment, data))


def _new_link(desk: Desk, appointment: Appointment, data: Data) -> str:
    appointments.renew_link(
        appointment,
        desk.now,
        desk.actor,
        reason=data["reason"],
        expected=data["version"],
    )
    return "The old link leads nowhere now; the next messages carry the new one."


def _miss(desk: Desk, appointment: Appointment, data: Data) -> str:
    appointments.miss(
        appointment,
        desk.now,
        desk.actor,
        by=_role(data["by"]),
        reason=data["reason"],
        expected=data["version"],
    )
    return "Recorded as missed. It stays on the list of missed appointments."


def _cancel(desk: Desk, appointment: Appointment, data: Data) -> str:
    appointments.cancel(
        appointment,
        desk.now,
        desk.actor,
        by=_role(data["by"]),
        reason=data["reason"],
        expected=data["version"],
    )
    return "Cancelled. The time is free again and nothing more of the old plan is sent."


def _correct(desk: Desk, appointment: Appointment, data: Data) -> str:
    appointments.correct(
        appointment,
        data["to"],
        desk.now,
        desk.actor,
        reason=data["reason"],
        by=_role(data["by"]) if data.get("by") else None,
        expected=data["version"],
    )
    return f"Corrected to {words.told_of(data['to'], words.STATES).lower()}."


def _late(desk: Desk, appointment: Appointment, data: Data) -> str:
    appointments.say(
        appointment,
        "running_late",
        desk.now,
        desk.actor,
        data={"minutes": data["minutes"]},
        expected=data["version"],
    )
    return f"Noted: running {data['minutes']} minutes late."


def _prepare(desk: Desk, appointment: Appointment, data: Data) -> str:
    ready = data["ready"] == "yes"
    appointments.say(
        appointment,
        "item_prepared" if ready else "item_reopened",
        desk.now,
        desk.actor,
        reason=data["reason"],
        data={"item": data["item"]},
        expected=data["version"],
    )
    return "Noted: it is ready." if ready else "Noted: it is still to be prepared."


def _contact(desk: Desk, appointment: Appointment, data: Data) -> str:
    typed = contact_of(desk, data, appointment.customer.locale)
    leg = queries.current_leg(appointment)
    if data["version"] is not None and data["version"] != leg.case.version:
        raise appointments.Stale(leg.case.version)
    appointments.correct_contact(appointment, typed, desk.now, desk.actor)
    return "The contact is corrected, for every appointment of this customer."


def contact_of(desk: Desk, data: Data, known: str = "") -> Contact:
    """The typed contact, checked. `known`: the locale of the customer so far. Raises ContactError.

    A number without a country code is one of the business's country.
    """
    _, _, country = desk.business.locale.partition("_")
    return checked_contact(
        data["name"],
        data.get("email", ""),
        data.get("phone", ""),
        data.get("time_zone", ""),
        _locale(desk, data.get("locale", ""), known),
        country=country,
    )


def written_in(business: Business, known: str = "") -> str:
    """The language a customer is written to in; `known`: their locale, if they have one."""
    locale = i18n.known_locale(known or business.locale, business.locale)
    return i18n.language(i18n.text_locale(locale))


def _locale(desk: Desk, language: str, known: str) -> str:
    """The locale for a chosen language; "" where it needs none: the business writes in it anyway.

    The country stays: a customer in London who reads German pays in pounds all the same.
    """
    if not language or language == written_in(desk.business, known):
        return known
    if language == written_in(desk.business):
        return desk.business.locale
    _, _, country = desk.business.locale.partition("_")
    return i18n.known_locale(f"{language}_{country}", language)


def _role(by: str) -> Role:
    return Role.CUSTOMER if by == "customer" else Role.STAFF


ACTS = {
    act.name: act
    for act in (
        Act(
            "arrive",
            "arrived",
            "The customer has arrived",
            "Arrived",
            _say("arrived", "Recorded: arrived."),
            least=Member.STAFF,
            where="visit",
            style="primary",
        ),
        Act(
            "complete",
            "completed",
            "The service was given",
            "Completed",
            _say("completed", "Recorded: completed. What comes next has been handed on."),
            least=Member.STAFF,
            where="visit",
            says="What comes next is handed on at once. It can be corrected later.",
        ),
        Act(
            "miss",
            "missed",
            "It did not take place",
            "Did not take place",
            _miss,
            form=forms.Miss,
            least=Member.STAFF,
            where="visit",
        ),
        Act(
            "correct",
            "corrected",
            "Correct what was recorded",
            "Correct the state",
            _correct,
            form=forms.Correct,
            least=Member.STAFF,
            where="change",
            says="What was handed on for the old outcome is withdrawn. The history keeps both.",
        ),
        Act(
            "cancel",
            "cancelled",
            "Cancel the appointment",
            "Cancel it",
            _cancel,
            form=forms.Cancel,
            where="change",
            says="The time becomes free at once. It comes back only as a new booking.",
            style="danger",
        ),
        Act(
            "acknowledge",
            "acknowledged",
            "The customer says they will come",
            "Says they will come",
            _say("acknowledged", "Recorded: the customer will come."),
        ),
        Act(
            "tell",
            "told_by_staff",
            "The customer was told by a person",
            "Told by phone",
            _say("told_by_staff", "Recorded: the customer has been told."),
            form=forms.Told,
            says="Say this only when the customer now knows the time that stands here.",
        ),
        Act(
            "late",
            "running_late",
            "The customer is running late",
            "Running late",
            _late,
            form=forms.Late,
        ),
        Act(
            "prepare",
            "item_prepared",
            "What is ready for the visit",
            "Something is ready",
            _prepare,
            form=forms.Prepare,
            least=Member.STAFF,
            where="",
        ),
        Act(
            "resend",
            "confirmation_requested",
            "Send the confirmation again",
            "Send the confirmation again",
            _resend,
        ),
        Act(
            "contact",
            "contact_changed",
            "Correct the contact",
            "Correct the contact",
            _contact,
            form=forms.Contact,
            says="If the customer was never reached, the confirmation goes to the new address.",
        ),
        Act(
            "complain",
            "complained",
            "The customer says that something was not right",
            "Not content",
            _say(
                "complained",
                "Written down. It needs a person now; nobody there is asked for anything.",
            ),
            form=forms.Complaint,
            says="Suggestions and invitations wait until somebody has settled it, for everybody at "
            "this address; asks for a review for 14 days at most.",
        ),
        Act(
            "refund",
            "refunded",
            "The customer got their money back",
            "Money given back",
            _say("refunded", "Written down. A review is asked for later, as of everybody."),
        ),
        Act(
            "new-link",
            "link_renewed",
            "Replace the customer's link",
            "Replace their link",
            _new_link,
            says="For a link in wrong hands: the old one, also in messages already sent, leads "
            "nowhere from now on. Send the confirmation again to give the customer the new one.",
        ),
    )
}


def why_not(desk: Desk, leg: Leg, act: Act) -> str:
    """Why this cannot be done now, in a sentence; "" when the path would accept it.

    A correction depends on its target and says so itself; here it is possible when any is.
    """
    if act.event == "corrected":
        targets = CORRECTIONS.get(leg.case.state, ())
        refusals = [_refusal(desk, leg, act, {"to": to, "by": "customer"}) for to in targets]
        if not refusals:
            return "There is nothing to correct: no outcome has been recorded."
        return "" if "" in refusals else refusals[0]
    return _refusal(desk, leg, act, {"by": "customer", "channels": []})


def _refusal(desk: Desk, leg: Leg, act: Act, data: dict[str, object]) -> str:
    event = Event(act.event, desk.now, desk.actor, "asked by the page", data)
    return queries.why_not(leg, event, desk.now)


def possible(desk: Desk, leg: Leg) -> list[Act]:
    """What this person may do to this appointment now, in the order of the table."""
    return [
        act
        for act in ACTS.values()
        if permitted(desk, act) and not why_not(desk, leg, act) and _makes_sense(leg, act)
    ]


def _makes_sense(leg: Leg, act: Act) -> bool:
    """A yes to what is cancelled is heard by the path for a while, if it comes from the customer;
    nobody at the desk offers to record one."""
    return act.name != "acknowledge" or leg.case.state in AHEAD


def permitted(desk: Desk, act: Act) -> bool:
    return desk.is_front_desk or act.least == Member.STAFF


def may_move(desk: Desk, leg: Leg) -> bool:
    return desk.is_front_desk and not queries.why_not(
        leg, Event("moved", desk.now, desk.actor), desk.now
    )


def initial(act: Act, leg: Leg) -> dict[str, object]:
    """What the form of an act begins with."""
    person = leg.appointment.customer
    known: dict[str, object] = {"version": leg.case.version}
    if act.form is forms.Contact:
        known |= {
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "time_zone": person.time_zone,
            "locale": written_in(leg.appointment.business, person.locale),
        }
    return known


def form_for(act: Act, leg: Leg, data: Any = None, given: Mapping[str, str] | None = None) -> Form:
    """The form of an act, empty or with what was sent. `given`: from the address of the page."""
    options: dict[str, Any] = {}
    if act.form is forms.Correct:
        options["state"] = leg.case.state
    if act.form is forms.Prepare:
        options["items"] = [(item.id, item.what) for item, _, _ in queries.to_prepare(leg)]
    begin = {**initial(act, leg), **(given or {})}
    return act.form(data, initial=begin, **options)
