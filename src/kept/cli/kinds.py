"""The kinds of values that options take, each refused with a sentence."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import click

from kept.core import time

PORTS = range(1, 65536)


class Instant(click.ParamType[datetime]):
    """An instant with its offset, such as 2027-03-01T08:00:00+01:00."""

    name = "instant"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return time.parse_instant(value)
        except time.TimeError as error:
            self.fail(str(error), param, ctx)


class WallTime(click.ParamType[datetime]):
    """What a clock on a wall shows, to the minute: 2027-03-28T10:00. Naive; or, where an offset
    stands behind it, the instant in that offset."""

    name = "YYYY-MM-DDTHH:MM"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return _wall_time(value)
        except ValueError:
            sentence = "is not a date and time such as 2027-03-28T10:00 or 2027-03-28T10:00+02:00."
            self.fail(f"{value!r} {sentence}", param, ctx)


_WALL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?")


def _wall_time(text: str) -> datetime:
    if not _WALL.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


class Duration(click.ParamType[timedelta]):
    """Elapsed time, such as 23h, 90m or 1h30m."""

    name = "duration"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return time.parse_duration(value)
        except time.TimeError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def near(self) -> Address:
        """The same door, seen from this machine: nobody can connect to "all addresses"."""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
        return Address(here.get(self.host, self.host), self.port)


USUAL = Address("127.0.0.1", 8000)


class Bind(click.ParamType[Address]):
    """HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000."""

    name = "host:port"

    def convert(
        self, value: str | Address, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        if isinstance(value, Address):
            return value
        host, colon, port = value.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or int(port) not in PORTS:
            self._refuse(value, param, ctx)
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not bare or (("[" in bare or ":" in bare) and bare == host):
            self._refuse(value, param, ctx)
        return Address(bare, int(port))

    def _refuse(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        sentence = "is not HOST:PORT, such as 127.0.0.1:8000, [::1]:8000 or 0.0.0.0:8000."
        self.fail(f"{value!r} {sentence}", param, ctx)


def as_written(text: str) -> object:
    """A value of the policy typed by hand: `true`, `null` and lists as JSON; everything else as it
    stands."""
    try:
        return json.loads(text)
    except ValueError:
        return text
