"""The two faces of a message: plain text, and HTML through MJML."""

import re
from functools import cache
from pathlib import Path
from textwrap import wrap

import mrml
from django.template import Context, Engine
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from kept.lib import i18n
from kept.outbox.texts.content import Content, Note, Row

FOLDER = Path(__file__).resolve().parent


def html(content: Content) -> str:
    """The message as HTML. Every fact passes through Django's escaping on its way."""
    start, end = ("right", "left") if i18n.direction(content.locale) == "rtl" else ("left", "right")
    facts = {
        "c": content,
        "rows": [
            {
                "label": row.label,
                "url": row.url,
                "weight": row.weight,
                "unbroken": _unbroken(row.value),
            }
            for row in content.rows
        ],
        "lang": i18n.language_tag(content.locale),
        "dir": i18n.direction(content.locale),
        "start": start,
        "end": end,
    }
    mjml = _engine().get_template("frame.mjml").render(Context(facts, autoescape=True))
    # MJML fetches the fonts it knows by name from elsewhere; a mail of ours fetches nothing.
    return mrml.to_html(mjml, render_options=mrml.RenderOptions(fonts={})).content


def _unbroken(value: str) -> SafeString:
    """The value, escaped, with "09:30–10:15" kept on one line."""
    held = r'<span style="white-space:nowrap;">\g<0></span>'
    return mark_safe(re.sub(r"\d[\d:.]*–\d[\d:.]*", held, escape(value)))


def plain(content: Content) -> str:
    """The message as plain text, in lines that need no folding on a narrow screen."""
    blocks = [
        content.heading,
        content.greeting,
        "\n".join(content.lead),
        "\n".join(_row(row) for row in content.rows),
        f"{content.button.words}:\n{content.button.url}",
        *(_note(note) for note in content.notes),
        "\n".join(content.footer),
    ]
    return "\n\n".join(_fold(block) for block in blocks if block) + "\n"


def _row(row: Row) -> str:
    value = f"{row.value} {row.url}" if row.url else row.value
    return f"{row.label}: {value}" if row.label else value


def _note(note: Note) -> str:
    if note.link is None:
        return note.words
    if note.link.url.startswith(("tel:", "mailto:")):
        return f"{note.words} {note.link.words}"
    return f"{note.words}\n{note.link.words}: {note.link.url}"


def _fold(block: str) -> str:
    lines = (
        wrap(line, 76, break_long_words=False, break_on_hyphens=False) for line in block.split("\n")
    )
    return "\n".join("\n".join(line) for line in lines)


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(FOLDER)], autoescape=True)
