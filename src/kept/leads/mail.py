"""An e-mail as an enquiry: who wrote it, what they say, and which letter of ours they answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Container, Iterable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from itertools import islice
from uuid import UUID

from django.conf import settings

from kept.accounts.queries import Business
from kept.core.case import Actor, Role
from kept.journeys import invited
from kept.leads import queries
from kept.leads.receiving import MAIL, Asked, Taken, receive
from kept.lib.text import storable
from kept.outbox import queries as outbox
from kept.outbox.queries import Message
from kept.people.actions import Contact, ContactError, checked_contact, contact_of
from kept.people.queries import Customer

log = logging.getLogger(__name__)

FORGED = "Its sender could not be proven, so it was not acknowledged by letter."

INVITATION = "invitation"
LINKS = re.compile(r"[?&](?P<what>for|lead)=(?P<token>[\w~-]{20,100})")
OURS = re.compile(r"<([0-9a-f]{32})\.[a-z_]+\.[0-9]+@")
# Nothing of it is read twice, whatever is never closed: anybody may write to us.
MARKUP = re.compile(r"<(script|style)\b.*?(?:</\1>|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
QUOTED = re.compile(r"^\s*(>|-----Original Message-----|________________________________)")


# What Python's parser raises when headers are broken, or nested a thousand deep.
UNREADABLE = (LookupError, AttributeError, TypeError, ValueError, RecursionError)
MOST_NAMED = 50  # letters it may answer: each is looked up


class NoEnquiry(ValueError):
    """Nobody asks anything in it: an automatic answer, a list, a letter of our own."""


def take(business: Business, raw: bytes, now: datetime) -> Taken | None:
    """Take a raw message (RFC 5322) as an enquiry, or as the answer to a letter of ours.

    None for what no person wrote: automatic answers, lists, mail that came back; and for what
    cannot be read as a message.
    """
    try:
        asked = asked_in(business, message_from_bytes(raw, policy=policy.default))
    except NoEnquiry:
        return None
    except UNREADABLE as error:
        log.warning("An e-mail could not be read and was not taken (%s).", type(error).__name__)
        return None
    return receive(business, asked, now, Actor(Role.CUSTOMER, asked.contact.name))


def asked_in(business: Business, message: EmailMessage) -> Asked:
    """What the message asks. Raises NoEnquiry, with the reason."""
    if why := _written_by_no_person(message):
        raise NoEnquiry(why)
    sender = _sender(message)
    if sender.email.lower() == business.email.lower():
        raise NoEnquiry("it is from the business itself")
    said = storable(str(message.get("Message-ID", ""))).strip()
    letters, held = _letters(business, message), is_forged(message, settings.MAIL_HOSTS)
    lead = _answers(business, letters)
    reader = None if lead or held else _invited(business, message, letters)
    contact = contact_of(reader) if reader is not None else sender
    return Asked(
        contact,
        MAIL,
        words=_words(message),
        key=f"mail:{said}"[:200] if said else "",
        answers=lead,
        held=FORGED if held else "",
        written_from="" if contact.email.lower() == sender.email.lower() else sender.email,
    )


def _written_by_no_person(message: EmailMessage) -> str:
    """Why this is no person's (RFC 3834): answering it would answer a program."""
    if str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower() != "no":
        return "it was sent by a program"
    if any(message.get(name) for name in AUTOMATIC):
        return "it was sent by a program"
    if str(message.get("Precedence", "")).strip().lower() in TO_MANY:
        return "it was sent to many"
    if message.get("List-Id") or message.get("List-Unsubscribe"):
        return "it comes from a list"
    if str(message.get("Return-Path", "")).strip() == "<>" or message.get_content_type() == (
        "multipart/report"
    ):
        return "it is a report about a message"
    return ""


AUTOMATIC = ("X-Autoreply", "X-Autorespond")  # before RFC 3834, and still
TO_MANY = frozenset({"bulk", "list", "junk", "auto_reply"})


# Whether it is from whom it says

COMMENT = re.compile(r"\([^()]*\)")
IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
DEEPEST = 10  # comments in comments
RESULT = re.compile(r"\s*([a-z0-9-]+)(?:/[0-9]+)?\s*=\s*([a-z]+)", re.IGNORECASE)
LONGEST_RESULTS = 4000


