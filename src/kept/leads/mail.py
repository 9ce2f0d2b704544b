"""An e-mail as an enquiry: who wrote it, what they say, and which letter of ours they answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Container
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from itertools import islice
from uuid import UUID

from django.conf import settings

from kept.accounts.queries import Business
from kept.core.case import Actor, Role
from kept.leads import queries
from kept.leads.receiving import MAIL, Asked, Taken, receive
from kept.lib.text import storable
from kept.outbox import queries as outbox
from kept.people.actions import Contact, ContactError, checked_contact

log = logging.getLogger(__name__)

FORGED = "Its sender could not be proven, so it was not acknowledged by letter."

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
    contact = _sender(message)
    if contact.email.lower() == business.email.lower():
        raise NoEnquiry("it is from the business itself")
    said = storable(str(message.get("Message-ID", ""))).strip()
    return Asked(
        contact,
        MAIL,
        words=_words(message),
        key=f"mail:{said}"[:200] if said else "",
        answers=_answers(business, message),
        held=FORGED if is_forged(message, settings.MAIL_HOSTS) else "",
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
    part = message.get_body(preferencelist=("plain", "html"))
    text = ""
    if part is not None:
        try:
            text = str(part.get_content())
        except (LookupError, ValueError):  # a character set that there is not
            text = bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
        if part.get_content_subtype() == "html":
            text = MARKUP.sub(" ", text)
    lines = []
    for line in text.splitlines():
        if QUOTED.match(line):
            break
        lines.append(line.rstrip())
    subject = " ".join(str(message.get("Subject", "")).split())
    return storable("\n".join([subject, *lines])).strip()[:4000]


def _answers(business: Business, message: EmailMessage) -> UUID | None:
    """The lead whose letter this answers, by the id that only its reader has."""
    named = f"{message.get('In-Reply-To', '')} {message.get('References', '')}"
    for found in islice(OURS.finditer(named), MOST_NAMED):
        letter = outbox.find(UUID(found.group(1)))
        if letter is not None and letter.business_id == business.id:
            lead = queries.open_lead(business.id, letter.case)
            if lead is not None:
                return letter.case
    return None
