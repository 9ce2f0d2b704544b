"""A table's chart as SVG, drawn on the server.

Lengths are shares of the picture's width, heights are pixels: so the letters keep their size on a
phone, on a wide screen and on paper. Each bar has its words and its value above it; a stack's parts
differ by pattern and stand in a legend. The whole picture is named by the figure's question, and
the table below it says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from kept.audit.drawing.markup import Markup, join, tag
from kept.audit.figures import Chart, Shape, Table, Value

MOST = 24
"""Rows that are drawn; a longer picture would be cut by the end of a sheet."""

LABEL = 44  # letters of a label; all of it stands in the table
ROW, BAR, TEXT = 42, 14, 15  # pixels: from row to row, the bar's height, from the top to the words
THIN = 9  # the height of each of several bars
FULL = 10_000  # a share of one, in ten-thousandths

PATTERNS = 6


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row made ready: the words above, and the numbers its parts are as long as."""

    label: str
    said: str
    parts: tuple[Decimal, ...]
    low: Decimal | None = None
    high: Decimal | None = None


def chart(table: Table, wanted: Chart, name: str, title: str, says: str) -> Markup | None:
    """The picture of a table, or None where there is nothing to draw.

    `name` makes the ids of its title and description, and must differ from picture to picture.
    """
    rows = [] if wanted.shape is Shape.NONE else _rows(table, wanted)
    top = max((max(_reach(row, wanted.shape)) for row in rows), default=Decimal(0))
    if top <= 0:
        return None
    shown = rows[:MOST]
    scale = _scale(top, _unit(table, wanted))
    step = ROW - BAR + _thickness(len(wanted.series), wanted.shape)
    body = join(_row(row, number * step, scale, wanted.shape) for number, row in enumerate(shown))
    height = len(shown) * step + 4
    axis = _axis(scale, height) if wanted.shape is Shape.RANGE else None
    picture = tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", says, id=f"{name}-desc"),
        body,
        axis,
        role="img",
        class_="chart",
        width="100%",
        height=height + (18 if axis else 0),
        aria_labelledby=f"{name}-title {name}-desc",
    )
    return join([_legend(wanted), picture, _rest(len(rows) - len(shown))])


def patterns() -> Markup:
    """The patterns of stacks, to stand once in a page, out of sight."""
    drawn = (
        tag(
            "pattern",
            tag("rect", width=8, height=8, class_=f"ground g{number}"),
            tag("path", d=path, class_="strokes") if path else None,
            id=f"kept-part-{number}",
            width=8,
            height=8,
            patternUnits="userSpaceOnUse",
        )
        for number, path in enumerate(_STROKES)
    )
    defs = tag("defs", *drawn)
    return tag("svg", defs, class_="unseen", aria_hidden="true", width=0, height=0)


_STROKES = (
    "",
    "M0 8L8 0M-2 2L2 -2M6 10L10 6",
    "M2 2h1v1h-1zM6 6h1v1h-1z",
    "M0 4H8",
    "M4 0V8",
    "M0 0L8 8M0 8L8 0",
)


# The rows


def _rows(table: Table, wanted: Chart) -> list[Drawn]:
    place = {name: number for number, name in enumerate(table.columns)}
    return [_drawn(row, place, wanted) for row in table.rows]


def _drawn(row: Sequence[Value], place: dict[str, int], wanted: Chart) -> Drawn:
    cells = [row[place[name]] for name in wanted.series]
    low = row[place[wanted.low]] if wanted.low else None
    high = row[place[wanted.high]] if wanted.high else None
    # Only the parts of a stack make up a whole.
    said = (" + " if wanted.shape is Shape.STACK else " / ").join(each.text for each in cells)
    if low is not None and high is not None and low.text and cells[0].raw is not None:
        said = f"{said} ({low.text} to {high.text})"
    return Drawn(
        row[place[wanted.label]].text,
        said,
        tuple(_number(each) or Decimal(0) for each in cells),
        _number(low),
        _number(high),
    )


def _number(value: Value | None) -> Decimal | None:
    if value is None or value.raw is None or isinstance(value.raw, str):
        return None
    return Decimal(value.raw)


def _reach(row: Drawn, shape: Shape) -> Iterator[Decimal]:
    """How far to the end of the row its parts come."""
    yield sum(row.parts, Decimal(0)) if shape is Shape.STACK else max(row.parts, default=Decimal(0))
    if row.high is not None:
        yield row.high


def _unit(table: Table, wanted: Chart) -> str:
    place = table.columns.index(wanted.series[0])
    return table.rows[0][place].unit


def _scale(top: Decimal, unit: str) -> Decimal:
    """What the whole width stands for: of shares the next ten per cent, else the longest."""
    if unit != "share":
        return top
    return min(Decimal(FULL), Decimal(ceil(top / 1000) * 1000))


