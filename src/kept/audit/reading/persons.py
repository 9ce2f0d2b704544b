"""Persons become pseudonyms the moment they are read.

The key is made with the process and never leaves it: the same person is the same number within one
audit, and nobody can find out later who it was by trying addresses.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from hashlib import blake2b

_KEY = secrets.token_bytes(32)
_NOT_A_DIGIT = re.compile(r"\D+")
_PHONE = re.compile(r"[\s+()\d./-]{7,}")
_FEWEST_DIGITS = 7


def pseudonym(*known: str) -> int | None:
    """The person behind the first of these that says something: e-mail, then phone, then name.

    Writing differs, persons do not: case, spaces and the marks in a phone number do not count.
    None where nothing is known. 56 bits: it fits every table of integers.
    """
    for each in known:
        if each and (said := normal(each)):
            return int.from_bytes(_hash(said), "big")
    return None


def _hash(said: str) -> bytes:
    return blake2b(said.encode(), key=_KEY, digest_size=7).digest()


def hidden(text: str) -> str:
    """What stands for an address, a number or a name where it must be written down: alike for all
    of its writings; nothing for what says nothing. A pseudonym can be made of it as of the text."""
    said = normal(text)
    return f"person-{_hash(said).hex()}" if said else ""


def normal(text: str) -> str:
    """One writing of an e-mail address, a phone number or a name.

    A phone number counts by its last nine digits: the same one is written with the country's code
    and without.
    """
    said = " ".join(text.casefold().split()).removeprefix("'")  # which keeps a + in a spreadsheet
    if "@" in said:
        return said.removeprefix("mailto:")
    if _PHONE.fullmatch(said):
        digits = _NOT_A_DIGIT.sub("", said)
        return digits[-9:] if len(digits) >= _FEWEST_DIGITS else ""
    return said


def full_name(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part.strip())
