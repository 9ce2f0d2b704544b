"""Keeping the secrets that stand in addresses out of log lines."""

from __future__ import annotations

import logging
import re

SECRET_PATHS = re.compile(r"(/(?:a|sign-in)/)[^/\s?\"']+")


class HideSecrets(logging.Filter):
    """Blots out the token in the path of a customer's page or of a sign-in link."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if SECRET_PATHS.search(said):
            record.msg, record.args = SECRET_PATHS.sub(r"\1…", said), ()
        return True
