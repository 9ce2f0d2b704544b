"""Writing to the owners of a business when an endpoint of theirs went out of use by itself."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.html import format_html

from kept.accounts import queries as accounts
from kept.accounts.queries import Member
from kept.appointments.letters import domain
from kept.channels.base import Address, Letter, Transport, TransportError
from kept.lib import i18n
from kept.webhooks import actions, queries
from kept.webhooks.queries import Endpoint

log = logging.getLogger("kept.webhooks")

LOOK_EVERY = timedelta(seconds=5)
AGAIN_AFTER = timedelta(minutes=10)


def tell_owners(transport: Transport, now: datetime) -> int:
    """Write to the owners of every endpoint that went out of use by itself; answers how many
    endpoints that were."""
    told = 0
    for endpoint in queries.owners_to_tell(now):
        if actions.take_notice(endpoint, now + AGAIN_AFTER):
            told += _tell(transport, endpoint, now)
    return told


def _tell(transport: Transport, endpoint: Endpoint, now: datetime) -> bool:
    try:
        transport.prepare()
        for owner in owners(endpoint):
            transport.hand_over(letter(endpoint, owner, now))
    except TransportError as error:
        log.warning("The owners of %s are told later: %s", endpoint.business.name, error.detail)
        return False
    actions.owners_told(endpoint)
    return True


def owners(endpoint: Endpoint) -> list[str]:
    """The addresses of the owners of its business."""
    members = accounts.members(endpoint.business_id)
    return [each.user.email for each in members if each.role == Member.OWNER]


def letter(endpoint: Endpoint, owner: str, now: datetime) -> Letter:
    """What happened, what it means, and what to do."""
    business, host = endpoint.business, urlsplit(endpoint.url).hostname or endpoint.url
    when = i18n.format_time(endpoint.disabled_at or now, business.time_zone, business.locale)
    page = f"{settings.BASE_URL}/console/set-up/webhooks/{endpoint.id}/"
    lines = (
        f"Since {when} {business.name} sends no events to {host} any more: {endpoint.disabled_why}",
        "Nothing is lost. What happens meanwhile is kept, and is sent in its order as soon as "
        "somebody enables the endpoint again.",
        "Ask whoever looks after that program to put it right; then enable the endpoint here:",
        page,
    )
    sender = Address(business.email, business.name)
    return Letter(
        sender=sender,
        recipient=Address(owner),
        subject=f"Events no longer reach {host}",
        text="\n\n".join(lines) + "\n",
        html="".join(format_html("<p>{}</p>", line) for line in lines),
        message_id=f"<{endpoint.id.hex}.{int(now.timestamp())}.disabled@{domain()}>",
        date=now,
    )
