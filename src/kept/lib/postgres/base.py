"""The backend that the settings name (`ENGINE`); Django looks for it in a module of this name."""

from __future__ import annotations

import select
import time
from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.types.datetime import TimestamptzLoader

from kept.lib.postgres.statements import Question, Row, Statements

LONGEST_PAUSE = 5.0  # seconds


class Instant(TimestamptzLoader):
    """Reads an instant as Django's own loader does, ten times as fast: a case has dozens of them.

    Our connections ask for UTC, so what arrives is ISO 8601 but for dates that Python has not.
    """

    timezone = UTC  # Django compares it with its own and would put its loader back

    def load(self, data: Buffer) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return super().load(data)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, but for how it reads instants and finds out that a line is no longer there."""

    _seen_at = -LONGEST_PAUSE  # by the monotonic clock
    _statements: Statements | None = None

    def ask(self, *questions: Question) -> list[list[Row]]:
        """The rows of each of these statements, which are asked again and again, in one journey.

        As `execute` and `fetchall` of a cursor, with the same errors; for `kept.lib.ready`, who
        tells those that listen to what is executed.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            made = self._statements
            if made is None or made.connection is not self.connection:
                made = self._statements = Statements(self.connection)
            return made.ask(questions)

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        params["context"] = AdaptersMap(params["context"])
        params["context"].register_loader("timestamptz", Instant)
        return params

    def is_usable(self) -> bool:
        """True when the connection can be used for the next request.

        Django sends `SELECT 1` before the first statement of each request. A server that stops,
        restarts or cuts us off closes the line, and a line that was closed has something to read
        while one at rest has nothing: the kernel knows, without a journey. Django's question is
        still put when there is something to read, after an error, and after a pause, in which a
        machine may have gone without a word.
        """
        usable = self._is_quiet() or super().is_usable()
        if usable:
            self._seen_at = time.monotonic()
        return usable

    def _is_quiet(self) -> bool:
        """True when it was seen alive a moment ago and nothing was heard of it since."""
        if self.connection is None or self.connection.closed or self.errors_occurred:
            return False
        if time.monotonic() - self._seen_at > LONGEST_PAUSE:
            return False
        # Not `select`, which cannot watch a descriptor above 1023.
        line = select.poll()
        line.register(self.connection.fileno(), select.POLLIN)
        return not line.poll(0)
