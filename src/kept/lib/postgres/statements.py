"""Statements that are asked again and again on one connection, with little around them.

A cursor of psycopg does for every statement what a cursor may be wanted for; where a request asks
the same few questions each time, that is as much work as PostgreSQL has with them. Here a text is
prepared at its first use, and then only values go there and rows come back. Several may travel
together, and the `BEGIN` of a transaction travels with its first statement: what costs is the
number of journeys, on both sides, more than what is carried.

All of it is libpq's pipeline mode, spoken through psycopg's own wrapper of libpq (`psycopg.pq`).
Its `Connection.pipeline` would make a cursor for each statement again.
"""

from __future__ import annotations

import itertools
import re
import select
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

from psycopg import Connection, OperationalError, abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

MOST = 100  # statements that stay prepared on one connection
# PostgreSQL, error codes: the plan does not fit any more (a migration has been there), or is gone.
OUTDATED = frozenset({"0A000", "26000"})
DONE = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})

Row: TypeAlias = tuple[Any, ...]
Question: TypeAlias = tuple[str, Sequence[Any]]
"""A text with `%s` for each value, and the values."""
Key: TypeAlias = tuple[str, tuple[int, ...]]


class _Send(NamedTuple):
    """A part of a journey, and the statement that it prepares or executes."""

    go: Callable[[], None]
    key: Key | None = None
    prepares: bool = False


class Statements:
    """The statements prepared on one connection. For the thread whose connection it is."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self._names: dict[Key, bytes] = {}
        self._made = 0

    def ask(self, questions: Sequence[Question]) -> list[list[Row]]:
        """Execute these in their order, in the transaction of the connection, in one journey.

        Answers the rows of each, read as any cursor reads them. When one fails, those after it are
        not carried out, and its error is raised (psycopg.Error).
        """
        sends, readers = self._begin(), []
        for text, values in questions:
            reader = Transformer.from_context(self.connection)
            given = reader.dump_sequence(values, _automatic(len(values)))
            sends += self._execute((text, reader.types or ()), given, reader.formats)
            readers.append((len(sends) - 1, reader))
        results = self._exchange([each.go for each in sends])
        self._check(sends, results)
        return [_rows(reader, results[at]) for at, reader in readers]

    def _begin(self) -> list[_Send]:
        """`BEGIN`, where a transaction is to begin with what is asked."""
        line = self.connection.pgconn
        idle = line.transaction_status == TransactionStatus.IDLE
        if not idle or self.connection.autocommit:
            return []
        return [_Send(partial(line.send_query_params, b"BEGIN", None))]

    def _execute(self, key: Key, given: Sequence[Any], formats: Any) -> list[_Send]:
        """Execute a statement, and prepare it on the way if it is not."""
        line, name = self.connection.pgconn, self._names.get(key)
        if name is not None:
            return [_Send(partial(line.send_query_prepared, name, given, formats), key)]
        if len(self._names) >= MOST:
            self._forget(next(iter(self._names)))
        self._made += 1
        name = self._names[key] = b"kept_%d" % self._made
        return [
            _Send(partial(line.send_prepare, name, _numbered(key[0]), key[1]), key, prepares=True),
            _Send(partial(line.send_query_prepared, name, given, formats), key),
        ]

    def _forget(self, key: Key) -> None:
        name = self._names.pop(key)
        line = self.connection.pgconn
        self._exchange([partial(line.send_query_params, b"DEALLOCATE " + name, None)])

    def _exchange(self, sends: Sequence[Callable[[], None]]) -> list[PGresult]:
        """Send all of it in one journey; answers the result of each."""
        line = self.connection.pgconn
        try:
            line.enter_pipeline_mode()
            for send in sends:
                send()
            line.pipeline_sync()
            _flush(line)
            results = [_result(line) for _ in sends]
            _take(line)  # the end of the exchange
            line.exit_pipeline_mode()
        except BaseException:
            # From the middle of an exchange nobody can go on.
            self.connection.close()
            raise
        return results

    def _check(self, sends: Sequence[_Send], results: Sequence[PGresult]) -> None:
        """Raises the error of the first that failed, and forgets what is not prepared any more."""
        failed = [at for at, result in enumerate(results) if result.status not in DONE]
        if not failed:
            return
        error = error_from_result(results[failed[0]], encoding=self.connection.info.encoding)
        for at in failed:
            key = sends[at].key
            if key is not None and (sends[at].prepares or error.sqlstate in OUTDATED):
                self._names.pop(key, None)
        raise error


def _flush(line: PGconn) -> None:
    """Let all of it go, reading meanwhile: a server that cannot get rid of its answers listens to
    nothing more."""
    while line.flush():
        if _waited(line, select.POLLIN | select.POLLOUT) & select.POLLIN:
            line.consume_input()


def _result(line: PGconn) -> PGresult:
    """What came of one statement."""
    found = None
    while (result := _take(line)) is not None:
        found = result
    if found is None:
        raise OperationalError("the connection is lost")
    return found


def _take(line: PGconn) -> PGresult | None:
    while line.is_busy():
        _waited(line, select.POLLIN)
        line.consume_input()
    return line.get_result()


def _waited(line: PGconn, what: int) -> int:
    """Wait for the server while other threads go on; answers what has happened."""
    watch = select.poll()
    watch.register(line.socket, what)
    ((_, happened),) = watch.poll()
    return happened


def _rows(reader: abc.Transformer, result: PGresult) -> list[Row]:
    reader.set_pgresult(result)
    return reader.load_rows(0, result.ntuples, tuple)


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
