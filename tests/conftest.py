"""What every test stands on: its own settings, its own database, and no way out of this machine.

The settings are chosen here and not in pyproject.toml, because they read the environment, and
pytest-django would load settings named there before this file could prepare it.
"""

import importlib.util
import ipaddress
import os
import shutil
import socket
import tempfile
from pathlib import Path
from unittest import mock

import hypothesis
import pytest

from tests.databases import clean_slate
from tests.effort import THOROUGH


def _make_folder():
    """A folder of this process's own; those of xdist's workers lie inside the controller's."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        return Path(tempfile.mkdtemp(prefix=worker, dir=os.environ["KEPT_DATA_DIR"]))
    return Path(tempfile.mkdtemp(prefix="kept-tests-"))


FOLDER = _make_folder()

# What the person who runs the tests may say. Every other KEPT_ variable is theirs, not the tests'.
FOR_TESTS = {
    "KEPT_TEST_DATABASE_URL",
    "KEPT_SCREENSHOTS",
    "KEPT_REQUIRE_BROWSER",
    "KEPT_THOROUGH",
}


def _prepare_environment():
    for name in [name for name in os.environ if name.startswith("KEPT_")]:
        if name not in FOR_TESTS:
            del os.environ[name]
    database = os.environ.get("KEPT_TEST_DATABASE_URL") or f"sqlite:///{FOLDER / 'unused.sqlite3'}"
    os.environ.update(
        KEPT_DATABASE_URL=database,
        KEPT_DATA_DIR=str(FOLDER),
        KEPT_SECRET_KEY="only for tests, and long enough to be taken for a secret key",
        KEPT_EMAIL_URL="inbox:",
    )


def _load_settings():
    os.environ["DJANGO_SETTINGS_MODULE"] = "kept.config.settings"
    from django.conf import settings

    # WhiteNoise warns when there is no such folder, and here warnings are errors.
    (FOLDER / "static").mkdir()
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        # Test data need not survive a power cut.
        command = database["OPTIONS"].get("init_command", "")
        database["OPTIONS"]["init_command"] = f"{command}; PRAGMA synchronous=OFF".lstrip("; ")
    # Signing in is tested often, and slow hashing is what the real hashers are for.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # The conftest.py of a folder named on the command line is loaded before pytest-django does it.
    import django

    django.setup()


def _choose_hypothesis_profile():
    in_ci = bool(os.environ.get("CI"))
    quiet = {"database": None} if in_ci else {}
    hypothesis.settings.register_profile("quick", deadline=None, derandomize=in_ci, **quiet)
    hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2000)
    hypothesis.settings.load_profile("thorough" if THOROUGH else "quick")


_prepare_environment()
_choose_hypothesis_profile()
if importlib.util.find_spec("kept.config") is not None:
    _load_settings()


def pytest_unconfigure(config):
    shutil.rmtree(FOLDER, ignore_errors=True)


# Databases


def _touches_database(item):
    from django.test import TransactionTestCase

    fixtures = {"django_db_setup", "db", "transactional_db", "live_server"}
    return bool(
        item.get_closest_marker("django_db")
        or fixtures.intersection(getattr(item, "fixturenames", ()))
        or issubclass(getattr(item, "cls", None) or object, TransactionTestCase)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what must run on both databases, before `-m` chooses."""
    for item in items:
        if _touches_database(item):
            item.add_marker("database")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """SQLite in a file, one per test process: threads and other processes must see it too."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(FOLDER / "test.sqlite3")


@pytest.fixture(scope="session")
def slate(django_db_setup, django_db_blocker):
    """The migrated database, and how to make it new again."""
    from django.db import connection

    with django_db_blocker.unblock():
        slate = clean_slate(connection)
        yield slate
        slate.part_with()


@pytest.fixture(scope="session", autouse=True)
def _no_flush(request):
    """After a test that commits, make the database new instead of letting Django `flush` it."""
    from django.test import TransactionTestCase

    def restore(test_case):
        request.getfixturevalue("slate").restore()

    with mock.patch.object(TransactionTestCase, "_fixture_teardown", restore):
        yield


@pytest.fixture
def house_db(slate, transactional_db):
    """A clean database with real commits, which threads and other processes see.

    `house_db.url` is the KEPT_DATABASE_URL for another process.
    """
    return slate


@pytest.fixture(autouse=True)
def _nothing_is_remembered(request):
    """What a process may remember of its database for ever is forgotten with the database.

    Numbers of rows are given out again when a test is rolled back: the policy of version 2 would
    be that of another test.
    """
    if request.node.get_closest_marker("database"):
        from kept.cases.rows import policy_of
        from kept.clock import queries

        policy_of.cache_clear()
        queries.forget()


# The way out


def _is_local(host):
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


class LeftTheMachine(RuntimeError):
    """A test tried to reach another machine. Put a stand-in on 127.0.0.1 instead."""


@pytest.fixture(scope="session", autouse=True)
def _stay_on_this_machine():
    """Refuse look-ups of, and connections to, anything but this machine."""
    connect, connect_ex, look_up = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def check(host):
        if not _is_local(host):
            raise LeftTheMachine(f"A test tried to reach {host!r}.")

    def guarded_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0])
        return connect(self, address)

    def guarded_connect_ex(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0])
        return connect_ex(self, address)

    def guarded_look_up(host, *arguments, **options):
        check(host)
        return look_up(host, *arguments, **options)

    with (
        mock.patch.object(socket.socket, "connect", guarded_connect),
        mock.patch.object(socket.socket, "connect_ex", guarded_connect_ex),
        mock.patch.object(socket, "getaddrinfo", guarded_look_up),
    ):
        yield
