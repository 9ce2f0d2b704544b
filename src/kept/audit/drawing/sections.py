"""The parts of the report, in the order in which an owner reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from kept.audit.drawing import words
from kept.audit.drawing.figure import (
    Links,
    badge,
    behind,
    figure,
    missing,
    notes,
    number,
    picture,
    table,
    values,
)
from kept.audit.drawing.markup import Markup, join, tag
from kept.audit.figures import Break, Figure, Grade, Report
from kept.audit.measures.wording import price
from kept.audit.quality import Quality

NOT_MARGIN = (
    "All amounts are list prices, not what was earned: costs that fall away with a visit are not "
    "taken off, and what was paid all the same is not known here."
)


def section(name: str, title: str, *body: object) -> Markup:
    """A part of the report, with an id to be led to."""
    heading = tag("h2", title, id=f"h-{name}")
    return tag("section", heading, *body, id=f"part-{name}", aria_labelledby=f"h-{name}")


def parts(report: Report, links: Links) -> Iterator[tuple[str, str, Markup]]:
    """Name, title and content of each part; those without anything to say are left out."""
    yield "read", "What was read", _quality(report)
    yield "governed", report.headline.question, _headline(report, links)
    if words.dearest(report) or words.about_money(report):
        yield "money", "What it costs", _money(report, links)
    if report.breaks:
        yield "breaks", "What broke, and what to do", _breaks(report, links)
    for chapter, figures in _chapters(report).items():
        yield f"c-{_slug(chapter)}", chapter[:1].upper() + chapter[1:], _figures(figures, links)
    if words.unanswered(report):
        title = (
            "What cannot be answered yet, and what it would take"
            if report.source.own
            else "What this file cannot answer, and what would"
        )
        yield "unanswered", title, _unanswered(report)
    yield "sure", "How sure a figure is", _grades()


def _slug(chapter: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in chapter.lower())


# What was read


def _quality(report: Report) -> Markup:
    found = report.quality
    return join(
        [
            tag("p", words.rows_read(found), class_="answer"),
            _sums(found),
            _reasons("Rows that were left out", "Why", found, found.dropped.items()),
            _reasons("Rows that were used, with a remark", "What", found, found.noted.items()),
            _knows(report),
            notes(tuple(each for each in report.source.notes if each not in report.warnings)),
            *(tag("p", each, class_="notice warn") for each in report.warnings),
        ]
    )


def _sums(found: Quality) -> Markup:
    left = sum(found.dropped.values())
    sums = (("read", found.read), ("used", found.used), ("left out", left))
    items = (
        tag("li", tag("b", tag("data", f"{count:,}", value=count)), " ", tag("span", said))
        for said, count in sums
    )
    wrong = (
        None
        if found.adds_up
        else tag(
            "p", "These do not add up: please tell who made this program.", class_="notice bad"
        )
    )
    return join([tag("ul", *items, class_="values"), wrong])


def _reasons(
    caption: str, column: str, found: Quality, counts: Iterable[tuple[str, int]]
) -> Markup | None:
    rows = sorted(counts, key=lambda item: (-item[1], item[0]))
    if not rows:
        return None
    drawn = [
        tag(
            "tr",
            tag("th", why, scope="row"),
            tag("td", tag("data", f"{count:,}", value=count), class_="number"),
            tag("td", _places(found.where.get(why, []), count)),
        )
        for why, count in rows
    ]
    return plain_table(caption, (column, "Rows", "For example"), drawn)


def _places(where: Sequence[str], count: int) -> str:
    return ", ".join(where) + (", …" if where and count > len(where) else "")


def plain_table(caption: str, columns: Sequence[str], rows: Sequence[Markup]) -> Markup:
    """A table whose numbers stand in columns named in `_NUMBERS`."""
    head = tag("tr", *(tag("th", name, scope="col", class_=_NUMBERS.get(name)) for name in columns))
    drawn = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *rows))
    return tag("div", drawn, class_="scroll", tabindex=0, role="group", aria_label=caption)


_NUMBERS = dict.fromkeys(("Rows", "Lost", "At risk"), "number")


def _knows(report: Report) -> Markup:
    """What the source says of an appointment at all: everything below rests on that."""
    if report.source.own:
        return tag("p", "All of it comes from what Kept wrote down as it happened.")
    known = sorted(each.value for each in report.source.knows)
    if not known:
        return tag("p", "Nothing is known of an appointment but when it starts.")
    return tag("p", f"Of an appointment it can say: {', '.join(known)}.")


# The headline


def _headline(report: Report, links: Links) -> Markup:
    """The one number, and where the path breaks first. Its question is the title already."""
    each = report.headline
    whole = tag(
        "div",
        tag("p", each.answer, class_="answer big"),
        tag("p", badge(each.grade), " ", number(each.number), class_="grade"),
        values(each, links),
        picture(each),
        table(each.table, each.question) if each.table else None,
        notes(each.notes),
        behind(each.behind, each.behind_of, links, each.name),
        missing(each),
        class_="figure",
        id=each.name,
    )
    first = [one for one in words.answered(report) if one.number == each.number]
    return join([whole, _figures(first, links)])


# Money


def _money(report: Report, links: Links) -> Markup:
    currency = report.source.currency
    rows = [
        tag(
            "tr",
            tag("th", tag("a", words.title(each), href=f"#{each.number}"), scope="row"),
            tag("td", amount(each.lost, currency), class_="number"),
            tag("td", amount(each.at_risk, currency), class_="number"),
        )
        for each in words.dearest(report)
    ]
    columns = ("What broke", "Lost", "At risk")
    return join(
        [
            tag("p", NOT_MARGIN, class_="notice"),
            _figures(words.about_money(report), links),
            plain_table("Money by what broke first", columns, rows) if rows else None,
            tag(
                "p",
                "An appointment that broke more than once is counted here once, where it broke "
                "first.",
                class_="soft",
            )
            if len(rows) > 1
            else None,
        ]
    )


def amount(money: Decimal | None, currency: str) -> Markup | str:
    """An amount as it is written everywhere; nothing where none is known."""
    if money is None:
        return "not known"
    return tag("data", price(money, currency), value=str(money), class_="u-money")


# The breaks


def _breaks(report: Report, links: Links) -> Markup:
    known = [each for each in report.breaks if each.grade is not Grade.UNKNOWABLE]
    unknown = [each for each in report.breaks if each.grade is Grade.UNKNOWABLE]
    found = [each for each in known if each.appointments]
    unbroken = [each for each in known if not each.appointments]
    return join(
        [
            *(_break(each, report, links) for each in found),
            _unbroken(unbroken) if unbroken else None,
            _unseen(unknown, report) if unknown else None,
        ]
    )


def _break(each: Break, report: Report, links: Links) -> Markup:
    return tag(
        "section",
        tag("h3", words.title(each), id=f"q-{each.number}"),
        tag("p", each.sentence, class_="answer"),
        tag("p", badge(each.grade), " ", number(each.number), class_="grade"),
        _counts(each, report, links),
        _advice(each, links),
        behind(each.behind, each.behind_of, links, each.number),
        class_="figure break",
        id=each.number,
        aria_labelledby=f"q-{each.number}",
    )


def _counts(each: Break, report: Report, links: Links) -> Markup:
    count = tag("data", f"{each.appointments:,}", value=each.appointments, class_="u-count")
    if links.behind and each.behind and each.behind_of == each.appointments:
        count = tag("a", count, href=links.behind(each.number))
    first = tag("data", f"{each.first:,}", value=each.first, class_="u-count")
    facts: list[tuple[str, object]] = [
        ("Appointments", count),
        ("Of these it was the first break of", first),
        ("At this stage", each.stage),
    ]
    if each.lost is not None:
        facts.append(("Lost, list price", amount(each.lost, report.source.currency)))
    if each.at_risk is not None:
        facts.append(("At risk, list price", amount(each.at_risk, report.source.currency)))
    return tag("dl", *(tag("div", tag("dt", k), tag("dd", v)) for k, v in facts), class_="facts")


def _advice(each: Break, links: Links) -> Markup | None:
    """What to do; who can try the setting is led there instead of to a command."""
    if not each.advice:
        return None
    setting = _setting(each, links)
    said = join([tag("b", "What to do: "), each.advice, " " if setting else None, setting])
    return tag("p", said, class_="notice advice")


def _setting(each: Break, links: Links) -> Markup | None:
    if not each.policy:
        return None
    if links.trial is None:
        return tag("code", words.setting(each))
    unseen = tag("span", f": {words.title(each)}", class_="unseen")
    return tag("a", "Try it on the past", unseen, href=links.trial(each.number), class_="trial")


def _unbroken(breaks: Sequence[Break]) -> Markup:
    items = (
        tag("li", tag("b", words.title(each)), ": ", each.sentence, id=each.number)
        for each in breaks
    )
    return join([tag("h3", "What did not break"), tag("ul", *items, class_="plain")])


def _unseen(breaks: Sequence[Break], report: Report) -> Markup:
    title = "What is not recorded" if report.source.own else "What this file does not show"
    items = (
        tag(
            "li",
            tag("b", words.title(each)),
            f": it would take {', '.join(each.missing)}.",
            id=each.number,
        )
        for each in breaks
    )
    return join([tag("h3", title), tag("ul", *items, class_="plain")])


# The chapters


def _chapters(report: Report) -> dict[str, list[Figure]]:
    told = {each.name for each in words.about_money(report)}
    found: dict[str, list[Figure]] = {}
    for each in words.answered(report):
        if each.name not in told and each.number != report.headline.number:
            found.setdefault(each.chapter, []).append(each)
    return found


def _figures(figures: Sequence[Figure], links: Links) -> Markup:
    """The figures; those that are but a sentence come last, in a list."""
    full = [each for each in figures if each.values or each.table]
    short = [each for each in figures if not (each.values or each.table)]
    items = (tag("li", tag("b", each.question), " ", each.answer, id=each.name) for each in short)
    return join(
        [
            *(figure(each, links) for each in full),
            tag("ul", *items, class_="plain short") if short else None,
        ]
    )


# What cannot be known


def _unanswered(report: Report) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", each.question, scope="row", id=f"no-{each.name}"),
            tag("td", ", ".join(each.missing) or each.answer),
        )
        for each in words.unanswered(report)
    ]
    why = (
        "A figure is left out rather than guessed. For each of these questions the source lacks "
        "something; with it, the same audit answers."
    )
    return join([tag("p", why), plain_table("Not answered", ("Question", "It would take"), rows)])


def _grades() -> Markup:
    rows = [
        tag("div", tag("dt", badge(grade)), tag("dd", f"{means[:1].upper()}{means[1:]}."))
        for grade, (_, _, means) in words.GRADES.items()
    ]
    return tag("dl", *rows, class_="facts")