def is_forged(message: EmailMessage, hosts: Container[str]) -> bool:
    """Whether one of our own receiving hosts has found that its sender is not who they say.

    Only the topmost Authentication-Results of such a host counts (RFC 8601: it writes on top, and
    what bears its name below came with the message). `dmarc` decides; where it says nothing, a
    failure of `dkim` or `spf` does, unless the other one passed.
    """
    for value in message.get_all("Authentication-Results", []):
        host, results = _results(str(value)[:LONGEST_RESULTS])
        if host in hosts:
            if (verdict := results.get("dmarc")) in {"pass", "fail"}:
                return verdict == "fail"
            either = {results.get("dkim"), results.get("spf")}
            return "fail" in either and "pass" not in either
    return False


def _results(value: str) -> tuple[str, dict[str, str]]:
    """Who says it, and the result of each method: the best, where a method has several; only of
    `dmarc`, which there is one of, the worst.

    What is quoted or a comment may be in the sender's own words, and is no result.
    """
    value = IN_QUOTES.sub(" ", value)
    for _ in range(DEEPEST):
        value = COMMENT.sub(" ", value)
    host, *said = value.split(";")
    results: dict[str, str] = {}
    for each in said:
        if found := RESULT.match(each):
            method, result = found[1].lower(), found[2].lower()
            counts = "fail" if method == "dmarc" else "pass"
            results[method] = counts if results.get(method) == counts else result
    return host.strip().partition(" ")[0].lower(), results


def _sender(message: EmailMessage) -> Contact:
    name, address = parseaddr(str(message.get("Reply-To") or message.get("From") or ""))
    try:
        known = checked_contact("?1", address).email
        if not known:
            raise NoEnquiry("it has no sender who could be answered")
        try:
            return checked_contact(name or known, known)
        except ContactError:
            return checked_contact(known, known)
    except ContactError as error:
        raise NoEnquiry("its sender has no address that could be answered") from error


def _words(message: EmailMessage) -> str:
    """The subject and what was newly written; not the letter that is quoted below."""
    text, subtype = _body(message)
    if subtype == "html":
        text = MARKUP.sub(" ", text)
    lines = []
    for line in text.splitlines():
        if QUOTED.match(line):
            break
        lines.append(line.rstrip())
    subject = " ".join(str(message.get("Subject", "")).split())
    return storable("\n".join([subject, *lines])).strip()[:4000]


def _body(message: EmailMessage) -> tuple[str, str]:
    """What it says, as it stands there, and whether that is plain or HTML ("": it says nothing)."""
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return "", ""
    try:
        text = str(part.get_content())
    except (LookupError, ValueError):  # a character set that there is not
        text = bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
    return text, part.get_content_subtype()


def _letters(business: Business, message: EmailMessage) -> list[Message]:
    """The letters of ours that this answers, by the ids that only their readers have."""
    named = f"{message.get('In-Reply-To', '')} {message.get('References', '')}"
    ids = [UUID(found.group(1)) for found in islice(OURS.finditer(named), MOST_NAMED)]
    letters = (outbox.find(each) for each in ids)
    return [each for each in letters if each is not None and each.business_id == business.id]


def _answers(business: Business, letters: Iterable[Message]) -> UUID | None:
    """The lead one of these letters of ours belongs to, while it is open."""
    for letter in letters:
        if queries.open_lead(business.id, letter.case) is not None:
            return letter.case
    return None


def _invited(
    business: Business, message: EmailMessage, letters: Iterable[Message]
) -> Customer | None:
    """Whom the invitation was written to that this answers: by its thread, or by the link to book,
    where the letter is quoted. Whoever has either was given it by its reader; what a stranger can
    know (a reference, a name) says nothing."""
    for letter in letters:
        if letter.kind == INVITATION:
            return letter.person
    links = islice(LINKS.finditer(_body(message)[0]), MOST_NAMED)
    found = (_of_link(business, each["what"], each["token"]) for each in links)
    return next((person for person in found if person is not None), None)


def _of_link(business: Business, what: str, token: str) -> Customer | None:
    if what == "for":
        case = invited.case_of(business.id, token)
        return case.person if case is not None else None
    lead = queries.by_token(token)
    return lead.customer if lead is not None and lead.business_id == business.id else None
