"""The letters that follow an outcome. None of them thanks for a visit that did not take place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never, get_args

from kept.lib import i18n
from kept.lib.text import one_line
from kept.outbox.texts.content import Content, Frame, Link, Note, Offer, Row, clean
from kept.outbox.texts.facts import MissingField

AfterKind = Literal[
    "aftercare",
    "how_did_it_go",
    "next_step",
    "missed_you",
    "rebook_offer",
    "review_ask",
    "review_reminder",
    "invitation",
    "recall",
]
AFTER_KINDS: tuple[AfterKind, ...] = get_args(AfterKind)


LATER: frozenset[AfterKind] = frozenset({"invitation", "recall"})


@dataclass(frozen=True, slots=True)
class AfterFacts:
    """What is true at the moment such a letter is written. All times are aware."""

    business_name: str
    business_phone: str
    business_email: str
    business_address: str
    service_name: str
    customer_name: str
    locale: str
    reference: str
    visit: datetime
    """When the visit was, or would have been."""
    zone: str
    """The zone its times are said in."""
    booking_url: str
    feedback_url: str
    """Where the customer says how it went: one page, for everybody the same."""
    stop_url: str
    """Where the customer says that they want no more of these."""
    aftercare: str = ""
    """The business's own words about what to mind."""
    offers: tuple[Offer, ...] = ()
    by_us: bool = False
    """The business could not keep the time."""
    may_suggest: bool = True
    """The customer has not refused to be asked for something new."""
    visit_url: str = ""
    """The page of the visit; needed where nothing may be suggested."""
    later_url: str = ""
    """Where the customer says that they want to be asked later, or not at all."""
    may_stop: bool = False
    """The letter asks for something new: it says how to get no more of them."""
    review_url: str = ""
    """Where the customer chooses the page to review on."""
    review_pages: tuple[str, ...] = ()
    """What those pages are called, in one order for everybody."""
    their_zone: str = ""
    """Where its reader lives, said beside where the clocks differ; "": nobody knows."""


def after_content(kind: AfterKind, facts: AfterFacts) -> Content:
    """The content of this kind. Raises `MissingField` when a fact it must state is empty."""
    words = facts.aftercare.strip()
    facts = clean(facts)
    for name in ("business_name", "business_email", "service_name", "booking_url", "feedback_url"):
        if not getattr(facts, name):
            raise MissingField(kind, name)
    # A letter that asks for something new must say where its sender is (CAN-SPAM, 16 CFR 316.3).
    asks_a_review = kind in {"review_ask", "review_reminder"}
    if facts.may_stop and not asks_a_review and not facts.business_address:
        raise MissingField(kind, "business_address")
    if kind in LATER and not facts.later_url:
        raise MissingField(kind, "later_url")
    writer = _Writer(facts)
    match kind:
        case "aftercare":
            if not words:
                raise MissingField(kind, "aftercare")
            return writer.aftercare(words)
        case "how_did_it_go":
            return writer.how_did_it_go()
        case "next_step":
            return writer.next_step()
        case "missed_you":
            return writer.missed_you()
        case "rebook_offer":
            return writer.rebook_offer()
        case "review_ask" | "review_reminder":
            if not facts.review_pages:
                raise MissingField(kind, "review_pages")
            return writer.review(again=kind == "review_reminder")
        case "invitation":
            return writer.invitation()
        case "recall":
            return writer.recall()
        case _:
            assert_never(kind)