# Drawing


def _thickness(bars: int, shape: Shape) -> int:
    """How high what is drawn of a row is: several bars stand one below the other."""
    return BAR if bars < 2 or shape in {Shape.STACK, Shape.RANGE} else bars * THIN


def _row(row: Drawn, top: int, scale: Decimal, shape: Shape) -> Markup:
    words = tag("text", _short(row, shape), x=0, y=top + TEXT, class_="label")
    said = tag("text", row.said, x="100%", y=top + TEXT, class_="said")
    draw = {Shape.RANGE: _range, Shape.STACK: _stack}.get(shape, _bars)
    return tag("g", words, said, draw(row, top + TEXT + 6, scale))


def _bars(row: Drawn, top: int, scale: Decimal) -> Markup:
    """One bar, or several thin ones one below the other; behind it how long it could be."""
    whole = _thickness(len(row.parts), Shape.BARS)
    height = whole // max(1, len(row.parts))
    track = tag("rect", x=0, y=top, width="100%", height=whole, class_="track")
    bars = (
        tag(
            "rect",
            x=0,
            y=top + number * height,
            width=_share(part, scale),
            height=height,
            class_=f"length b{number % PATTERNS}",
        )
        for number, part in enumerate(row.parts)
    )
    return join([track, *bars, _whiskers(row, top + BAR // 2, scale)])


def _stack(row: Drawn, top: int, scale: Decimal) -> Markup:
    track = tag("rect", x=0, y=top, width="100%", height=BAR, class_="track")
    drawn, before = [track], Decimal(0)
    for number, part in enumerate(row.parts):
        drawn.append(
            tag(
                "rect",
                x=_share(before, scale),
                y=top,
                width=_share(part, scale),
                height=BAR,
                fill=f"url(#kept-part-{number % PATTERNS})",
                class_="part",
            )
        )
        before += part
    return join(drawn)


def _range(row: Drawn, top: int, scale: Decimal) -> Markup:
    """A point between its bounds. Without a point the bounds alone."""
    middle = top + BAR // 2
    track = tag("line", x1=0, x2="100%", y1=middle, y2=middle, class_="axis")
    point = (
        tag("circle", cx=_share(row.parts[0], scale), cy=middle, r=5, class_="point")
        if row.parts
        else None
    )
    return join([track, _whiskers(row, middle, scale), point])


def _whiskers(row: Drawn, middle: int, scale: Decimal) -> Markup | None:
    if row.low is None or row.high is None:
        return None
    ends = (_share(row.low, scale), _share(row.high, scale))
    span = tag("line", x1=ends[0], x2=ends[1], y1=middle, y2=middle, class_="span")
    caps = (
        tag("line", x1=end, x2=end, y1=middle - 6, y2=middle + 6, class_="span") for end in ends
    )
    return join([span, *caps])


def _axis(scale: Decimal, top: int) -> Markup:
    """What the ends of the picture stand for, where lengths are shares; else nothing to say."""
    words = f"{scale / 100:.0f} %" if scale % 100 == 0 and scale <= FULL else ""
    zero = tag("text", "0", x=0, y=top + 12, class_="scale-end")
    return join([zero, tag("text", words, x="100%", y=top + 12, class_="scale-end last")])


def _share(part: Decimal, scale: Decimal) -> str:
    return f"{min(max(part / scale, Decimal(0)), Decimal(1)) * 100:.3f}%"


def _short(row: Drawn, shape: Shape) -> str:
    """The label, cut off; beside the numbers of several bars there is less room on a phone."""
    several = len(row.parts) > 1 and shape not in {Shape.STACK, Shape.RANGE}
    most = LABEL - len(row.said) - 1 if several else LABEL
    return row.label if len(row.label) <= most else f"{row.label[: most - 1].rstrip()}…"


def _legend(wanted: Chart) -> Markup | None:
    if len(wanted.series) < 2:
        return None
    stacked = wanted.shape is Shape.STACK
    items = (
        tag("li", _sample(number, stacked=stacked), " ", name)
        for number, name in enumerate(wanted.series)
    )
    return tag("ul", *items, class_="legend")


def _sample(number: int, *, stacked: bool) -> Markup:
    number %= PATTERNS
    looks: dict[str, str] = (
        {"fill": f"url(#kept-part-{number})", "class_": "part"}
        if stacked
        else {"class_": f"length b{number}"}
    )
    shape = tag("rect", x=1, y=1, width=22, height=12, **looks)
    return tag("svg", shape, width=24, height=14, aria_hidden="true", focusable="false")


def _rest(left: int) -> Markup | None:
    if left <= 0:
        return None
    return tag("p", f"The first {MOST} are drawn; {left} more stand in the table.", class_="soft")
