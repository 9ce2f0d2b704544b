"""Taking in what mail servers report: by hand, or out of a mail that came back."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import BinaryIO, cast

from kept.appointments import reports
from kept.cli import out
from kept.cli.problems import Refused
from kept.clock import queries as clock
from kept.core.case import Actor, Role
from kept.outbox import queries as outbox

OPERATOR = Actor(Role.INTEGRATION, "kept report")
LARGEST = 10 * 1024 * 1024  # bytes of a mail; what comes back carries the letter at most

# RFC 3464, 2.3.3. "delayed", "relayed" and "expanded" say nothing final.
FINAL: dict[str, reports.Kind] = {"failed": "bounced", "delivered": "delivered"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a delivery-status mail says of one message."""

    message: str
    action: str
    detail: str


def report(message: str, kind: str, detail: str, *, as_json: bool) -> None:
    """Take in one report. Raises Refused for a message that is not here, NotAllowed."""
    wanted = reports.message_in(message)
    row = outbox.find(wanted) if wanted else None
    if row is None:
        raise Refused(f"There is no message {message!r} here: give its id or its Message-ID.")
    reports.report(row, cast(reports.Kind, kind), detail, clock.now(), OPERATOR)
    row.refresh_from_db()
    if as_json:
        out.data({"message": row.id, "reported": kind, "status": row.status})
    else:
        out.line(f"{row.control.replace('_', ' ')} to {row.address}: {row.status}.")


def from_mail(mail: BinaryIO, *, as_json: bool) -> None:
    """Take in what a delivery-status mail (RFC 3464) says. Raises Refused."""
    said = read(mail.read(LARGEST))
    kind = FINAL.get(said.action)
    if kind is None:
        out.note(f"The mail says {said.action!r}, which is not final: nothing was changed.")
        return
    report(said.message, kind, said.detail, as_json=as_json)


def read(mail: bytes) -> Said:
    """What it says, and of which message. Raises Refused for a mail that says nothing."""
    parsed = email.message_from_bytes(mail, policy=email.policy.default)
    fields = next(_of_recipients(parsed), None)
    if fields is None:
        raise Refused("This mail is no delivery report: it has no message/delivery-status part.")
    message = _returned_id(parsed)
    if not message:
        raise Refused("The delivery report does not say which letter it is about.")
    # "5.1.1" and "smtp; 550 5.1.1 unknown": the code may stand in either.
    code = str(fields.get("Status", "")).strip()
    words = str(fields.get("Diagnostic-Code", "")).partition(";")[2].strip()
    detail = words if code in words else f"{code} {words}".strip()
    action = str(fields.get("Action", "")).strip().lower()
    return Said(message, action, " ".join(detail.split())[:500])


def _of_recipients(mail: Message) -> Iterator[Message]:
    """The blocks about one recipient each. Kept writes to one, so there is one."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            blocks = cast(list[Message], part.get_payload())
            yield from (block for block in blocks if block.get("Action"))


def _returned_id(mail: Message) -> str:
    """The Message-ID of the letter that is returned, whole or only its headers."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            given = str(part.get_payload(decode=True), "utf-8", "replace")  # type: ignore[arg-type]
            found = email.message_from_string(given).get("Message-ID")
        elif kind == "message/rfc822" and part.is_multipart():
            found = cast(list[Message], part.get_payload())[0].get("Message-ID")
        else:
            continue
        if found:
            return str(found).strip()
    return ""
