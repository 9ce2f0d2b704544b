"""Slowing down whoever guesses passwords.

Every attempt is counted before its password is looked at, in a transaction of its own, so that a
thousand attempts at the same moment are a thousand counted ones. The first FREE failures cost
nothing; from then on each doubles the wait, up to LONGEST. Signing in forgets the count, and so
does a quiet day. It is counted for each account, however its e-mail address is written, and not
for each address of the network: guesses come from many. The price is that a stranger can make an
owner wait; a sign-in link always works.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

from django.db import transaction

from kept.console.models import FailedSignIn
from kept.lib.ids import digest

FREE = 5
FIRST_WAIT = timedelta(seconds=2)
LONGEST = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


@transaction.atomic
def attempt(email: str, real_now: datetime) -> timedelta:
    """Count an attempt; answers how long it must wait instead (zero: it may be looked at)."""
    row, _ = FailedSignIn.objects.select_for_update().get_or_create(
        account=_account(email), defaults={"last_at": real_now, "wait_until": real_now}
    )
    if real_now < row.wait_until:
        return row.wait_until - real_now
    if real_now - row.last_at > FORGOTTEN_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_at = real_now
    row.wait_until = real_now + _wait_after(row.failures)
    row.save()
    return timedelta(0)


def succeeded(email: str) -> None:
    """The password was right: forget the failures."""
    FailedSignIn.objects.filter(account=_account(email)).delete()


def forget_quiet(real_now: datetime) -> int:
    """Let go of what no longer counts; answers how much that was. For the worker, now and then."""
    quiet = FailedSignIn.objects.filter(last_at__lt=real_now - FORGOTTEN_AFTER)
    return quiet.filter(wait_until__lt=real_now).delete()[0]


def _account(email: str) -> str:
    """One name for every way to write an address: case, width, long s, spaces of any kind."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold())
    return digest("".join(c for c in folded if not c.isspace()))


def _wait_after(failures: int) -> timedelta:
    beyond = failures - FREE
    return min(FIRST_WAIT * 2 ** min(beyond, 20), LONGEST) if beyond >= 0 else timedelta(0)
