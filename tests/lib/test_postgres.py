"""A connection that was kept between two requests is looked at without asking the server."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, OperationalError, connection, connections
from django.db.backends.postgresql import base
from psycopg.pq import Format

from kept.lib.postgres.base import Instant
from kept.lib.ready import Ready
from kept.people.models import Customer

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no line that could be cut"
)

by_name = Ready(lambda name: Customer.objects.filter(name=name))


@pytest.fixture
def line(house_db, monkeypatch):
    """Our connection as it is between two requests; it is checked as in the settings."""
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 600)
    connection.close()
    by_name(name="Ada")
    next_request()
    by_name(name="Ada")
    yield connection
    connection.close()


def next_request():
    connection.close_if_unusable_or_obsolete()


def server_pid():
    return connection.connection.info.backend_pid


def questions(monkeypatch):
    """The times that Django's own check is put to the server from now on."""
    asked, ask = [], base.DatabaseWrapper.is_usable

    def counted(self):
        asked.append(1)
        return ask(self)

    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", counted)
    return asked


def cut_off():
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [server_pid()])
        other.db.close()


def test_a_line_that_was_just_used_is_not_asked(line, monkeypatch):
    asked, before = questions(monkeypatch), server_pid()
    next_request()
    by_name(name="Ada")
    assert (asked, server_pid()) == ([], before)


def test_a_line_that_was_cut_is_made_anew_before_it_is_used(line):
    before = server_pid()
    cut_off()
    next_request()
    assert by_name(name="Ada") == []
    assert server_pid() != before


def test_after_a_pause_it_is_asked(line, monkeypatch):
    asked = questions(monkeypatch)
    connections["default"]._seen_at -= 6
    next_request()
    by_name(name="Ada")
    assert asked == [1]


def test_after_an_error_it_is_asked(line, monkeypatch):
    asked = questions(monkeypatch)
    with pytest.raises(OperationalError), line.wrap_database_errors:
        raise line.Database.OperationalError("as when the database is away")
    next_request()
    by_name(name="Ada")
    assert asked == [1]


def test_what_is_cut_in_the_middle_of_a_request_fails_and_the_next_one_goes_on(line):
    before = server_pid()
    by_name(name="Ada")
    cut_off()
    with pytest.raises(OperationalError):
        by_name(name="Ada")
    next_request()
    assert by_name(name="Ada") == []
    assert server_pid() != before


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2026-11-22 20:31:50.12345+00", datetime(2026, 11, 22, 20, 31, 50, 123450, UTC)),
        ("2026-03-29 03:30:00+02", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_utc(line, said, read):
    found = ask_for(said)
    assert (found, found.tzinfo) == (read, UTC)


def test_an_instant_that_python_has_not_is_refused(line):
    with pytest.raises(DataError, match="infinity"):
        ask_for("infinity")


def ask_for(instant):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [instant])
        assert isinstance(loader_of(cursor), Instant)
        return cursor.fetchone()[0]


def loader_of(cursor):
    oid = cursor.description[0].type_code
    return cursor.cursor.adapters.get_loader(oid, Format.TEXT)(oid, cursor.connection)
