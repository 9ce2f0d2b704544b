"""The Content-Security-Policy of the settings, on every answer that has none of its own."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse


class OnePolicy:
    """Middleware: django-csp's, with the policy put into words once and not twice for each answer.

    As there, an answer may have a policy of its own (the header: a letter in its frame) or change
    parts of this one (`_csp_replace`: who may frame the form).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        changed = getattr(response, "_csp_replace", None)
        policy = build_policy(replace=changed) if changed else self.policy
        response.headers.setdefault(HEADER, policy)
        return response
