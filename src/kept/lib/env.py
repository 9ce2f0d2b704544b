"""The settings an operator may make: environment variables only, read once at the start.

A wrong one stops the start with a sentence that says what to do (`SettingError`). Values that are
secret never appear in a message.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

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
        base_url=_base_url(environ),
        secret_key=_secret_key(environ, data_dir),
    )


def _data_dir(environ: Mapping[str, str]) -> Path:
    home = Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    folder = Path(environ.get("KEPT_DATA_DIR") or home / "kept").expanduser().resolve()
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


def _database(environ: Mapping[str, str], data_dir: Path) -> dict[str, Any]:
    url = environ.get("KEPT_DATABASE_URL", "").strip() or f"sqlite:///{data_dir / 'kept.sqlite3'}"
    scheme = url.split(":", 1)[0]
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        raise SettingError(
            f"KEPT_DATABASE_URL begins with {scheme!r}: use sqlite:///path/to/file or "
            "postgresql://user:password@host:5432/name."
        )
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError as error:
        raise SettingError(
            "KEPT_DATABASE_URL cannot be read: write it like "
            "postgresql://user:password@host:5432/name, with special characters in the password "
            "percent-encoded."
        ) from error
    if not config.get("NAME"):
        raise SettingError("KEPT_DATABASE_URL names no database: add it after the last slash.")
    return config


def _base_url(environ: Mapping[str, str]) -> str:
    url = environ.get("KEPT_BASE_URL", "").strip().rstrip("/") or "http://127.0.0.1:8000"
    parts = urlsplit(url)
    try:
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:  # urlsplit reads the port lazily
        usable = False
    if not usable or parts.query or parts.fragment or parts.path:
        raise SettingError(
            f"KEPT_BASE_URL is {url!r}: write the address people use, such as "
            "https://book.example.com (no path)."
        )
    return url


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
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
        if len(key) < 32:
            raise SettingError(
                f"The secret key file {path} is empty or damaged: restore it from a backup, or "
                "remove it to have a new one made (everybody must then sign in again)."
            ) from None
        return key
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key + "\n")
    return key
