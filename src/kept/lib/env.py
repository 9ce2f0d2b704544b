"""The settings an operator may make: environment variables only, read once at the start.

A wrong one stops the start with a sentence that says what to do (`SettingError`). Values that are
secret never appear in a message.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import dj_database_url

# A name, an IPv4 or an IPv6 address. Neither a leading dot nor a star: to Django both mean "any".
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?|[0-9a-f:.]+", re.IGNORECASE)
SQLITE_FORM = "sqlite:////full/path/to/file"
Network = IPv4Network | IPv6Network
THIS_MACHINE = ("127.0.0.0/8", "::1")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingError(ValueError):
    """A setting cannot be used. The message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the operator has set, checked and completed."""

    data_dir: Path
    database: dict[str, Any]
    email_url: str
    base_url: str
    secret_key: str
    email_per_minute: int = 600
    trusted_proxies: tuple[Network, ...] = ()
    webhook_networks: tuple[Network, ...] = ()
    mail_hosts: frozenset[str] = frozenset()

    @property
    def host(self) -> str:
        """The host name of `base_url`, without port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def secure(self) -> bool:
        """True when people reach the installation over HTTPS."""
        return self.base_url.startswith("https://")


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Read and check the settings. Makes the data directory and the secret key when absent."""
    data_dir = _data_dir(environ)
    return Environment(
        data_dir=data_dir,
        database=_database(environ, data_dir),
        email_url=environ.get("KEPT_EMAIL_URL", "").strip() or "none:",
        email_per_minute=_email_per_minute(environ),
        base_url=_base_url(environ),
        secret_key=_secret_key(environ, data_dir),
        trusted_proxies=_trusted_proxies(environ),
        webhook_networks=_webhook_networks(environ),
        mail_hosts=frozenset(_listed(environ, "KEPT_MAIL_HOSTS")),
    )


SETTINGS = (
    "DATA_DIR",
    "DATABASE_URL",
    "EMAIL_URL",
    "EMAIL_PER_MINUTE",
    "BASE_URL",
    "SECRET_KEY",
    "TRUSTED_PROXIES",
    "WEBHOOK_NETWORKS",
    "MAIL_HOSTS",
)
# Of a checkout and its tests; the command reads none of them.
ELSEWHERE = ("PYTHON", "VENV", "TEST_DATABASE_URL", "SCREENSHOTS", "REQUIRE_BROWSER", "THOROUGH")


def unknown(environ: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence for each KEPT_ variable that nobody reads: most likely it is spelt wrongly."""
    known = [*SETTINGS, *ELSEWHERE]
    return [
        f"{name} is no setting of Kept{_meant(name, known)}"
        for name in sorted(environ)
        if name.startswith("KEPT_") and name.removeprefix("KEPT_") not in known
    ]


def _meant(name: str, known: list[str]) -> str:
    """Compared without what all of them begin with, which makes any two alike."""
    near = get_close_matches(name.removeprefix("KEPT_"), known, n=1)
    return f"; did you mean KEPT_{near[0]}?" if near else " and does nothing."


def missing_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The SQLite file that these settings name, when it is not there. Makes nothing."""
    config = _database(environ, _named_folder(environ))
    if config["ENGINE"] != "django.db.backends.sqlite3":
        return None
    file = Path(config["NAME"])
    return None if file.exists() else file


def _data_dir(environ: Mapping[str, str]) -> Path:
    folder = _named_folder(environ)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"KEPT_DATA_DIR is {str(folder)!r}, which cannot be made ({error.strerror}): "
            "name a folder that this user may write to."
        ) from error
    if not os.access(folder, os.W_OK):
        raise SettingError(
            f"KEPT_DATA_DIR is {str(folder)!r}, which this user may not write to: "
            "change its owner or name another folder."
        )
    return folder


def _named_folder(environ: Mapping[str, str]) -> Path:
    try:
        if named := environ.get("KEPT_DATA_DIR"):
            return Path(named).expanduser().resolve()
        share = Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        return (share / "kept").expanduser().resolve()
    except (RuntimeError, ValueError) as error:  # a home that nobody has; a NUL in the name
        raise SettingError(
            f"The data directory cannot be found ({error}): set KEPT_DATA_DIR to a full path."
        ) from error


def _database(environ: Mapping[str, str], data_dir: Path) -> dict[str, Any]:
    url = environ.get("KEPT_DATABASE_URL", "").strip() or "sqlite:///kept.sqlite3"
    # No message repeats a part of the URL, and none keeps the error it comes from: what does not
    # parse may be the password.
    if url.partition("://")[0] not in {"sqlite", "postgres", "postgresql"}:
        raise SettingError(
            "KEPT_DATABASE_URL begins with something else than a database: use "
            f"{SQLITE_FORM} or postgresql://user:password@host:5432/name."
        )
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:
        raise SettingError(
            "KEPT_DATABASE_URL cannot be read: write it like "
            "postgresql://user:password@host:5432/name, with special characters in the password "
            "percent-encoded."
        ) from None
    if not config.get("NAME"):
        raise SettingError("KEPT_DATABASE_URL names no database: add it after the last slash.")
    return _sqlite(config, data_dir) if url.startswith("sqlite:") else config


def _sqlite(config: dict[str, Any], data_dir: Path) -> dict[str, Any]:
    """The file is the same one wherever the command is given: nothing hangs on the folder one
    happens to stand in.
    """
    name = config["NAME"]
    if name == ":memory:":
        raise SettingError(
            "KEPT_DATABASE_URL names a database in memory, which every process would have for "
            f"itself and none would keep: use {SQLITE_FORM}."
        )
    if config.get("OPTIONS"):
        raise SettingError(
            f"KEPT_DATABASE_URL has options, and SQLite takes no options here: use {SQLITE_FORM}."
        )
    if config.get("HOST") or ("/" in name and not name.startswith("/")):
        raise SettingError(
            "KEPT_DATABASE_URL names an SQLite file in a folder without saying where that is: "
            "a full path has four slashes, such as sqlite:////var/lib/kept/kept.sqlite3, and a "
            "bare name, such as sqlite:///kept.sqlite3, lies in KEPT_DATA_DIR."
        )
    file = data_dir / name
    if file.parent != data_dir and not file.parent.is_dir():
        # Made in silence, a slip of the finger would be a new and empty installation.
        raise SettingError(
            "KEPT_DATABASE_URL names an SQLite file in a folder that does not exist: make that "
            "folder, or correct the path."
        )
    return {**config, "NAME": str(file)}


def _email_per_minute(environ: Mapping[str, str]) -> int:
    """As many as a mail server of one's own takes without complaint: ten a second."""
    given = environ.get("KEPT_EMAIL_PER_MINUTE", "").strip() or "600"
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 60_000:
        raise SettingError(
            f"KEPT_EMAIL_PER_MINUTE is {given!r}: give how many letters a minute your mail server "
            "takes, a whole number from 1 to 60000."
        )
    return int(given)


