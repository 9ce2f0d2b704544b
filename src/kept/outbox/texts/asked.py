"""The letters to somebody who has asked: that it has come, and free times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never, get_args

from kept.lib import i18n
from kept.outbox.texts.content import Content, Frame, Link, Note, Offer, Row, clean
from kept.outbox.texts.facts import MissingField

AskedKind = Literal["lead_received", "lead_nudge", "lead_invitation"]
ASKED_KINDS: tuple[AskedKind, ...] = get_args(AskedKind)


@dataclass(frozen=True, slots=True)
class AskedFacts:
    """What is true at the moment such a letter is written. All times are aware."""

    business_name: str
    business_phone: str
    business_email: str
    business_address: str
    service_name: str
    customer_name: str
    locale: str
    reference: str
    asked_at: datetime
    zone: str
    """The zone its times are said in."""
    booking_url: str
    """Where to book; it names the lead, so that what is booked there answers it."""
    stop_url: str
    """Where the person says that they want no more of these."""
    called: bool = False
    """They called, and nobody picked up."""
    opens_at: datetime | None = None
    """When somebody is there again; None: now."""
    offers: tuple[Offer, ...] = ()
    offers_of: str = ""
    """What the times are for, where that is not what they asked about."""
    their_zone: str = ""
    """Where its reader lives, said beside where the clocks differ; "": nobody knows."""


def asked_content(kind: AskedKind, facts: AskedFacts) -> Content:
    """The content of this kind. Raises `MissingField` when a fact it must state is empty."""
    facts = clean(facts)
    for name in ("business_name", "business_email", "service_name", "booking_url", "stop_url"):
        if not getattr(facts, name):
            raise MissingField(kind, name)
    writer = _Writer(facts)
    match kind:
        case "lead_received":
            return writer.received()
        case "lead_nudge" | "lead_invitation":
            # A letter that asks for something must say where its sender is (16 CFR 316.3).
            if not facts.business_address:
                raise MissingField(kind, "business_address")
            return writer.nudge() if kind == "lead_nudge" else writer.invitation()
        case _:
            assert_never(kind)


class _Writer(Frame[AskedFacts]):
    """The words of one letter. Every method says one thing."""

    def received(self) -> Content:
        _ = self._
        called = self.facts.called
        return self._content(
            subject=_("%(stem)s: we missed your call")
            if called
            else _("%(stem)s: we have your enquiry"),
            heading=_("We missed your call") if called else _("We have your enquiry"),
            lead=(
                self._when_we_answer(),
                _("If you would rather not wait, choose a time yourself."),
            ),
            notes=(self._how_to_reach_us(),),
        )

    def nudge(self) -> Content:
        _ = self._
        asked = _("You asked us on %(day)s.") % {"day": self._day(self.facts.asked_at)}
        free = _("These times are free:") if self.facts.offers else ""
        whenever = _("Choose a time whenever you like, or answer this letter.")
        return self._content(
            subject=_("%(stem)s: a time for you?"),
            heading=_("A time for you?"),
            lead=(asked, free or whenever),
            rows=self._offered(),
            notes=(self._how_to_reach_us(), self._how_to_stop()),
        )

    def invitation(self) -> Content:
        """For somebody who was never here, and whose silence may be the answer."""
        _ = self._
        asked = _("You asked us on %(day)s, and said that we may write to you again.")
        stop = Link(_("Send me no more of these"), self.facts.stop_url)
        return self._content(
            subject=_("%(stem)s: are you still looking for a time?"),
            heading=_("Are you still looking for a time?"),
            lead=(asked % {"day": self._day(self.facts.asked_at)}, self._if_still_looking()),
            rows=self._offered(),
            notes=(
                self._how_to_reach_us(),
                Note(_("You are not looking any more? Then you need do nothing."), stop),
            ),
        )

    def _if_still_looking(self) -> str:
        _ = self._
        if not self.facts.offers:
            return _(
                "If you are still looking for a time, choose one whenever you like, or answer "
                "this letter."
            )
        if not self.facts.offers_of:
            return _("If you are still looking for a time, these are free:")
        words = _("If you are still looking for a time, these are free for %(service)s:")
        return words % {"service": self.facts.offers_of}

    def _when_we_answer(self) -> str:
        _, opens_at = self._, self.facts.opens_at
        if opens_at is None:
            return _("Thank you. One of us gets in touch with you shortly.")
        zone, locale = self.facts.zone, self.locale
        said = {"day": self._day(opens_at), "time": i18n.format_time(opens_at, zone, locale)}
        words = _("Thank you. One of us gets in touch with you once we open: %(day)s, %(time)s.")
        return words % said

    # What they share

    def _content(
        self,
        *,
        subject: str,
        heading: str,
        lead: tuple[str, ...],
        notes: tuple[Note, ...],
        rows: tuple[Row, ...] = (),
    ) -> Content:
        return Content(
            locale=self.locale,
            subject=subject % {"stem": self._stem()},
            preheader=lead[0],
            business=self.facts.business_name,
            heading=heading,
            greeting=self._greeting(),
            lead=lead,
            rows=rows,
            button=Link(self._("Choose a time"), self.facts.booking_url),
            notes=notes,
            footer=self._footer(),
        )

    def _day(self, instant: datetime) -> str:
        return i18n.format_date(instant, self.facts.zone, self.locale)

    def _offered(self) -> tuple[Row, ...]:
        return self._free(self.facts.offers, self.facts.zone, self.facts.their_zone)

    def _how_to_stop(self) -> Note:
        words = self._("You would rather not hear from us?")
        return Note(words, Link(self._("Send me no more of these"), self.facts.stop_url))
