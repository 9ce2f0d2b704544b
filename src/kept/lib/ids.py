"""Ids and secrets, made at the door; the core never makes any."""

from __future__ import annotations

import hashlib
import secrets
import uuid

import uuid_utils.compat

# A reference is read out over the phone: no vowels, which could spell a word, and no 0, 1 or L.
REFERENCE_ALPHABET = "BCDFGHJKMNPQRSTVWXZ23456789"


def new_id() -> uuid.UUID:
    """A time-ordered id (UUID version 7, RFC 9562): new rows land at the end of an index."""
    return uuid_utils.compat.uuid7()


def new_reference() -> str:
    """A short reference for people, such as `KX7-M2PT9`: 27^8, about 2.8 * 10^11 of them."""
    letters = [secrets.choice(REFERENCE_ALPHABET) for _ in range(8)]
    return f"{''.join(letters[:3])}-{''.join(letters[3:])}"


def as_reference(text: str) -> str:
    """A reference as people type it (`kx7 m2pt9`, `KX7M2PT9`) in the form in which it is kept."""
    letters = "".join(text.upper().replace("-", "").split())
    return f"{letters[:3]}-{letters[3:]}"


def new_token() -> str:
    """An unguessable token for a link: 160 random bits."""
    return secrets.token_urlsafe(20)


def digest(secret: str) -> str:
    """What is stored of a secret that is random by itself (keys, one-time links): its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()
