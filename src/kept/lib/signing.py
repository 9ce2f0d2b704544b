"""Signing messages between programs: Standard Webhooks 1.0, symmetric (`v1`, HMAC-SHA256).

What is signed is `<id>.<timestamp>.<body>`, the body octet by octet. A secret is written as
`whsec_` and 24 to 64 octets in base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping

PREFIX = "whsec_"
TOLERANCE = 300  # seconds a timestamp may lie off the present, either way


class BadSignature(ValueError):
    """It is not signed by who holds the secret, or long ago. The message says which."""


def new_secret() -> str:
    """A new secret of 32 random octets."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """One signature, with its version: `v1,…`."""
    signed = f"{id_}.{timestamp}.".encode() + body
    made = hmac.new(_octets(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def headers(secrets_: Iterable[str], id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers, signed with each of these secrets."""
    signatures = [signature(each, id_, timestamp, body) for each in secrets_]
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify(
    secrets_: Iterable[str], given: Mapping[str, str], body: bytes, real_now: float
) -> tuple[str, int]:
    """The id and the timestamp of a message that is signed with one of these secrets.

    `given`: its headers, names in lower case. Raises BadSignature.
    """
    id_, at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not id_ or not at.isascii() or not at.isdigit() or len(at) > 12:
        raise BadSignature("webhook-id and webhook-timestamp (seconds since 1970) are needed.")
    timestamp = int(at)
    if abs(real_now - timestamp) > TOLERANCE:
        raise BadSignature("webhook-timestamp lies more than five minutes off the present.")
    known = [signature(each, id_, timestamp, body) for each in secrets_]
    for each in given.get("webhook-signature", "").split():
        if any(hmac.compare_digest(each.encode(), right.encode()) for right in known):
            return id_, timestamp
    raise BadSignature("webhook-signature is not one made with this endpoint's secret.")


def _octets(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("this is no secret of Standard Webhooks") from error
