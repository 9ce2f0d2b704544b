"""Child processes that are watched, and that leave with their parent."""

from __future__ import annotations

import _thread
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable

from kept.cli.out import note

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a child that died is started again
STEADY = 60.0  # a child that lived this long begins anew with the first pause
TOLD_TOO = 0.3  # seconds in which the word that stopped a child may reach us too
LAST_WORDS = 8.0  # seconds a child has to finish what it is doing when asked to stop


class Watched:
    """A child process that is started again whenever it dies, until it is told to stop.

    What it was doing is safe to lose at any moment: everything is decided again from rows.
    """

    def __init__(self, what: str, target: Callable[[], None]) -> None:
        self._what, self._target = what, target
        self._stopping = threading.Event()
        self._process = self._launch()
        self._watcher = threading.Thread(target=self._watch, name=f"watch-{what}", daemon=True)
        self._watcher.start()

    def _launch(self) -> multiprocessing.Process:
        process = multiprocessing.Process(target=self._target, name=f"kept-{self._what}")
        process.start()
        return process

    def _watch(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            self._process.join()
            if time.monotonic() - began > STEADY:
                pause = FIRST_PAUSE
            # Whoever stops a whole service may tell the child before us.
            if self._stopping.wait(TOLD_TOO):
                return
            ended = self._process.exitcode
            note(f"The {self._what} ended ({ended}); it is started again in {pause:.0f} s.")
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE)
            self._process = self._launch()

    def ask_to_stop(self) -> None:
        """Let it finish what it is doing."""
        self._stopping.set()
        if self._process.is_alive():
            self._process.terminate()

    def stop(self) -> None:
        """Stop it, and wait until it is gone."""
        self.ask_to_stop()
        self._watcher.join(LAST_WORDS)
        if self._process.is_alive():
            note(f"The {self._what} did not stop in {LAST_WORDS:.0f} s and is ended.")
            self._process.kill()
            self._process.join()


def set_when_told(stop: threading.Event) -> None:
    """Set the event on SIGTERM and Ctrl-C.

    By a thread of its own: Python handles a signal in the main thread wherever that stands, and
    while that waits for this very event it holds the event's lock at both ends of the wait.
    """

    def told(*_: object) -> None:
        _thread.start_new_thread(stop.set, ())

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def follow_parent() -> None:
    """Let the parent decide when this process ends, and end it when the parent has died.

    Ctrl-C reaches every process of a terminal; here only the parent acts on it.
    The parent's end is noticed by asking: a pipe would be held open by the parent's other
    children, and Linux's own signal for it is sent when the *thread* that forked ends.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()
