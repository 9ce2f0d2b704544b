"""A worker stops when it is told to, at whatever moment."""

import os
import signal
import threading

import pytest

from kept.cli import processes

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
