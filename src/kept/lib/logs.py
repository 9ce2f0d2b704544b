"""Log lines, without the secrets that people carry in addresses."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from django.http import HttpResponse

Answer = TypeVar("Answer", bound="HttpResponse")

# A customer's page, the link of an enquiry or an invitation and a one-time sign-in link are secrets
# in an address; an API key, or the secret of a webhook, stands anywhere.
_IN_A_PATH = re.compile(r"(/a/|/l/|[?&](?:lead|for)=|/sign-in/)[A-Za-z0-9_~-]{8,}")
_KEY = re.compile(r"(kept_|whsec_)[A-Za-z0-9_+/=-]{8,}")


class HideSecrets(logging.Filter):
    """Writes `/a/…`, `/sign-in/…`, `kept_…`, `whsec_…` where a line would name the secret itself.

    On the handler, so that it sees the lines of every library. A traceback is part of the line.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = without_secrets(record.exc_text)
        return True


def without_secrets(text: str) -> str:
    """The text with every customer link, sign-in link and API key cut short."""
    return _KEY.sub(r"\1…", _IN_A_PATH.sub(r"\1…", text))


def has_been_logged(answer: Answer) -> Answer:
    """Tell Django, which logs every 4xx and 5xx, that this one has been logged in our own words."""
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer
