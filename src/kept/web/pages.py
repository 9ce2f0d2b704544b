"""Answering with a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as django_render

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

    A bound form with errors in the context (or a true `problem`) puts "Error: " before the title.
    """
    spoken = i18n.text_locale(i18n.known_locale(locale, LOCALE))
    surroundings = {
        "locale": spoken,
        "lang": i18n.language_tag(spoken),
        "dir": i18n.direction(spoken),
        "in_error": bool(context.get("problem")) or any(map(_has_errors, context.values())),
    }
    response = django_render(request, template, {**surroundings, **context}, status=status)
    return private(response)


def private(response: HttpResponse) -> HttpResponse:
    """The same answer, kept out of caches and search engines."""
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _has_errors(value: object) -> bool:
    return isinstance(value, forms.BaseForm) and value.is_bound and bool(value.errors)
