"""Statements that are asked again and again on one connection, with little around them.

A cursor of psycopg does for every statement what a cursor may be wanted for; where a request asks
the same few questions each time, that is as much work as PostgreSQL has with them. Here a text is
prepared at its first use, and then only values go there and rows come back. The `BEGIN` of a
transaction travels with its first statement, so that it costs no journey of its own.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from psycopg import Connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute, fetch_many, send
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

MOST = 100  # statements that stay prepared on one connection
# PostgreSQL, error codes: the plan does not fit any more (a migration has been there), or is gone.
OUTDATED = frozenset({"0A000", "26000"})
DONE = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[str, tuple[int, ...]]


class Statements:
    """The statements prepared on one connection. For the thread whose connection it is."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self._names: dict[Key, bytes] = {}
        self._made = 0

    def ask(self, text: str, values: Sequence[Any]) -> list[Row]:
        """Execute this text, with `%s` for each value, in the transaction of the connection.

        Answers the rows, read as any cursor reads them. Raises psycopg.Error.
        """
        reader = Transformer.from_context(self.connection)
        given = reader.dump_sequence(values, _automatic(len(values)))
        key = (text, reader.types or ())
        name = self._names.get(key) or self._prepare(key)
        with self.connection.lock:
            if self._begins:
                result = self._with_begin(name, given, reader.formats)
            else:
                self.connection.pgconn.send_query_prepared(name, given, reader.formats)
                result = self.connection.wait(execute(self.connection.pgconn))[-1]
        self._check(result, key)
        reader.set_pgresult(result)
        return reader.load_rows(0, result.ntuples, tuple)

    @property
    def _begins(self) -> bool:
        """The statement is the first of a transaction, which has not begun."""
        idle = self.connection.pgconn.transaction_status == TransactionStatus.IDLE
        return idle and not self.connection.autocommit

    def _prepare(self, key: Key) -> bytes:
        text, types = key
        self._made += 1
        name = b"kept_%d" % self._made
        if len(self._names) >= MOST:
            self._forget(next(iter(self._names)))
        with self.connection.lock:
            self.connection.pgconn.send_prepare(name, _numbered(text), types)
            result = self.connection.wait(execute(self.connection.pgconn))[-1]
        self._check(result, key)
        self._names[key] = name
        return name

    def _forget(self, key: Key) -> None:
        with self.connection.lock:
            self.connection.pgconn.send_query(b"DEALLOCATE " + self._names.pop(key))
            self.connection.wait(execute(self.connection.pgconn))

    def _with_begin(self, name: bytes, given: Sequence[Any], formats: Any) -> PGresult:
        """`BEGIN` and the statement in one journey: the result of the second, or what failed."""
        line, wait = self.connection.pgconn, self.connection.wait
        try:
            line.enter_pipeline_mode()
            line.send_query_params(b"BEGIN", None)
            line.send_query_prepared(name, given, formats)
            line.pipeline_sync()
            wait(send(line))
            begun, asked, _ = (wait(fetch_many(line)) for _ in range(3))
            line.exit_pipeline_mode()
        except BaseException:
            # From the middle of an exchange nobody can go on.
            self.connection.close()
            raise
        result: PGresult = [*(each for each in begun if each.status not in DONE), asked[-1]][0]
        return result

    def _check(self, result: PGresult, key: Key) -> None:
        if result.status in DONE:
            return
        error = error_from_result(result, encoding=self.connection.info.encoding)
        if error.sqlstate in OUTDATED:
            self._names.pop(key, None)
        raise error


@lru_cache(maxsize=512)
def _numbered(text: str) -> bytes:
    """The text as PostgreSQL prepares it: `$1`, `$2` … for each `%s`, and `%` for `%%`."""
    numbers = itertools.count(1)
    return re.sub("%[s%]", lambda found: _written(found[0], numbers), text).encode()


def _written(mark: str, numbers: Iterator[int]) -> str:
    return f"${next(numbers)}" if mark == "%s" else "%"


@lru_cache(maxsize=64)
def _automatic(count: int) -> list[PyFormat]:
    return [PyFormat.AUTO] * count
