"""How numbers are written, and the small words around them: once for report, JSON and console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency

from kept.audit.figures import Value
from kept.audit.history import Field

MINUTE, HOUR, DAY = 60, 3600, 86400

# The words a count stands with, where adding an s does not do.
PLURALS = {
    "enquiry": "enquiries",
    "duty": "duties",
    "person": "people",
    "is": "are",
    "was": "were",
    "has": "have",
}


def count(name: str, number: int) -> Value:
    return Value(name, number, f"{number:,}", "count")


def share(name: str, part: int | Decimal, whole: int | Decimal) -> Value:
    """`part` of `whole` in ten-thousandths; written in per cent with at most one decimal."""
    raw = ten_thousandths(part, whole)
    return Value(name, raw, percent(raw), "share")


def rate(name: str, fraction: float) -> Value:
    """A share that was computed, such as the limit of an interval."""
    raw = round(fraction * 10_000)
    return Value(name, raw, percent(raw), "share")


def seconds(name: str, number: int) -> Value:
    return Value(name, number, duration(number), "seconds")


def money(name: str, amount: Decimal, currency: str) -> Value:
    return Value(name, amount, price(amount, currency), "money")


def ranged(low: Value, high: Value) -> str:
    """What follows an answer whose ends differ, because something is not known."""
    if low.raw == high.raw:
        return ""
    return f" With what nobody wrote down it is between {low.text} and {high.text}."


def text(name: str, words: str) -> Value:
    return Value(name, words, words, "text")


def nothing(name: str) -> Value:
    """An empty cell: there is nothing this number could be computed from."""
    return Value(name, None, "–", "text")


def ten_thousandths(part: int | Decimal, whole: int | Decimal) -> int:
    exact = Decimal(part) * 10_000 / Decimal(whole)
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def percent(raw: int) -> str:
    """1250 is "12.5 %", 1600 is "16 %"; what is little is not written as nothing."""
    if 0 < raw < 5:
        return "under 0.1 %"
    tenths = (Decimal(raw) / 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{tenths:f}".removesuffix(".0") + " %"


def of(part: int, whole: int, word: str = "") -> str:
    """So many of so many: "120 of 960", "1 of 1 visit", "1 of 2 visits"."""
    return f"{part:,} of {many(whole, word) if word else f'{whole:,}'}"


def share_text(part: int, whole: int) -> str:
    return percent(ten_thousandths(part, whole))


def price(amount: Decimal, currency: str) -> str:
    """With the currency's own number of decimals; a plain number where no currency is known."""
    if not currency:
        return f"{amount:,.2f}"
    return format_currency(amount, currency, locale="en").replace("\xa0", " ")


def duration(number: int) -> str:
    """The two largest units: "45 s", "2 h 5 min", "3 days 4 h"."""
    if number < 0:
        return f"-{duration(-number)}"
    if number < MINUTE:
        return f"{number} s"
    if number < HOUR:
        return f"{number // MINUTE} min"
    if number < 2 * DAY:
        return _two(number // HOUR, "h", number % HOUR // MINUTE, "min")
    return _two(number // DAY, "days", number % DAY // HOUR, "h")


def _two(large: int, its: str, small: int, the: str) -> str:
    return f"{large} {its}" if small == 0 else f"{large} {its} {small} {the}"


def many(number: int, word: str) -> str:
    """So many of it: "1 visit", "no visits"; of several words the first is counted."""
    first, _, rest = word.partition(" ")
    form = first if number == 1 else PLURALS.get(first, f"{first}s")
    return " ".join(filter(None, [f"{number:,}" if number else "no", form, rest]))


def verb(number: int, word: str) -> str:
    """The word itself for one ("is"), its plural ("are") for any other number."""
    return word if number == 1 else PLURALS[word]


def about(part: int, whole: int) -> str:
    """A share as people say it: "about 1 in 8", "2 in 3", "none", "all"."""
    if part == 0:
        return "none"
    if part == whole:
        return "all"
    tens = (20 * part + whole) // (2 * whole)
    if tens == 5 and 2 * part != whole:
        return "about 1 in 2"
    if tens == 4:
        return f"{'' if 5 * part == 2 * whole else 'about '}2 in 5"
    if 2 * part <= whole:
        one_in = (2 * whole + part) // (2 * part)
        return f"{'' if one_in * part == whole else 'about '}1 in {one_in}"
    return f"about {min(tens, 9)} in 10" if tens < 10 else "nearly all"


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def listed(words: Iterable[str], last: str = "and") -> str:
    """One after the other: "a", "a and b", "a, b and c"."""
    *first, final = list(words)
    return f"{', '.join(first)} {last} {final}" if first else final


def missing_words(missing: Iterable[Field]) -> tuple[str, ...]:
    return tuple(str(each.value) for each in missing)


def as_instant(seconds_since: int) -> datetime:
    return datetime.fromtimestamp(seconds_since, UTC)
