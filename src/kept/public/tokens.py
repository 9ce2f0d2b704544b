"""The signed tokens that booking forms carry. There is no session: what is known is in the form.

A *form token* makes a form count once and cannot be made up: whoever sends one has opened the
page within the last day. How fast it was filled in is not judged, because a password manager and
an assistive tool are fast too.

A *hold token* names the visitor's hold and whose time it is.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

FORM_LIFETIME = timedelta(days=1)
_forms = signing.TimestampSigner(salt="kept.public.form")
_holds = signing.Signer(salt="kept.public.hold")


@dataclass(frozen=True, slots=True)
class Held:
    """A visitor's hold: its id in the claims, and the member of staff whose time it takes."""

    id: uuid.UUID
    staff: uuid.UUID


def new_form() -> str:
    """A new form token."""
    return _forms.sign(uuid.uuid4().hex)


def form_key(token: str, business: uuid.UUID) -> uuid.UUID | None:
    """What makes this form count once with this business; None for a token that is not ours or
    is too old. With another business the same token is another key."""
    try:
        return uuid.uuid5(business, _forms.unsign(token, max_age=FORM_LIFETIME))
    except signing.BadSignature:
        return None


def sign_hold(held: Held) -> str:
    return _holds.sign(f"{held.id.hex}.{held.staff.hex}")


def read_hold(token: str) -> Held | None:
    """The hold a token names; None when there is none or it is not ours."""
    try:
        held, _, staff = _holds.unsign(token).partition(".")
        return Held(uuid.UUID(held), uuid.UUID(staff))
    except (signing.BadSignature, ValueError):
        return None