def _base_url(environ: Mapping[str, str]) -> str:
    url = environ.get("KEPT_BASE_URL", "").strip().rstrip("/") or "http://127.0.0.1:8000"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:  # brackets that do not match; a port that is no number is read lazily
        parts, usable = None, False
    if parts is None or not usable or not _is_origin(url, parts):
        raise SettingError(
            "KEPT_BASE_URL cannot be used: write the address people use, such as "
            "https://book.example.com (no path, no user name; letters beyond ASCII as xn--...)."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _is_origin(url: str, parts: SplitResult) -> bool:
    """Only scheme, host and port: what every link is made of, and what is compared as text."""
    rest = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    return not rest and _HOST.fullmatch(parts.hostname or "") is not None


def _trusted_proxies(environ: Mapping[str, str]) -> tuple[Network, ...]:
    """Whose `X-Forwarded-For` is believed: this machine, unless others are named."""
    named = environ.get("KEPT_TRUSTED_PROXIES", "").replace(",", " ").split()
    try:
        return tuple(ip_network(each) for each in named or THIS_MACHINE)
    except ValueError as error:
        raise SettingError(
            f"KEPT_TRUSTED_PROXIES cannot be used ({error}): name addresses or networks, such as "
            "127.0.0.1 or 10.0.0.0/8, separated by commas."
        ) from None


def _listed(environ: Mapping[str, str], name: str) -> list[str]:
    """What a setting lists, separated by commas or spaces."""
    return environ.get(name, "").lower().replace(",", " ").split()


def _webhook_networks(environ: Mapping[str, str]) -> tuple[Network, ...]:
    """Private networks to which events may be sent: none, unless they are named."""
    named = _listed(environ, "KEPT_WEBHOOK_NETWORKS")
    try:
        return tuple(ip_network(each) for each in named)
    except ValueError as error:
        raise SettingError(
            f"KEPT_WEBHOOK_NETWORKS cannot be used ({error}): name networks of your own to which "
            "events may be sent, such as 10.20.0.0/16, separated by commas."
        ) from None


def _secret_key(environ: Mapping[str, str], data_dir: Path) -> str:
    given = environ.get("KEPT_SECRET_KEY", "")
    if given:
        if len(given) < 32:
            raise SettingError(
                "KEPT_SECRET_KEY is shorter than 32 characters: make a long random one, or unset "
                "it and one is made and kept in the data directory."
            )
        return given
    return _kept_key(data_dir / "secret-key")


def _kept_key(path: Path) -> str:
    """The key in the data directory, made on the first start. Two first starts agree on one."""
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingError(
            f"The secret key file {path} cannot be read or made ({error.strerror}): this user must "
            "own it."
        ) from error
    except UnicodeDecodeError:
        key = ""
    if len(key) < 32:
        raise SettingError(
            f"The secret key file {path} is empty or damaged: restore it from a backup, or "
            "remove it to have a new one made (everybody must then sign in again)."
        )
    return key


def _make_key(path: Path) -> None:
    """Write a whole key aside and give it its name, unless somebody else was first.

    Written in place it would be empty for a moment: for another start to read, or for ever if
    this one dies there.
    """
    descriptor, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        Path(aside).unlink()
