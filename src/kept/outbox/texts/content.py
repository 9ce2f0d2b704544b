"""What each kind of message says, as data: the plain text and the HTML are two faces of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, assert_never

from kept.lib import i18n
from kept.outbox.texts.facts import Addressed, Facts, Kind, MissingField

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

GREETED_LENGTH = 60
Said = TypeVar("Said", bound=Addressed)
_LINK_LIKE = re.compile(r"://|www\.|@|\.[a-z]{2,}/", re.IGNORECASE)
_OVERRIDES = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One fact with its label ("": it says itself what it is)."""

    label: str
    value: str
    url: str = ""
    weight: Literal["plain", "main", "past"] = "plain"
    """What to look at first, and what no longer holds."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A free time, and the link that begins its booking."""

    start: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence under the button, with at most one link after it."""

    words: str
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """A message before it has a form."""

    locale: str
    subject: str
    preheader: str
    business: str
    heading: str
    greeting: str
    lead: tuple[str, ...]
    rows: tuple[Row, ...]
    button: Link
    notes: tuple[Note, ...]
    footer: tuple[str, ...]


def content(kind: Kind, facts: Facts) -> Content:
    """The content of this kind. Raises `MissingField` when a fact it must state is empty."""
    facts = clean(facts)
    _require(kind, facts)
    writer = _Writer(facts)
    match kind:
        case "confirmation":
            return writer.confirmation()
        case "moved_notice":
            return writer.moved_notice()
        case "preparation_reminder":
            return writer.preparation_reminder()
        case "first_reminder":
            return writer.first_reminder()
        case "final_reminder":
            return writer.final_reminder()
        case "cancelled_notice":
            return writer.cancelled_notice()
        case _:
            assert_never(kind)


class Frame(Generic[Said]):
    """What every letter has: who greets whom, what it is called, how to reach a person."""

    def __init__(self, facts: Said) -> None:
        self.facts = facts
        self.locale = i18n.text_locale(i18n.known_locale(facts.locale, default="en_GB"))
        self._: Callable[[str], str] = i18n.translations(self.locale).gettext

    def _stem(self) -> str:
        """What every letter of an appointment begins its subject with, whatever became of it.

        Mail programs sort and gather by it, and the reference finds it when somebody calls.
        """
        return f"{self.facts.service_name} ({self.facts.reference})"

    def _greeting(self) -> str:
        name = self.facts.customer_name
        # Anybody may book in anybody's name and address: a name that is an advertisement or a
        # link is not carried to a stranger's inbox.
        if not name or len(name) > GREETED_LENGTH or _LINK_LIKE.search(name):
            return self._("Hello,")
        return self._("Hello %(name)s,") % {"name": name}

    def _footer(self) -> tuple[str, ...]:
        facts = self.facts
        business = ", ".join(filter(None, (facts.business_name, facts.business_address)))
        return (business, self._("Reference: %(reference)s") % {"reference": facts.reference})

    def _how_to_reach_us(self) -> Note:
        return self._note_to_call(self._("Questions?"))

    def _free(self, offers: tuple[Offer, ...], zone: str, theirs: str) -> tuple[Row, ...]:
        """Free times to choose from, by the clock of the place and beside it by their own."""
        return tuple(
            Row("", self._day_and_time(offer.start, zone, theirs or zone), offer.url)
            for offer in offers
        )

    def _day_and_time(self, start: datetime, zone: str, theirs: str) -> str:
        day = i18n.format_date(start, zone, self.locale)
        return f"{day}, {i18n.format_start(start, zone, theirs, self.locale)}"

    def _note_to_call(self, words: str) -> Note:
        facts = self.facts
        if not facts.business_phone:
            write = self._("Write to %(address)s") % {"address": facts.business_email}
            return Note(words, Link(write, f"mailto:{facts.business_email}"))
        call = self._("Call %(phone)s") % {"phone": i18n.format_phone(facts.business_phone)}
        return Note(words, Link(call, f"tel:{re.sub(r'[^0-9+]', '', facts.business_phone)}"))


class _Writer(Frame[Facts]):
    """The words of one message about an appointment. Every method says one thing."""

    # The five kinds

    def confirmation(self) -> Content:
        _, ask = self._, self.facts.ask_acknowledgement
        return self._content(
            subject=_("%(stem)s: please confirm %(when)s")
            if ask
            else _("%(stem)s: confirmed for %(when)s"),
            heading=_("Please confirm your appointment")
            if ask
            else _("Your appointment is confirmed"),
            lead=(*self._soon(), *self._please_confirm()),
            rows=self._all_rows(),
            button=self._main_button(),
            notes=self._how_to_change_or_ask(),
        )

    def moved_notice(self) -> Content:
        _, facts = self._, self.facts
        same_time = (facts.previous_start, facts.previous_end) == (facts.start, facts.end)
        lead = (
            _("The time stays the same. These details hold now:")
            if same_time
            else _("Only the new time holds now; the old one no longer does.")
        )
        return self._content(
            subject=_("%(stem)s: changed, %(when)s")
            if same_time
            else _("%(stem)s: moved to %(when)s"),
            heading=_("Your appointment has changed")
            if same_time
            else _("Your appointment has a new time"),
            lead=(lead, *self._soon(), *self._reason(), *self._please_confirm()),
            rows=self._all_rows() if same_time else self._moved_rows(),
            button=self._main_button(),
            notes=self._how_to_change_or_ask(),
        )

    def preparation_reminder(self) -> Content:
        _ = self._
        return self._content(
            subject=_("%(stem)s: still to prepare for %(when)s"),
            heading=_("There is something to prepare"),
            lead=(self._on_the_day(), _("Please have ready what is below.")),
            rows=(*self._to_prepare_rows(), self._when_row(), self._where_row()),
            button=Link(_("Say what is ready"), self.facts.customer_url),
            notes=self._how_to_change_or_ask(),
        )

    def first_reminder(self) -> Content:
        _, ask = self._, self.facts.ask_acknowledgement
        return self._content(
            subject=_("%(stem)s: please confirm %(when)s")
            if ask
            else _("%(stem)s: reminder, %(when)s"),
            heading=_("A reminder of your appointment"),
            lead=(self._on_the_day(), *self._please_confirm()),
            rows=self._all_rows(),
            button=self._main_button(),
            notes=self._how_to_change_or_ask(),
        )

    def final_reminder(self) -> Content:
        _, remote = self._, self.facts.remote
        trouble = _("Late, or unable to join?") if remote else _("Late, lost, or unable to come?")
        return self._content(
            subject=_("%(stem)s: soon, %(when)s"),
            heading=_("See you soon"),
            lead=(self._on_the_day(),),
            rows=(self._when_row(), self._where_row(), *self._directions_row(), self._who_row()),
            button=self._arrive_button(),
            notes=(self._note_to_call(trouble),),
        )

    def cancelled_notice(self) -> Content:
        _, facts = self._, self.facts
        by_us = facts.cancelled_by == "business"
        who = (
            _("%(business)s had to cancel this appointment. We are sorry.")
            if by_us
            else _("You cancelled this appointment.")
        )
        return self._content(
            subject=_("%(stem)s: cancelled, %(when)s"),
            heading=_("Your appointment is cancelled"),
            lead=(
                who % {"business": facts.business_name},
                *self._reason(),
                _("You need not come, and you will get no more reminders of it."),
            ),
            rows=(self._what_row(), replace(self._when_row(), weight="past")),
            button=Link(_("Book a new time"), facts.booking_url or facts.customer_url),
            notes=(self._how_to_reach_us(),),
        )

    # The frame they share

    def _content(
        self,
        *,
        subject: str,
        heading: str,
        lead: tuple[str, ...],
        rows: tuple[Row, ...],
        button: Link,
        notes: tuple[Note, ...],
    ) -> Content:
        facts = self.facts
        subject %= {"stem": self._stem(), "when": self._start_short()}
        return Content(
            locale=self.locale,
            subject=subject,
            preheader=" · ".join(
                (self._when(), facts.place if facts.place else facts.business_name)
            ),
            business=facts.business_name,
            heading=heading,
            greeting=self._greeting(),
            lead=lead,
            rows=rows,
            button=button,
            notes=notes,
            footer=self._footer(),
        )

    # Time

    def _zone(self) -> str:
        """Whose clocks come first: the place's, or when nobody travels, the customer's."""
        facts = self.facts
        if not facts.remote:
            return facts.zone
        return facts.customer_zone or facts.business_zone

    def _other_zone(self) -> str:
        """Whose clocks are written beside, where they differ: the same rule as on the pages."""
        facts = self.facts
        if facts.remote:
            return facts.business_zone
        return facts.customer_zone or facts.zone

    def _when(self) -> str:
        return self._span(self.facts.start, self.facts.end)

    def _span(self, start: datetime, end: datetime) -> str:
        return i18n.format_both(start, end, self._zone(), self._other_zone(), self.locale)

    def _start_short(self) -> str:
        return self._moment(self.facts.start)

    def _moment(self, instant: datetime) -> str:
        zone, locale = self._zone(), self.locale
        day = i18n.format_date_short(instant, zone, locale)
        time = i18n.format_time(instant, zone, locale)
        return f"{day} {time} ({i18n.zone_name(zone, locale)})"

    def _soon(self) -> tuple[str, ...]:
        """Said when it is less than a day away: "in 20 minutes", "today", "tomorrow"."""
        _, away = self._, self.facts.start - self.facts.now
        if not timedelta() < away <= timedelta(hours=24):
            return ()
        if away < timedelta(hours=1):
            left = i18n.format_duration(away, self.locale)
            return (_("It starts in %(time)s.") % {"time": left},)
        return (self._on_the_day(),)

    def _on_the_day(self) -> str:
        facts = self.facts
        day = i18n.relative_day(facts.now, facts.start, self._zone(), self.locale)
        time = i18n.format_time(facts.start, self._zone(), self.locale)
        zone = i18n.zone_name(self._zone(), self.locale)
        if day == i18n.format_date(facts.start, self._zone(), self.locale):
            words = self._("Your appointment is on %(day)s at %(time)s (%(zone)s).")
        else:
            words = self._("Your appointment is %(day)s at %(time)s (%(zone)s).")
        return words % {"day": day, "time": time, "zone": zone}

    # Facts with labels

    def _all_rows(self) -> tuple[Row, ...]:
        facts = self.facts
        duration = i18n.format_duration(facts.end - facts.start, self.locale)
        price = (Row(self._("Price"), facts.price_text),) if facts.price_text else ()
        return (
            self._what_row(),
            self._when_row(),
            Row(self._("Duration"), duration),
            self._where_row(),
            *self._directions_row(),
            self._who_row(),
            *price,
            *self._to_prepare_rows(),
        )

    def _to_prepare_rows(self) -> tuple[Row, ...]:
        """The first says what they are, so that it is not said over and over."""
        first, more = self._("Please prepare"), self._("and")
        return tuple(
            Row(more if number else first, what)
            for number, what in enumerate(self.facts.to_prepare)
        )

    def _moved_rows(self) -> tuple[Row, ...]:
        old_start, old_end = self.facts.previous_start, self.facts.previous_end
        assert old_start
        assert old_end  # _require saw to both
        what, when, *rest = self._all_rows()
        old = self._span(old_start, old_end)
        return (
            what,
            replace(when, label=self._("New time")),
            Row(self._("Old time"), old, weight="past"),
            *rest,
        )

    def _what_row(self) -> Row:
        return Row(self._("What"), self.facts.service_name)

    def _when_row(self) -> Row:
        return Row(self._("When"), self._when(), weight="main")

    def _where_row(self) -> Row:
        label = self._("How") if self.facts.remote else self._("Where")
        return Row(label, self.facts.place, _web(self.facts.place_url))

    def _directions_row(self) -> tuple[Row, ...]:
        directions = self.facts.directions
        return (Row(self._("Getting there"), directions),) if directions else ()

    def _who_row(self) -> Row:
        return Row(self._("With"), self.facts.staff_name)

    # What to do

    def _main_button(self) -> Link:
        facts = self.facts
        if facts.ask_acknowledgement:
            return Link(self._("View and confirm"), facts.acknowledge_url)
        if self._may_change():
            return Link(self._("View or change your appointment"), facts.customer_url)
        return Link(self._("View your appointment"), facts.customer_url)

    def _arrive_button(self) -> Link:
        place_url = _web(self.facts.place_url)
        if not place_url:
            return Link(self._("View your appointment"), self.facts.customer_url)
        return Link(self._("Join") if self.facts.remote else self._("Open the map"), place_url)

    def _please_confirm(self) -> tuple[str, ...]:
        if not self.facts.ask_acknowledgement:
            return ()
        return (self._("Please let us know that you will be there."),)

    def _may_change(self) -> bool:
        deadline = self.facts.change_deadline
        return deadline is not None and deadline > self.facts.now

    def _how_to_change_or_ask(self) -> tuple[Note, ...]:
        deadline = self.facts.change_deadline
        if deadline is None or not self._may_change():
            return (self._note_to_call(self._("To change or cancel it, or to ask anything:")),)
        until = self._("You can change or cancel it online until %(moment)s.") % {
            "moment": self._moment(deadline)
        }
        change = Note(until, Link(self._("Change or cancel"), self.facts.customer_url))
        return (change, self._how_to_reach_us())

    def _reason(self) -> tuple[str, ...]:
        if not self.facts.reason:
            return ()
        return (self._("Reason: %(reason)s") % {"reason": self.facts.reason},)


# What must be there

_ALWAYS = (
    "business_name",
    "business_email",
    "business_zone",
    "service_name",
    "zone",
    "locale",
    "reference",
    "customer_url",
)


def _require(kind: Kind, facts: Facts) -> None:
    needed = list(_ALWAYS)
    if kind != "cancelled_notice":
        needed += ["place", "staff_name"]
    if kind == "cancelled_notice":
        needed += ["cancelled_by"]
    if kind == "preparation_reminder":
        needed += ["to_prepare"]
    if kind == "moved_notice":
        needed += ["previous_start", "previous_end"]
    if facts.ask_acknowledgement:
        needed += ["acknowledge_url"]
    for name in needed:
        if not getattr(facts, name):
            raise MissingField(kind, name)


Cleaned = TypeVar("Cleaned", bound="DataclassInstance")


def clean(facts: Cleaned) -> Cleaned:
    """Every text on one line, without control characters and marks that turn the reading direction.

    A line break in a name would begin another line of a subject; a turning mark can make an address
    read as another one.
    """
    texts: dict[str, Any] = {
        field.name: _one_line(value)
        for field in fields(facts)
        if isinstance(value := getattr(facts, field.name), str)
    }
    lists: dict[str, Any] = {
        field.name: tuple(map(_one_line, value))
        for field in fields(facts)
        if _are_texts(value := getattr(facts, field.name))
    }
    return replace(facts, **texts, **lists)


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)


def _one_line(text: str) -> str:
    kept = (
        " " if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} else letter
        for letter in text
        if letter not in _OVERRIDES
    )
    return " ".join("".join(kept).split())


def _web(url: str) -> str:
    """The address if a browser opens it as a page, else nothing."""
    return url if re.match(r"https?://[^\s/]", url) else ""
