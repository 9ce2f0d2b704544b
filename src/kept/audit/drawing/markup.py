"""HTML and SVG as values: what is not `Markup` already is escaped on its way in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

VOID = frozenset({"meta", "link", "br", "hr", "col", "rect", "line", "circle", "path"})
"""Elements without an end: HTML's, and the shapes of SVG, which have nothing inside."""

Attribute = str | int | bool | None


class Markup(str):
    """Text that is markup already, and is not escaped again."""

    __slots__ = ()


def text(said: object) -> Markup:
    """What was said, as markup."""
    return said if isinstance(said, Markup) else Markup(escape(str(said), quote=True))


def join(parts: Iterable[object], between: str = "") -> Markup:
    """The parts one after the other; None is left out."""
    return Markup(between.join(text(each) for each in parts if each is not None))


def tag(name: str, /, *children: object, **attributes: Attribute) -> Markup:
    """An element. `class_` is class, `aria_label` is aria-label; None and False are left out."""
    opening = f"<{name}{''.join(map(_attribute, attributes.items()))}>"
    if name in VOID:
        return Markup(opening if name in _OF_HTML else f"{opening[:-1]}/>")
    return Markup(f"{opening}{join(children)}</{name}>")


_OF_HTML = frozenset({"meta", "link", "br", "hr", "col"})


def _attribute(item: tuple[str, Attribute]) -> str:
    name, value = item
    if value is None or value is False:
        return ""
    written = _NAMES.get(name) or name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escape(str(value), quote=True)}"'


_NAMES = {"viewbox": "viewBox"}  # the one name of SVG used here that is not in small letters