class _Writer(Frame[AfterFacts]):
    """The words of one letter. Every method says one thing."""

    def aftercare(self, words: str) -> Content:
        _ = self._
        return self._content(
            subject=_("%(stem)s: after your visit"),
            heading=_("After your visit"),
            lead=tuple(filter(None, map(one_line, words.splitlines()))),
            button=Link(_("Tell us how it went"), self.facts.feedback_url),
        )

    def how_did_it_go(self) -> Content:
        _ = self._
        return self._content(
            subject=_("%(stem)s: how did it go?"),
            heading=_("How did it go?"),
            lead=(
                _("You were with us on %(day)s.") % {"day": self._day()},
                _("Was everything right? Your answer goes to us alone, and a person reads it."),
            ),
            button=Link(_("Tell us how it went"), self.facts.feedback_url),
        )

    def next_step(self) -> Content:
        _ = self._
        return self._content(
            subject=_("%(stem)s: your next visit"),
            heading=_("Your next visit"),
            lead=(
                _("You were with us on %(day)s.") % {"day": self._day()},
                _("If you would like to come again, choose a time that suits you."),
            ),
            rows=self._offered(),
            button=self._book(),
        )

    def missed_you(self) -> Content:
        _ = self._
        sorry = _("We could not keep your time on %(day)s. We are sorry.")
        missed = _("We expected you on %(day)s and did not see you. We hope that all is well.")
        if not self.facts.may_suggest:
            return self._only_sorry(sorry if self.facts.by_us else missed)
        return self._content(
            subject=_("%(stem)s: a new time?"),
            heading=_("We are sorry") if self.facts.by_us else _("We missed you"),
            lead=(
                (sorry if self.facts.by_us else missed) % {"day": self._day()},
                _("You can choose a new time here, or call us."),
            ),
            rows=self._offered(),
            button=self._book(),
        )

    def _only_sorry(self, words: str) -> Content:
        """For who wants no suggestions: no time and no page to book one."""
        _ = self._
        return self._content(
            subject=_("%(stem)s: your visit"),
            heading=_("We are sorry") if self.facts.by_us else _("We missed you"),
            lead=(words % {"day": self._day()}, _("If there is anything we can do, call us.")),
            button=Link(_("See your visit"), self.facts.visit_url),
        )

    def rebook_offer(self) -> Content:
        _ = self._
        sorry = _("We had to give up your time on %(day)s. These times are free for you:")
        again = _("Your time on %(day)s did not take place. These times are free:")
        none = _("Your time on %(day)s did not take place. Choose another one whenever you like.")
        words = none if not self.facts.offers else sorry if self.facts.by_us else again
        return self._content(
            subject=_("%(stem)s: a new time?"),
            heading=_("Choose a new time"),
            lead=(words % {"day": self._day()},),
            rows=self._offered(),
            button=self._book(),
        )

    def review(self, *, again: bool) -> Content:
        """The same words for everybody, whatever they said of the visit; nothing is promised for
        them, and no page is put before another."""
        _ = self._
        url, who = self.facts.review_url, {"who": self.facts.business_name}
        ask = _("Would you tell others how it was, in your own words, good or bad?")
        last = _("We asked you some days ago, and ask only this once more.")
        helps = _("It helps people who do not know %(who)s yet.") % who
        return self._content(
            subject=_("%(stem)s: a review?"),
            heading=_("How was it? Tell others"),
            lead=(
                _("You were with us on %(day)s.") % {"day": self._day()},
                *((last, ask) if again else (ask, helps)),
            ),
            rows=tuple(Row(_("Where"), page, url) for page in self.facts.review_pages),
            button=Link(_("Write a review"), url),
            to_stop=(
                _("You would rather not be asked?"),
                _("Never ask me for a review"),
            ),
        )

    def invitation(self) -> Content:
        _ = self._
        return self._content(
            subject=_("%(stem)s: would you like to come again?"),
            heading=_("Would you like to come again?"),
            lead=(
                _("You were with us on %(day)s, and it may be time again.") % {"day": self._day()},
                _("Choose a time that suits you."),
            ),
            rows=self._offered(),
            button=self._book(),
            notes=(self._how_to_wait(),),
        )

    def recall(self) -> Content:
        _ = self._
        return self._content(
            subject=_("%(stem)s: your next visit is due"),
            heading=_("Your next visit is due"),
            lead=(
                _("You were with us on %(day)s. It is time for the next visit.")
                % {"day": self._day()},
                _("Choose a time that suits you, or call us."),
            ),
            rows=self._offered(),
            button=self._book(),
            notes=(self._how_to_wait(),),
        )

    # What they share

    def _content(
        self,
        *,
        subject: str,
        heading: str,
        lead: tuple[str, ...],
        button: Link,
        rows: tuple[Row, ...] = (),
        to_stop: tuple[str, str] | None = None,
        notes: tuple[Note, ...] = (),
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
            button=button,
            notes=(*notes, self._how_to_reach_us(), *self._how_to_stop(to_stop)),
            footer=self._footer(),
        )

    def _day(self) -> str:
        return i18n.format_date(self.facts.visit, self.facts.zone, self.locale)

    def _book(self) -> Link:
        return Link(self._("Choose a time"), self.facts.booking_url)

    def _offered(self) -> tuple[Row, ...]:
        return self._free(self.facts.offers, self.facts.zone, self.facts.their_zone)

    def _how_to_wait(self) -> Note:
        words = self._("It does not suit you just now?")
        return Note(words, Link(self._("Ask me later, or not again"), self.facts.later_url))

    def _how_to_stop(self, said: tuple[str, str] | None) -> tuple[Note, ...]:
        if not self.facts.may_stop:
            return ()
        words, link = said or (
            self._("You would rather not get suggestions from us?"),
            self._("Send me no more of these"),
        )
        return (Note(words, Link(link, self.facts.stop_url)),)
