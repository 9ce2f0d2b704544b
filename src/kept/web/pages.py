"""Answering with a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render as django_render
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from kept.lib import i18n

LOCALE = "en_GB"
"""The locale of a page that belongs to no business."""


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    locale: str = LOCALE,
    status: int = 200,
) -> HttpResponse:
    """A page in a locale: not to be stored by anybody on the way, nor found by a search engine.

    Its words are in the language that is spoken (`speak`), English if none was chosen: then its
    dates are too, in the form of the locale's territory. A bound form with errors in the context
    (or a true `problem`) puts "Error: " before the title.
    """
    known = i18n.known_locale(locale, LOCALE)
    spoken = known if i18n.language(known) == _spoken() else i18n.source_locale(known)
    surroundings = {
        "locale": spoken,
        "lang": i18n.language_tag(spoken),
        "dir": i18n.direction(spoken),
        "other_languages": _other_languages(request),
        "languages_besides": _besides(request),
        "in_error": bool(context.get("problem")) or any(map(_has_errors, context.values())),
    }
    response = django_render(request, template, {**surroundings, **context}, status=status)
    return private(response)


def _other_languages(request: HttpRequest) -> list[tuple[str, str]]:
    """The languages this page could be read in besides, each with its own name for itself.

    None on the answer to a form: a link would lose what was typed (see `_besides`).
    """
    return _besides(request) if request.method == "GET" else []


def _besides(request: HttpRequest) -> list[tuple[str, str]]:
    """The same for pages that send what was typed along, with a button."""
    if not getattr(request, "speaks", False):
        return []
    return [(each, i18n.own_name(each)) for each in i18n.languages() if each != _spoken()]


def _spoken() -> str:
    return (translation.get_language() or settings.LANGUAGE_CODE).partition("-")[0]


# The language of a reader. Views that are marked with `in_the_readers_language` may speak; others
# (the console) have English words only, whatever their reader's browser asks for.


def readers_locale(request: HttpRequest, *known: str) -> str:
    """The locale in which this visitor is answered; `known` as in `i18n.readers_locale`."""
    wished = request.headers.get("Accept-Language", "")
    tags = [tag for tag, _ in parse_accept_lang_header(wished.lower())]
    if (chosen := _chosen(request)) in i18n.languages():
        tags.insert(0, chosen)
    return i18n.readers_locale(tags, *(i18n.known_locale(each, LOCALE) for each in known), LOCALE)


CHOICE = "kept_language"
"""The cookie in which a visitor's browser keeps the language they asked for by name."""


def _chosen(request: HttpRequest) -> str:
    return request.GET.get("lang") or request.COOKIES.get(CHOICE, "")


def speak(locale: str) -> str:
    """Say what follows in the language of this locale, as far as there are texts; returns the
    locale to write dates in. Inside of `in_the_readers_language`."""
    spoken = i18n.text_locale(i18n.known_locale(locale, LOCALE))
    language = i18n.language(spoken)
    translation.activate(settings.LANGUAGE_CODE if language == "en" else language)
    return spoken


View = Callable[..., HttpResponse]


def in_the_readers_language(view: View) -> View:
    """A view that speaks as its reader's browser asks, until it knows better (`speak`)."""

    @wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        # Whatever is spoken inside, the thread goes back to the language it had.
        with translation.override(translation.get_language()):
            request.speaks = True  # type: ignore[attr-defined]
            speak(readers_locale(request))
            response = view(request, *arguments, **named)
        if (chosen := request.GET.get("lang", "")) in i18n.languages():
            response.set_cookie(
                CHOICE, chosen, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
            )
        return response

    return answer


Answer = TypeVar("Answer", bound=HttpResponseBase)


def private(response: Answer) -> Answer:
    """The same answer, kept out of caches and search engines."""
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _has_errors(value: object) -> bool:
    return isinstance(value, forms.BaseForm) and value.is_bound and bool(value.errors)
