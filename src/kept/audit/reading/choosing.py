"""Which map fits a table: by its headings, by what was said, or by asking column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kept.audit.reading.asking import Ask, Question, answer
from kept.audit.reading.mapping import Column, Map, Part, Status, find, fold, ready
from kept.audit.reading.tables import Table
from kept.audit.reading.trouble import CannotRead

NONE = "-"

# What is asked for, in this order, and how it is put.
_ASKED = {
    Column.START: "when the appointment begins",
    Column.START_TIME: "the time of day at which it begins",
    Column.END: "when it ends",
    Column.DURATION: "how many minutes it takes",
    Column.BOOKED_AT: "when it was booked",
    Column.CANCELLED_AT: "when it was cancelled",
    Column.SERVICE: "the service",
    Column.STAFF: "the member of staff",
    Column.PRICE: "the price",
    Column.CUSTOMER: "the customer (an e-mail address, a phone number or a name; only a number"
    " made from it is kept)",
}
_USUAL = {
    Column.START: ("start", "date", "appointment date", "datum", "beginn", "termin", "when"),
    Column.START_TIME: ("time", "start time", "uhrzeit", "zeit"),
    Column.END: ("end", "ende", "end time", "finish"),
    Column.DURATION: ("duration", "minutes", "dauer", "length"),
    Column.BOOKED_AT: ("booked", "created", "date booked", "gebucht", "angelegt", "scheduled on"),
    Column.CANCELLED_AT: ("cancelled at", "cancelled on", "storniert am"),
    Column.SERVICE: ("service", "type", "treatment", "leistung", "behandlung"),
    Column.STAFF: ("staff", "provider", "employee", "mitarbeiter", "therapist", "with"),
    Column.PRICE: ("price", "preis", "amount", "total", "betrag"),
    Column.CUSTOMER: ("email", "e mail", "customer", "client", "patient", "kunde", "phone"),
}
_STATUS = ("status", "state", "outcome", "appointment status", "ergebnis")


def choose(tables: Sequence[Table], mapping: Map | None, ask: Ask | None) -> tuple[Map, bool]:
    """The map for these tables, and whether it was made by asking just now."""
    if mapping is not None:
        return mapping, False
    fitting = [each for each in ready().values() if _fits(each, tables)]
    best = _most_specific(fitting, tables)
    if len(best) == 1:
        return best[0], False
    if best:
        return _asked_which(best, tables, ask), False
    if ask is None:
        raise CannotRead(_no_map(tables[0]))
    return _interview(tables[0], ask), True


def part_for(table: Table, chosen: Map) -> Part:
    """The part of a map that a file is; CannotRead if none is."""
    fitting = [each for each in chosen.parts if set(each.recognised_by) <= set(table.folded)]
    if not fitting:
        raise CannotRead(
            f"The map “{chosen.title}” does not fit {table.source.name}. Its headings are:"
            f" {', '.join(table.headings[:30])}."
        )
    return max(fitting, key=lambda each: len(each.recognised_by))


def _fits(each: Map, tables: Sequence[Table]) -> bool:
    return all(any(_is(part, table) for part in each.parts) for table in tables)


def _is(part: Part, table: Table) -> bool:
    return bool(part.recognised_by) and set(part.recognised_by) <= set(table.folded)


def _most_specific(fitting: Sequence[Map], tables: Sequence[Table]) -> list[Map]:
    """Those maps that no other one includes: of {start} and {start, end, id} the second."""
    parts = {each.name: [part_for(table, each) for table in tables] for each in fitting}
    return [
        each
        for each in fitting
        if not any(_includes(parts[other.name], parts[each.name]) for other in fitting)
    ]


def _includes(ones: Sequence[Part], others: Sequence[Part]) -> bool:
    """Whether the first need more headings than the second, and have a use for all of theirs."""
    needs, others_need = _recognised(ones), _recognised(others)
    used = {fold(h) for part in ones for headings in part.columns.values() for h in headings}
    return len(needs) > len(others_need) and others_need <= needs | used


def _recognised(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset(heading for part in parts for heading in part.recognised_by)


def _asked_which(fitting: Sequence[Map], tables: Sequence[Table], ask: Ask | None) -> Map:
    names = tuple(each.name for each in fitting)
    titles = ", ".join(f"{each.name} ({each.title})" for each in fitting)
    name = tables[0].source.name
    question = Question(
        "map",
        f"{name} could come from several tools: {titles}. Which is it?",
        f"{name} could come from several tools: {titles}. Name the map that fits.",
        names,
        tables[0].headings,
    )
    return find(answer(question, ask))


def _no_map(table: Table) -> str:
    return (
        f"No ready map fits {table.source.name}. Its headings are:"
        f" {', '.join(table.headings[:30])}. Write a map that says which of them is what"
        " (docs/audit-files.md shows one), or let yourself be asked at a terminal."
    )


def _interview(table: Table, ask: Ask) -> Map:
    """A map made of answers, one column after the other, the file's first values beside each."""
    columns: dict[Column, tuple[str, ...]] = {}
    for column, words in _ASKED.items():
        if _is_needed(column, columns, table):
            heading = _asked_for(column, words, table, ask)
            if heading != NONE:
                columns[column] = (heading,)
            elif column is Column.START:
                raise CannotRead("Without a column that says when appointments begin, there is"
                                 " nothing to audit.")  # fmt: skip
    if Column.START_TIME in columns:
        columns[Column.START_DATE] = columns.pop(Column.START)
    return Map(
        name=fold(table.source.path.stem) or "own",
        title=table.source.path.stem,
        parts=(Part("", (), columns, _asked_status(table, ask)),),
    )


def _is_needed(column: Column, known: dict[Column, tuple[str, ...]], table: Table) -> bool:
    if column is Column.START_TIME:
        return not any(":" in value for value in table.values(known[Column.START][0]))
    return column is not Column.DURATION or Column.END not in known


def _asked_for(column: Column, words: str, table: Table, ask: Ask) -> str:
    question = _question(f"column.{column}", words, table, _guess(_USUAL[column], table))
    return answer(question, ask)


def _asked_status(table: Table, ask: Ask) -> tuple[Status, ...]:
    question = _question(
        "column.status",
        "what became of the appointment (its status)",
        table,
        _guess(_STATUS, table),
    )
    heading = answer(question, ask)
    return () if heading == NONE else (Status(heading, {}),)


def _question(key: str, words: str, table: Table, default: str) -> Question:
    return Question(
        key,
        f"Which column says {words}? ({NONE}: none)",
        _no_map(table),
        (*_usable(table), NONE),
        tuple(_example(heading, table) for heading in _usable(table)),
        default or NONE,
    )


def _example(heading: str, table: Table) -> str:
    return f"{heading}: {', '.join(table.values(heading)) or '(empty)'}"


def _usable(table: Table) -> tuple[str, ...]:
    return tuple(dict.fromkeys(heading for heading in table.headings if heading))


def _guess(usual: Sequence[str], table: Table) -> str:
    """The heading that is most likely meant; only ever put before somebody, never used unasked."""
    exact: Callable[[str, str], bool] = lambda heading, word: fold(heading) == word  # noqa: E731
    within: Callable[[str, str], bool] = lambda heading, word: word in fold(heading).split()  # noqa: E731
    for matches in (exact, within):
        for word in usual:
            for heading in _usable(table):
                if matches(heading, word):
                    return heading
    return ""
