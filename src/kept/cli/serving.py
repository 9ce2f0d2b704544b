"""The servers: the web and the worker, singly or in one process tree.

    kept serve              watches; holds the port
    ├── web (1 to N)        granian, each with a few threads for the pages
    └── worker              turns the handle and delivers

A web process or a worker that dies is started again, with a message. A web process that dies at
once again and again takes the tree down (exit code 1), so that whoever runs Kept restarts it or
is told. When the watching process itself is killed the others leave within seconds.
"""

from __future__ import annotations

import gc
import http.client
import logging
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from django.conf import settings
from django.urls import get_resolver
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from kept.accounts import uses
from kept.cli import house, zones
from kept.cli.kinds import Address
from kept.cli.out import line, note
from kept.cli.problems import Misused, Refused
from kept.cli.processes import Watched, follow_parent, set_when_told
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.clock.queries import Clock
from kept.lib import env
from kept.worker import loop

# Python runs one thread at a time; a few more keep the pages coming while one waits for the
# database. Each holds a connection of its own, so PostgreSQL sees WEB_THREADS of them a process.
WEB_THREADS = 8
DELIVERERS = 2
PATIENCE = 5  # seconds the answers under way have to finish when we are asked to stop
FIRST_PAGE_WITHIN = 60.0

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def serve(
    address: Address,
    *,
    began: float,
    web_processes: int,
    at: datetime | None = None,
    speed: float | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Prepare the database and the clock, then run everything until SIGTERM or SIGINT."""
    require_free(address)
    prepare(at, speed)
    worker = Watched("worker", _worker)
    try:
        run_web(address, web_processes, began=began, ready=ready, stopping=worker.ask_to_stop)
    finally:
        worker.stop()


def prepare(at: datetime | None, speed: float | None) -> None:
    """Prepare the database and the clock, in a process that ends with it; and load the pages.

    Migrating loads much that nobody needs afterwards, and all processes are copies of this one.
    """
    child = multiprocessing.Process(target=_prepare, args=(at, speed), name="kept-prepare")
    child.start()
    load_pages()  # meanwhile: most machines have a second core
    spare_the_collector()  # what it does not look at stays one for all processes
    child.join()
    if child.exitcode:
        raise SystemExit(child.exitcode)


def _prepare(at: datetime | None, speed: float | None) -> None:
    try:
        with house.opened(migrated=False, there=False):
            check_clock(at, speed)
            house.migrate()
            start_clock(at, speed)
            zones.follow()
    except click.ClickException as refused:
        refused.show()
        raise SystemExit(refused.exit_code) from None


def check_clock(at: datetime | None, speed: float | None) -> None:
    """Refuse a clock that this database cannot have, before anything of it is changed.

    Whoever mistook the database, or the command, may still go back to the version they had.
    """
    if at is None and speed is None:
        return
    there = None if env.missing_file() else clock_queries.settled()
    on_lapse = there is not None and there.mode == Clock.LAPSE
    if at is None and speed is not None and not on_lapse:
        raise Refused(
            "--speed is for the time-lapse clock: start a new database with "
            "--clock 2027-03-01T08:00:00+01:00 as well."
        )
    if there is not None:
        clock.check(there, at)


def start_clock(at: datetime | None, speed: float | None) -> None:
    """Put the installation on its clock, and at its speed when one is asked for.

    A database keeps the clock it began with; who asks for another instant is told so.
    """
    goes_on = at is not None and clock_queries.is_lapse()
    clock.start(at, speed=1.0 if speed is None else speed)
    if goes_on:
        says = clock_queries.now().isoformat(timespec="seconds")
        note(
            f"The time-lapse clock of this database goes on from where it was, {says}: --clock is "
            "for a new database. `kept clock set` moves it forward."
        )
    if speed is not None:
        clock.run_at(speed)


# The web


class _Web(MPServer):
    """Granian's server, which tells us when it is asked to stop."""

    stopping: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watching = os.getpid()

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        if os.getpid() != self._watching:
            os._exit(0)  # a child that is still loading has this handler too, and nothing to finish
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.stopping()


def run_web(
    address: Address,
    processes: int,
    *,
    began: float,
    ready: Callable[[], None] | None = None,
    stopping: Callable[[], None] | None = None,
) -> None:
    """Answer requests until SIGTERM or SIGINT. Raises Refused when the web keeps dying."""
    server = _server(address, processes)
    if stopping is not None:
        server.stopping = stopping
    announce = partial(_announce, address, ready or partial(_say_ready, address, began))
    threading.Thread(target=announce, name="announce", daemon=True).start()
    try:
        # The second argument: our loader needs no import path.
        server.serve(None, application, False)
    except SystemExit as ended:
        # Told to stop together with its children, granian takes their end for a failure.
        if ended.code and not server.interrupt_signal:
            raise Refused("The web ended unexpectedly; the log above says why.") from None


def _server(address: Address, processes: int) -> _Web:
    formatters = {"generic": {"format": "%(asctime)s %(levelname)s web %(message)s"}}
    handler = {"class": "logging.StreamHandler", "formatter": "generic"}
    return _Web(
        "kept.config.wsgi:application",
        address=_number(address.host),
        port=address.port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=WEB_THREADS,
        # A thread takes its database connection along when it goes, so it stays for a while.
        blocking_threads_idle_timeout=600,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig={
            "formatters": formatters,
            "handlers": {"console": handler, "access": handler},
        },
        respawn_failed_workers=True,
        workers_kill_timeout=PATIENCE,
    )


def _number(host: str) -> str:
    """The same host as a number: granian takes no names. `require_free` has had it already."""
    return host if ":" in host else socket.gethostbyname(host)


def application() -> Application:
    """The web application, loaded to the last page so that the first visitor does not wait."""
    house.open_django()
    follow_parent()
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    loaded: Application = import_module("kept.config.wsgi").application
    load_pages()
    uses.start_writing()
    spare_the_collector()
    return loaded


def load_pages() -> None:
    """Load what every page needs. What is loaded before a process divides is loaded once."""
    get_resolver().url_patterns  # noqa: B018  # reads them


def spare_the_collector() -> None:
    """What is loaded now stays until the end: the garbage collector need not look at it again.

    It looked at all of it every few thousand objects, which is within one answer of a month of
    free slots, and kept every twentieth visitor waiting for 60 ms more. In the worker it took an
    eighth of the time of a due control.
    """
    gc.collect()
    gc.freeze()


def require_free(address: Address) -> None:
    """Raises Misused when the port cannot be had.

    Asked before granian does: two granians of one user may share a port, and each would get a
    part of the visitors.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise Misused(
                f"Nothing can listen at {address} ({error.strerror or error}): stop what is "
                "there, or choose another address with --bind HOST:PORT."
            ) from None


def _announce(address: Address, ready: Callable[[], None]) -> None:
    """Say so when the first page has really been answered. What came before it (a migration, the
    sample week of the demo) may take its time on a slow machine."""
    began = time.monotonic()
    while time.monotonic() - began < FIRST_PAGE_WITHIN:
        status = _first_page(address.near)
        if status is None:
            time.sleep(0.03)  # nothing to wait on: the port is opened by another process
        elif status >= 500:
            note(f"The first page answers with an error ({status}): see the log above.")
            return
        else:
            ready()
            return
    note(f"No page was answered within {FIRST_PAGE_WITHIN:.0f} s: see the log above.")


def _first_page(address: Address) -> int | None:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": urlsplit(settings.BASE_URL).netloc})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def _say_ready(address: Address, began: float) -> None:
    line(f"Kept answers at {settings.BASE_URL} (ready in {time.monotonic() - began:.1f} s).")
    if urlsplit(settings.BASE_URL).netloc != str(address):
        line(f"It listens at {address}.")


# The worker


def _worker() -> None:
    """The worker as a child of `kept serve`."""
    house.open_django()
    follow_parent()
    work(name=None, deliverers=DELIVERERS)


def work(*, name: str | None, deliverers: int) -> None:
    """Turn the handle until SIGTERM or SIGINT."""
    stop = threading.Event()
    set_when_told(stop)
    zones.follow()
    logging.getLogger("kept").info("The worker turns the handle.")
    name = name or f"{socket.gethostname()}-{os.getpid()}"
    spare_the_collector()
    loop.run(stop, name=name, deliverers=deliverers, tidy=tidy)


def tidy() -> None:
    """Clear away what is over: remembered answers of the API, sessions of the console, and the
    failures to sign in that no longer count."""
    from django.contrib.sessions.backends.db import SessionStore

    from kept.api import actions as api
    from kept.clock import queries as clock
    from kept.console import throttle
    from kept.public import asking, holding

    api.purge(clock.now())
    throttle.forget_quiet(clock.real_now())
    holding.forget_places(clock.now())
    asking.forget(clock.real_now())
    SessionStore.clear_expired()
