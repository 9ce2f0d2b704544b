"""Everything said to a customer is translated into every language there is."""

import re
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

import words

SHARED = [
    f"src/kept/web/templates/{name}.html"
    for name in (
        *("400", "403", "403_csrf", "404"),
        *("web/base", "web/error", "web/errors", "web/field", "web/help", "web/path"),
    )
]
TEMPLATES = sorted((words.SOURCE / "public").rglob("templates/**/*.html"))
TEMPLATES += [words.PROJECT / name for name in SHARED]


@pytest.mark.parametrize("language", words.languages())
def test_every_text_is_translated_and_none_is_left_over(language):
    assert words.wanting(language) == []


@pytest.mark.parametrize("language", words.languages())
def test_the_compiled_catalogue_is_the_one_that_is_written_down(language):
    compiled = words.CATALOGUES / language / "LC_MESSAGES" / "django.mo"
    assert compiled.read_bytes() == words.compiled(language), "./run words compiles it"


def placeholders(text):
    return sorted(re.findall(r"%\(\w+\)[sd]|<[^>]+>", text))


@pytest.mark.parametrize("language", words.languages())
def test_a_translation_has_the_same_blanks_and_marks(language):
    for message in words.catalogue(language):
        if message.id:
            texts = [message.id] if isinstance(message.id, str) else list(message.id)
            for text in words._forms(message):
                assert placeholders(text) in [placeholders(each) for each in texts], text


def test_a_missing_translation_is_found(monkeypatch):
    monkeypatch.setattr(words, "said", lambda: iter([("A new sentence.", "somewhere.py")]))
    assert "not translated: A new sentence." in words.wanting("de")
    assert "said no more: Your appointment" in words.wanting("de")


def bare_words(source):
    """The words of a template that are not marked to be translated."""
    text, translated = "", False
    for token in Lexer(source).tokenize():
        if token.token_type is TokenType.BLOCK:
            name = token.contents.split()[0]
            translated = name == "blocktranslate" or (translated and name != "endblocktranslate")
            text += "\0"
        elif token.token_type is TokenType.VAR:
            text += "\0"
        elif token.token_type is TokenType.TEXT and not translated:
            text += token.contents
    spoken = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', text)
    seen = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>|<!--.*?-->", "\n", text, flags=re.DOTALL)
    return re.findall(r"[^\W\d_]{2,}", re.sub(r"&\w+;", " ", " ".join([seen, *spoken])))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_word_of_a_customers_page_is_left_untranslated(path):
    assert bare_words(Path(path).read_text(encoding="utf-8")) == []


def test_a_bare_word_is_found():
    marked = '{% translate "Yes" %}<p class="soft" aria-label="{{ x }}">{{ name }}</p>'
    assert bare_words(marked) == []
    assert bare_words(f"{marked}<p>Hello</p>") == ["Hello"]
    assert bare_words(f'{marked}<ol aria-label="Path">') == ["Path"]
