"""Each process stops when it is told to, at whatever moment."""

import multiprocessing
import os
import signal
import threading

import pytest

from kept.cli import processes, serving
from kept.cli.kinds import USUAL

pytestmark = pytest.mark.one_database


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_being_told_while_it_falls_asleep_does_not_hold_it_up(number, request):
    """The signal comes while the thread that handles it holds the event's own lock, as it does
    for a moment at both ends of every wait.
    """
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    request.addfinalizer(lambda: [signal.signal(*each) for each in before.items()])
    stop = threading.Event()
    processes.set_when_told(stop)
    with stop._cond:
        os.kill(os.getpid(), number)
    assert stop.wait(10)


@pytest.mark.timeout(20)
def test_a_web_process_told_while_it_still_loads_ends_at_once_and_says_nothing(capfd):
    """It is a copy of the one that watches, with its handler, until it has loaded the pages."""
    server = serving._server(USUAL, 1)
    server.stopping = lambda: pytest.fail("the copy acted for the one that watches")
    copies = multiprocessing.get_context("fork")
    child = copies.Process(target=server.signal_handler_interrupt)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert not server.interrupt_signal
    assert capfd.readouterr() == ("", "")
