"""What mail servers report of a message after it left: it was delivered, or it came back.

Whoever reads the reports (a mail gateway, an operator's pipe) brings them here by the message's id,
which stands in its Message-ID. Hours may lie between, so everything may have changed since.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

from kept.appointments.actions import address_refused
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.core.case import Actor, Event
from kept.lib.again import in_one_transaction
from kept.outbox import actions as outbox
from kept.outbox.queries import Message
from kept.people import actions as people

Kind = Literal["delivered", "bounced"]

# RFC 3463, 3.2: of the permanent failures X.1.1, X.1.2, X.1.3, X.1.6 and X.1.10 (RFC 7505) say that
# there is no such address, and X.2.1 that nobody reads it. A full mailbox, or a letter that was
# not liked, says nothing of the next one.
NO_SUCH_ADDRESS = re.compile(r"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1)(?![.\d])")
OURS = re.compile(r"<?([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.[^\s]*)?")


def message_in(text: str) -> UUID | None:
    """The id of a message, as it is or inside of the Message-ID of its letter; None: not ours."""
    match = OURS.fullmatch(text.strip().lower())
    return UUID(match[1]) if match else None


def _as_it_is(message: Message) -> None:
    """The default for `alongside`."""


@in_one_transaction
def report(
    message: Message,
    kind: Kind,
    detail: str,
    now: datetime,
    actor: Actor,
    *,
    at: datetime | None = None,
    alongside: Callable[[Message], None] = _as_it_is,
) -> None:
    """A mail server reported this of the message, at `at` by its own clock; `actor` brought it.

    A bounce takes back what the message had told its customer, also after a delivery; a delivery
    after a bounce is only noted, and settles a doubt. The same report again changes nothing.
    Raises NotAllowed for a message that has not been handed over, or just now is.
    """
    address_gone = kind == "bounced" and _blames_the_address(message, detail)
    # In the order of all locks: the customer, their cases, the message.
    marked = address_gone and people.mark_email_bad(message.person_id, message.address, detail)
    concerned = case_queries.waiting_of(message.person_id) if marked else set()
    case_queries.lock_all({message.case, *concerned})
    for outcome in outbox.reported(message, kind, detail, now, at or now):
        event = Event(outcome.event, now, actor, data=outcome.data)
        cases.apply([cases.Incoming(message.case, event)], now)
    if marked:
        address_refused(message.person_id, now)
    alongside(message)


def _blames_the_address(message: Message, detail: str) -> bool:
    """Heard before, it is no news: the address may have been put right since."""
    known = message.evidence.filter(kind="bounced").exists()
    return not known and bool(NO_SUCH_ADDRESS.search(detail))
