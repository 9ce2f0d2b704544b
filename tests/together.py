"""For tests of what happens at one moment, and of what other threads do in their own time."""

import threading
import time
from functools import partial

from django.db import connection


def at_once(*acts):
    """Do all of this at the same moment, each in a thread and with a connection of its own; what
    each of them answered, errors included, in the order in which they were given."""
    gate, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def one(number, act):
        gate.wait(30)
        try:
            answers[number] = act()
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def many_at_once(number, work):
    """`work(0)` to `work(number - 1)` at the same moment; what each answered. Raises its error."""
    answers = at_once(*(partial(work, nth) for nth in range(number)))
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def wait_until(holds, seconds=20.0):
    """Until it holds; its answer."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer
