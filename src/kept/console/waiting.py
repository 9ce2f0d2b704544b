"""Long work on a page: its answer begins at once, tells how far the work has come, and ends with
the result.

Chosen over a row that a worker fills and a page that asks for it again and again: nothing of an
audit is kept anywhere, nothing has to be deleted, no worker that delivers letters is kept busy, and
whoever closes the page ends the work. Given up: the page must stay open, and what stands between
may not gather the answer first (`X-Accel-Buffering` asks it not to). One such work runs at a time,
because each takes a core.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from queue import Empty, Queue
from typing import Generic, TypeVar

from django.db import connection
from django.http import StreamingHttpResponse
from django.utils.html import format_html

from kept.lib import reading

T = TypeVar("T")
Progress = Callable[[int], None]

MARK = "<!-- the result -->"
"""Where a template that is rendered twice is parted: for the waiting, and for the result."""

BUSY = "Another long audit is being made just now. Try again when it has ended."
FAILED = "It could not be finished: {}. Choose a shorter time, or try again."
TELL_EVERY = 2.0  # seconds without news after which a sign of life is given
_one = threading.Semaphore(1)


class Left(Exception):
    """Nobody waits any more."""


class Work(Generic[T]):
    """Something long in a thread of its own, with what it tells of itself."""

    def __init__(self, make: Callable[[Progress], T]) -> None:
        self._make = make
        self.news: Queue[int] = Queue()
        self.error: Exception | None = None
        self.result: T | None = None
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with reading.only():
                self.result = self._make(self._tell)
        except Left:
            pass
        except Exception as error:
            self.error = error
        finally:
            connection.close()

    def _tell(self, done: int) -> None:
        if self._left.is_set():
            raise Left
        self.news.put(done)

    def progress(self) -> Iterator[int | None]:
        """How far it is, as it is told; None where nothing was told for a while."""
        self._thread.start()
        while self._thread.is_alive():
            try:
                yield self.news.get(timeout=TELL_EVERY)
            except Empty:
                yield None

    def leave(self) -> None:
        """End it, and wait until it has ended."""
        self._left.set()
        if self._thread.is_alive():
            self._thread.join()


def answer(
    make: Callable[[Progress], T],
    before: str,
    after: Callable[[T], str],
    words: str,
) -> StreamingHttpResponse:
    """A page that tells how far the work is (`words`: "appointments read, of 60,000"). `before` is
    the page while it waits, `after` the page with the result: both have the MARK once."""
    parts = _parts(make, before, after, words)
    response = StreamingHttpResponse(_encoded(parts), content_type="text/html; charset=utf-8")
    response.headers["X-Accel-Buffering"] = "no"
    response.headers["Cache-Control"] = "no-store"
    return response


def _encoded(parts: Generator[str, None, None]) -> Iterator[bytes]:
    """Whoever closes this one closes that one at once."""
    with closing(parts):
        for each in parts:
            yield each.encode()


def _parts(
    make: Callable[[Progress], T], before: str, after: Callable[[T], str], words: str
) -> Generator[str, None, None]:
    head, tail = before.split(MARK)
    yield head
    if not _one.acquire(blocking=False):
        yield format_html('<p class="notice warn" role="alert">{}</p>', BUSY) + tail
        return
    work = Work(make)
    try:
        yield '<ol class="progress no-print" role="status">'
        for done in work.progress():
            yield "\n" if done is None else format_html("<li>{:} {}</li>\n", f"{done:,}", words)
        yield "</ol>"
        if work.error is not None or work.result is None:
            said = type(work.error).__name__
            yield format_html('<p class="notice bad" role="alert">{}</p>', FAILED.format(said))
            yield tail
            if work.error is not None:
                raise work.error
        else:
            yield after(work.result).split(MARK)[1]
    finally:
        work.leave()
        _one.release()
