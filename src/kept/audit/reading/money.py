"""Prices in local writing: "1.234,50 €", "$12.00", "CHF 1'200.–".

Whether 1.234 is one thousand or one and a bit is decided once for a whole column, like the order
of day and month.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from kept.audit.reading.asking import Ask, Question, answer
from kept.audit.reading.trouble import CannotRead

NO_PRICE = "no price"
NOT_A_PRICE = "a price that is no number: left out"
NEGATIVE = "a negative price: left out"
OTHER_CURRENCY = "a price in another currency: left out"

_SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₺": "TRY", "zł": "PLN", "₽": "RUB"}
_NUMBER = re.compile(r"[\d.,'’\s\u202f\xa0]*\d")
_CURRENCY = re.compile(r"[A-Za-z]{3}\b|[^\W\d_]{1,3}\.?|[$€£¥₹₺₽]")
_SPACES = re.compile(r"['’\s\u202f\xa0]")
_ENDING = re.compile(r"[.,][–—-]+$")
MOST_TEXT = 40
MOST_KNOWN = 5000  # prices: a list of services has far fewer


class NotAPrice(Exception):
    """A value that is no price; the message is noted."""


@dataclass(slots=True)
class Writing:
    """What the values of a column say: which mark is the decimal one, and which currency."""

    comma: str = ""
    point: str = ""
    either: str = ""
    currencies: Counter[str] = field(default_factory=Counter)
    _known: dict[str, str] = field(default_factory=dict)  # value -> its currency

    def look(self, text: str, place: str) -> None:
        """Take one value into account."""
        currency = self._known.get(text)
        if currency is None:
            currency = self._look_closely(text, place)
            if len(self._known) < MOST_KNOWN:
                self._known[text] = currency
        if currency:
            self.currencies[currency] += 1

    def _look_closely(self, text: str, place: str) -> str:
        number, currency = _split(text)
        said = f"“{text.strip()[:MOST_TEXT]}” in {place}"
        match _decimal_mark(number):
            case ",":
                self.comma = self.comma or said
            case ".":
                self.point = self.point or said
            case "?":
                self.either = self.either or said
        return currency if number else ""

    def look_at_currency(self, text: str) -> None:
        """Take one into account that stands in a column of its own."""
        if currency := _split(f"0 {text}")[1]:
            self.currencies[currency] += 1

    def decimal(self, ask: Ask | None) -> str:
        """The decimal mark of the whole column; CannotRead where it contradicts itself."""
        if self.comma and self.point:
            raise CannotRead(
                f"Prices are written in two ways: {self.comma} has a decimal comma and {self.point}"
                " a decimal point. Bring them into one form, or leave the price out of the map."
            )
        if self.comma or self.point:
            return "," if self.comma else "."
        return answer(self._question(), ask) if self.either else "."

    def currency(self) -> str:
        """The one that most prices are in; empty where none is written."""
        return self.currencies.most_common(1)[0][0] if self.currencies else ""

    def _question(self) -> Question:
        return Question(
            "money.decimal",
            f"Which mark stands before the cents in prices such as {self.either}?",
            f"Nothing in the file says whether {self.either} is more than a thousand."
            ' Write decimal = "," or "." under [money] in a map.',
            (",", "."),
            (self.either,),
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """Reads the prices of one column."""

    decimal: str = "."
    currency: str = ""
    _known: dict[str, Decimal] = field(default_factory=dict, compare=False)

    def price(self, text: str) -> Decimal:
        """NotAPrice says why not."""
        if (known := self._known.get(text)) is not None:
            return known
        amount = self._read(text)
        if len(self._known) < MOST_KNOWN:
            self._known[text] = amount
        return amount

    def _read(self, text: str) -> Decimal:
        number, currency = _split(text)
        if not number:
            raise NotAPrice(NOT_A_PRICE)
        if currency and self.currency and currency != self.currency:
            raise NotAPrice(OTHER_CURRENCY)
        thousands = "." if self.decimal == "," else ","
        plain = number.replace(thousands, "").replace(self.decimal, ".")
        if plain.count(".") > 1 or len(plain) > 15:
            raise NotAPrice(NOT_A_PRICE)
        amount = Decimal(plain)
        if amount and _is_negative(text):
            raise NotAPrice(NEGATIVE)
        return amount


def _split(text: str) -> tuple[str, str]:
    """The number without spaces, and the currency written beside it."""
    said = _ENDING.sub("", text.strip()[:MOST_TEXT])
    found = _NUMBER.search(said)
    if not found:
        return "", ""
    beside = (said[: found.start()] + " " + said[found.end() :]).strip(" -()+.,–")
    if not beside:
        return _SPACES.sub("", found[0]), ""
    mark = _CURRENCY.fullmatch(beside)
    return (_SPACES.sub("", found[0]), _code(mark[0])) if mark else ("", "")


def _code(mark: str) -> str:
    return _SIGNS.get(mark.casefold(), mark.upper() if len(mark) == 3 else mark.strip("."))


def _is_negative(text: str) -> bool:
    said = text.strip()
    return said.startswith(("-", "–", "(")) or "-" in said.split(maxsplit=1)[-1][:1]


def _decimal_mark(number: str) -> str:
    """The mark that can only be the decimal one; "?" where it could be either, "" without one."""
    marks = [each for each in number if each in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    if len(set(marks)) == 2:
        return last
    if len(marks) > 1:
        return "." if last == "," else ","
    before, _, after = number.partition(last)
    return "?" if len(after) == 3 and before.strip("0") and len(before) <= 3 else last
