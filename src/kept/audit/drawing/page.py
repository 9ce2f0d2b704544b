"""The report as one page: self-contained, without scripts, good on paper."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from kept.audit.drawing import words
from kept.audit.drawing.charts import patterns
from kept.audit.drawing.figure import Links
from kept.audit.drawing.markup import Markup, tag
from kept.audit.drawing.sections import parts, section
from kept.audit.figures import Report

NOWHERE = Links()


def document(report: Report, links: Links = NOWHERE) -> str:
    """The whole page as text, to be written into a file.

    It loads nothing from anywhere and runs nothing: its own policy forbids both.
    """
    style = _style(report)
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title(report)),
        tag("style", Markup(style)),
    )
    skip = tag("a", "To the report", href="#report", class_="skip")
    main = tag("main", tag("h1", title(report)), body(report, links), id="report")
    page = tag("html", head, tag("body", skip, main, class_="wide audit-page"), lang="en-GB")
    return f"<!doctype html>\n{page}\n"


def title(report: Report) -> str:
    return f"Revenue Audit: {report.source.name}"


def body(report: Report, links: Links = NOWHERE) -> Markup:
    """Everything below the title, also for a page of the console."""
    shown = list(parts(report, links))
    contents = (tag("li", tag("a", said, href=f"#part-{name}")) for name, said, _ in shown)
    return tag(
        "div",
        patterns(),
        about(report),
        tag("nav", tag("ol", *contents), class_="contents", aria_label="Contents"),
        *(section(name, said, drawn) for name, said, drawn in shown),
        class_="audit",
    )


def about(report: Report) -> Markup:
    """What was looked at, of which time, in which zone, and when."""
    facts = (
        ("Appointments that start", words.span(report)),
        ("Times are", words.zone_name(report)),
        ("Read from", words.kind(report)),
        ("Made", words.moment(report.made_at, report.source.zone)),
    )
    return tag("dl", *(tag("div", tag("dt", k), tag("dd", v)) for k, v in facts), class_="facts")


# The style


def _style(report: Report) -> str:
    """The house's style, the report's, and what is printed at the edge of every sheet."""
    return "\n".join([*(_sheet(name) for name in ("kept.css", "report.css")), _edges(report)])


def _sheet(name: str) -> str:
    return files("kept.web").joinpath("static", "web", name).read_text(encoding="utf-8")


def _edges(report: Report) -> str:
    made = words.moment(report.made_at, report.source.zone)
    edges = {
        "top-left": _quoted(report.source.name),
        "top-right": _quoted(words.span(report)),
        "bottom-left": _quoted(f"Made {made}, {words.zone_name(report)}"),
        "bottom-right": '"Page " counter(page) " of " counter(pages)',
    }
    boxes = " ".join(f"@{where} {{ content: {said}; }}" for where, said in edges.items())
    return f"@page {{ {boxes} }}\n"


def _quoted(said: str) -> str:
    """A text of CSS. Whatever could end it, or the style around it, is written as a number."""
    safe = "".join(
        each if each.isalnum() or each in " .,:;()-–" else f"\\{ord(each):x} " for each in said
    )
    return f'"{safe}"'
