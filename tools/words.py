"""`./run words`: gather what pages and letters say into the catalogues, and compile them.

`./run words --check` only says what is missing. The words stand in English in the source: in
Python as `_("…")`, `lazy("…")`, in templates as `{% translate %}` and `{% blocktranslate %}`. To
begin a language, make the folder `src/kept/locale/xx/LC_MESSAGES` and run this.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PROJECT = Path(__file__).resolve().parent.parent
SOURCE = PROJECT / "src" / "kept"
CATALOGUES = SOURCE / "locale"
CALLS = {"_": None, "gettext": None, "gettext_lazy": None, "lazy": None, "ngettext": (1, 2)}

Said = tuple[str | tuple[str, str], str]
"""One text, or one with its plural, and the file it stands in."""


def said() -> Iterator[Said]:
    """Every text that is to be translated."""
    for path in sorted(SOURCE.rglob("*.py")):
        with path.open("rb") as file:
            for _line, text, _comments, _context in extract("python", file, keywords=CALLS):
                yield text if isinstance(text, str) else (text[0], text[1]), _name(path)
    for path in sorted(SOURCE.rglob("templates/**/*.html")):
        for text in _in_template(path.read_text(encoding="utf-8")):
            yield text, _name(path)


def _in_template(source: str) -> Iterator[str | tuple[str, str]]:
    from django.template import engines
    from django.templatetags.i18n import BlockTranslateNode, TranslateNode

    # As Django itself reads it, so that not a blank can differ from what is looked up.
    engine: Any = engines["django"]
    nodes = engine.from_string(source).template.nodelist
    for node in nodes.get_nodes_by_type(TranslateNode):
        if isinstance(literal := node.filter_expression.var.literal, str):
            yield literal
    for node in nodes.get_nodes_by_type(BlockTranslateNode):
        one, more = (_message(node, tokens) for tokens in (node.singular, node.plural))
        yield (one, more) if more else one


def _message(node: Any, tokens: Any) -> str:
    return str(node.render_token_list(tokens)[0]) if tokens else ""


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def template() -> Catalog:
    """All texts, without translations."""
    catalogue = Catalog(charset="utf-8")
    for text, place in said():
        catalogue.add(text, locations=[(place, 0)])
    return catalogue


def languages() -> list[str]:
    return sorted(folder.parent.name for folder in CATALOGUES.glob("*/LC_MESSAGES"))


def catalogue(language: str) -> Catalog:
    """The catalogue of a language as it is written down; empty for one that begins."""
    path = CATALOGUES / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def wanting(language: str) -> list[str]:
    """What is wrong with a catalogue: texts without a translation, doubtful, or said no more."""
    known, wanted = catalogue(language), template()
    found = []
    for message in wanted:
        if not message.id:
            continue
        translated = known.get(message.id)
        if translated is None or not all(_forms(translated)):
            found.append(f"not translated: {message.id}")
        elif translated.fuzzy:
            found.append(f"not checked: {message.id}")
    ids = {message.id for message in wanted}
    found += [f"said no more: {each.id}" for each in known if each.id and each.id not in ids]
    return found


def _forms(message: Message) -> list[str]:
    """A translation, in each of its plural forms."""
    given = message.string
    return [given] if isinstance(given, str) else [str(each or "") for each in given or [""]]


def compiled(language: str) -> bytes:
    """The catalogue in the form that programs read."""
    buffer = BytesIO()
    write_mo(buffer, catalogue(language))
    return buffer.getvalue()


def write(language: str) -> None:
    """Bring a catalogue up to date with the source and compile it."""
    folder = CATALOGUES / language / "LC_MESSAGES"
    known = catalogue(language)
    known.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    known.obsolete.clear()
    known.fuzzy = False
    known.header_comment = "# What pages and letters say. `./run words` keeps it up to date."
    with (folder / "django.po").open("wb") as file:
        write_po(file, known, width=100, sort_output=True, omit_header=False, include_lineno=False)
    (folder / "django.mo").write_bytes(compiled(language))


def main(arguments: list[str]) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kept.config.settings")
    django.setup()
    if arguments not in ([], ["--check"]):
        print("usage: ./run words [--check]", file=sys.stderr)
        return 2
    if not arguments:
        for language in languages():
            write(language)
    problems = [f"{each}: {what}" for each in languages() for what in wanting(each)]
    print("\n".join(problems) or "Every text is translated.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
