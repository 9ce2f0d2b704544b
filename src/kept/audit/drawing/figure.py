"""One figure: question, answer, how sure it is, picture, table, and what lies behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kept.audit.drawing import words
from kept.audit.drawing.charts import chart
from kept.audit.drawing.markup import Markup, join, tag
from kept.audit.figures import Figure, Grade, Table, Value

Link = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Links:
    """Where things lead to, where they lead anywhere: an appointment by its reference; the list
    of all the appointments behind a figure or break by its name; a trial of the setting that is
    advised for a break by its number."""

    appointment: Link | None = None
    behind: Link | None = None
    trial: Link | None = None


def figure(each: Figure, links: Links) -> Markup:
    """The whole figure. Its id is its name."""
    return tag(
        "section",
        tag("h3", each.question, id=f"q-{each.name}"),
        tag("p", each.answer, class_="answer"),
        tag("p", badge(each.grade), " ", number(each.number), class_="grade"),
        values(each, links),
        picture(each),
        table(each.table, each.question) if each.table else None,
        notes(each.notes),
        missing(each),
        behind(each.behind, each.behind_of, links, each.name),
        class_="figure",
        id=each.name,
        aria_labelledby=f"q-{each.name}",
    )


def badge(grade: Grade) -> Markup:
    """How sure it is, in words; what the word means stands in the title and in the legend."""
    said, tone, means = words.GRADES[grade]
    return tag("span", said, class_=f"chip {tone}", title=means)


def number(code: str) -> Markup:
    return tag("span", code, class_="soft ref")


def values(each: Figure, links: Links) -> Markup | None:
    """The values of a figure; the number of those behind it leads to their list."""
    if not each.values:
        return None
    way = links.behind(each.name) if links.behind and each.behind else None
    items = (_value(value, way if _counts_them(value, each) else None) for value in each.values)
    return tag("ul", *items, class_="values")


def _counts_them(value: Value, each: Figure) -> bool:
    """Whether this very number is that of the appointments behind the figure."""
    return value.unit == "count" and value.raw == each.behind_of


def _value(value: Value, target: str | None) -> Markup:
    said = datum(value)
    shown = tag("a", said, href=target) if target else said
    return tag("li", tag("b", shown), " ", tag("span", spoken(value.name)))


def datum(value: Value) -> Markup:
    """A value as it is written, with what it is beside it for programs."""
    raw = "" if value.raw is None else str(value.raw)
    return tag("data", value.text, value=raw, class_=f"u-{value.unit}")


def spoken(name: str) -> str:
    """The name of a value in plain words: "notice_p50" is "notice, half of them"."""
    if name in SPOKEN:
        return SPOKEN[name]
    *before, last = name.split("_")
    plain = " ".join(before)
    if last not in QUANTILES:
        return f"{plain} {last}".strip()
    return f"{plain}, {QUANTILES[last]}" if plain else QUANTILES[last]


SPOKEN = {
    "low": "at least",
    "high": "at most",
    "no_show_rate": "did not come",
    "unresolved_share": "without an outcome",
    "assumed_share": "assumed, of all",
    "late_share": "cancelled too late",
    "recovered_share": "came later",
    "refilled_share": "used again",
    "rebooked_share": "booked again",
    "governed_share": "without a break",
    "governed": "carried through",
    "priced": "have a price",
}
"""What a name alone would not say to somebody who has no statistics."""

QUANTILES = {"p10": "1 in 10", "p50": "half of them", "p90": "9 in 10"}


def picture(each: Figure) -> Markup | None:
    if each.table is None or each.chart is None or not each.table.rows:
        return None
    drawn = chart(each.table, each.chart, f"c-{each.name}", each.question, each.answer)
    return tag("div", drawn, class_="picture") if drawn else None


def table(shown: Table, title: str) -> Markup | None:
    """The table; on a narrow screen it can be moved sideways, by keyboard too."""
    if not shown.rows and not shown.hidden:
        return None
    head = tag("tr", *_heads(shown))
    rows = (tag("tr", *_cells(row)) for row in shown.rows)
    caption = shown.caption or title
    drawn = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *rows))
    frame = tag("div", drawn, class_="scroll", tabindex=0, role="group", aria_label=caption)
    return join([frame if shown.rows else None, _hidden(shown.hidden)])


def _heads(shown: Table) -> list[Markup]:
    """Above numbers the words stand where the numbers do."""
    kinds = [None, *(_kind(each) for each in shown.rows[0][1:])] if shown.rows else []
    return [
        tag("th", spoken(name), scope="col", class_=kind)
        for name, kind in zip(shown.columns, kinds, strict=False)
    ]


def _cells(row: Sequence[Value]) -> list[Markup]:
    first, *others = row
    cells = (tag("td", datum(each), class_=_kind(each)) for each in others)
    return [tag("th", datum(first), scope="row"), *cells]


def _kind(value: Value) -> str | None:
    return None if value.unit in {"text", "date"} else "number"


def _hidden(rows: int) -> Markup | None:
    if not rows:
        return None
    said = words.many(rows, "row is", "rows are")
    return tag(
        "p",
        f"{said} left out: too few appointments stand behind {'it' if rows == 1 else 'them'} "
        "to say anything.",
        class_="soft",
    )


def notes(said: Sequence[str]) -> Markup | None:
    return tag("ul", *(tag("li", each) for each in said), class_="notes") if said else None


def missing(each: Figure) -> Markup | None:
    """What the source lacks for a better answer."""
    if not each.missing:
        return None
    return tag("p", f"Not to be seen here: {', '.join(each.missing)}.", class_="soft missing")


def behind(references: Sequence[str], of: int, links: Links, name: str) -> Markup | None:
    """The appointments behind a figure: the way to their list, or folded away the first of them."""
    if not references:
        return None
    of = max(of, len(references))
    said = f"The {words.many(of, 'appointment')} behind this"
    if links.behind:
        return tag("p", tag("a", said, href=links.behind(name)), class_="behind")
    title = tag("summary", said)
    more = None
    if of > len(references):
        said = f"The first {len(references):,} of {of:,}."
        more = tag("p", said, class_="soft")
    items = (tag("li", reference(each, links)) for each in references)
    return tag("details", title, more, tag("ul", *items, class_="refs"), class_="behind")


def reference(each: str, links: Links) -> Markup:
    if links.appointment is None:
        return tag("span", each, class_="ref")
    return tag("a", each, href=links.appointment(each), class_="ref")
