"""A CSV file as headings and rows, whatever its delimiter."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kept.audit.reading.files import Input, Meter, encoding
from kept.audit.reading.mapping import fold
from kept.audit.reading.trouble import CannotRead

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",;\t|"
ONE_COLUMN = "\x1f"  # a delimiter that no table has
MOST_COLUMNS = 1000
_LOOKED_AT = 30  # lines, to find the delimiter and the headings
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file. `begins` is how many records stand before the first row; `headings` are as
    they are written."""

    source: Input
    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    begins: int
    examples: tuple[tuple[str, ...], ...]

    @property
    def folded(self) -> tuple[str, ...]:
        return tuple(fold(each) for each in self.headings)

    @contextmanager
    def rows(self, meter: Meter | None = None) -> Iterator[Iterator[tuple[int, list[str]]]]:
        """The rows, each with the number of the line on which it ends; blank ones are left out."""
        with self.source.text(self.encoding, meter) as lines:
            yield self._numbered(csv.reader(lines, delimiter=self.delimiter))

    def _numbered(self, reader: Reader) -> Iterator[tuple[int, list[str]]]:
        try:
            for row in itertools.islice(reader, self.begins, None):
                if row and (row[0] or any(row)):
                    yield reader.line_num, row
        except csv.Error as error:
            raise CannotRead(
                f"Line {reader.line_num} of {self.source.name} cannot be read as a table ({error})."
                " Often a quotation mark is missing there."
            ) from error

    def values(self, heading: str) -> tuple[str, ...]:
        """The first values under a heading that are not empty."""
        at = self.headings.index(heading)
        found = (row[at].strip() for row in self.examples if len(row) > at)
        return tuple(itertools.islice((each for each in found if each), EXAMPLES))


def open_table(source: Input) -> Table:
    """The table in a file: its delimiter, and its headings in the first line that has several; of a
    table of one column, in the first line."""
    found = encoding(source)
    head = _head(source, found)
    delimiter = _delimiter(head, source.name)
    records = _records(head, delimiter)
    least = 1 if delimiter == ONE_COLUMN else 2
    begins = next((n for n, row in enumerate(records) if _filled(row) >= least), None)
    if begins is None:
        raise CannotRead(f"{source.name} has no line with headings: it does not look like a table.")
    headings = _headings(records[begins], source.name)
    rows = tuple(tuple(row) for row in records[begins + 1 :])
    return Table(source, found, delimiter, headings, begins + 1, rows)


def _head(source: Input, found: str) -> list[str]:
    with source.text(found) as lines:
        return list(itertools.islice(lines, _LOOKED_AT))


def _delimiter(head: Sequence[str], name: str) -> str:
    if head and head[0].strip().lower().startswith("sep=") and len(head[0].strip()) == 5:
        return head[0].strip()[4]  # Excel writes so, for itself
    if _is_one_column(head):
        return ONE_COLUMN
    counts = {each: _columns(head, each) for each in DELIMITERS}
    best = max(DELIMITERS, key=lambda each: counts[each])
    if counts[best] < 2:
        raise CannotRead(f"{name} does not look like a table, a calendar or an event log.")
    return best


def _is_one_column(head: Sequence[str]) -> bool:
    """A heading, and below it mostly what could be a time. Commas may be part of it."""
    first, *rest = [each.strip().strip('"') for each in head if each.strip()] or [""]
    if any(each in first for each in DELIMITERS) or _DIGIT.search(first):
        return False
    return 2 * sum(_could_be_a_time(each) for each in rest) > len(rest)


def _could_be_a_time(text: str) -> bool:
    return len(text) <= MOST_OF_A_TIME and _ONE_TIME.match(text) is not None


MOST_OF_A_TIME = 60  # characters
_DIGIT = re.compile(r"\d")
_ONE_TIME = re.compile(
    r"""([^\W\d]{2,12}[.,]?[ ])?  # Monday,
    ( \d{1,4}[./-]\d{1,2}[./-]\d{1,4}\.?  # 2026-10-05, 5.10.26
    | \d{1,2}\.?[ ][^\W\d]{3,12}[.,]?[ ]\d{4}  # 5 October 2026
    | [^\W\d]{3,12}\.?[ ]\d{1,2},?[ ]\d{4} )  # October 5, 2026
    ([ T,].*)?$""",
    re.VERBOSE,
)


def _columns(head: Sequence[str], delimiter: str) -> int:
    widths = Counter(len(row) for row in _records(head, delimiter))
    usual = widths.most_common(1)
    return usual[0][0] if usual else 0


def _records(head: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(iter(head), delimiter=delimiter))
    except (csv.Error, TypeError):
        return []


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def _headings(row: Sequence[str], name: str) -> tuple[str, ...]:
    if len(row) > MOST_COLUMNS:
        raise CannotRead(f"{name} has more than {MOST_COLUMNS} columns.")
    return tuple(cell.strip().lstrip("\ufeff") for cell in row)
