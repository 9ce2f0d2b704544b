"""The demo's own grounds: a folder, a port and settings that cannot touch a real installation."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kept.cli.kinds import USUAL, Address
from kept.cli.problems import Misused, Refused
from kept.lib import env

MARK = "this-is-a-kept-demo"
DATABASE = ("kept.sqlite3", "kept.sqlite3-wal", "kept.sqlite3-shm")
PORTS_TO_TRY = 20


@contextmanager
def prepared(bind: Address | None, data_dir: Path | None, *, keep: bool) -> Iterator[Address]:
    """Settle the demo in its folder; answers where to listen.

    Inside, the settings are the demo's: its SQLite file, its inbox. Raises Misused, Refused.
    """
    folder = data_dir or _usual_folder()
    address = bind or _free_address()
    with _occupied(folder):
        if not keep:
            for name in DATABASE:
                (folder / name).unlink(missing_ok=True)
        os.environ.pop("KEPT_DATABASE_URL", None)
        os.environ.update(
            KEPT_DATA_DIR=str(folder),
            KEPT_EMAIL_URL="inbox:",
            KEPT_BASE_URL=f"http://{address.near}",
        )
        yield address


def _usual_folder() -> Path:
    try:
        return env.read().data_dir / "demo"
    except env.SettingError as error:
        raise Misused(str(error)) from None


@contextmanager
def _occupied(folder: Path) -> Iterator[None]:
    """The folder is ours alone. It is never one that holds anything but a demo."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise Misused(f"{folder} holds something else: name a new folder with --data-dir.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = (folder / MARK).open("w")
    except OSError as error:
        raise Misused(f"{folder} cannot be used ({error.strerror}).") from None
    with mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"A demo is already running in {folder}: open that one, stop it first, or start "
                "another one with --data-dir."
            ) from None
        yield


def _free_address() -> Address:
    """The usual address, or the next port that is free: the demo must simply start."""
    for port in range(USUAL.port, USUAL.port + PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((USUAL.host, port))
            except OSError:
                continue
            return Address(USUAL.host, port)
    raise Refused("No port is free near 8000: choose one with --bind 127.0.0.1:9000.")
