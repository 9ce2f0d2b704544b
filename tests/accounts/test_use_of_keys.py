"""When a key was last used: remembered while it is used, and written down by somebody else."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client

from kept.accounts import actions, queries, uses
from kept.accounts.queries import ApiKey
from kept.lib.reading import WroteWhileReading, only

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)


def made():
    """The secret of the key of a new business."""
    business, _ = actions.create_business("Clinic", "Europe/Berlin", "owner@example.com", NOW)
    return actions.new_api_key(business, "Web site", NOW)


def used(secret, at):
    uses.key_used(queries.key_holder(secret), at)


def last_use(secret):
    return queries.last_use(queries.key_holder(secret))


def everything():
    """Every row of every table."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def test_a_request_to_read_with_a_key_leaves_every_table_as_it_was(db):
    secret = made()
    before = everything()
    answer = Client().get("/api/v1/services", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    assert everything() == before
    uses.write_down()
    assert last_use(secret) is not None
    assert {name for name, rows in everything().items() if rows != before[name]} == {
        "accounts_keyuse"
    }


def test_even_the_use_of_a_key_is_not_written_while_reading(db):
    used(made(), NOW)
    with pytest.raises(WroteWhileReading, match="accounts_keyuse"), only():
        uses.write_down()


def test_it_is_written_once_an_hour_at_most(db, django_assert_num_queries):
    secret = made()
    used(secret, NOW)
    uses.write_down()
    used(secret, NOW + timedelta(minutes=59))
    with django_assert_num_queries(0):
        uses.write_down()
    assert last_use(secret) == NOW
    used(secret, NOW + timedelta(minutes=60))
    used(secret, NOW + timedelta(minutes=61))
    uses.write_down()
    assert last_use(secret) == NOW + timedelta(minutes=60)


def test_what_another_process_wrote_down_meanwhile_stays(db):
    secret = made()
    here, there = uses.Uses(), uses.Uses()
    here.notice(queries.key_holder(secret), NOW)
    there.notice(queries.key_holder(secret), NOW + timedelta(minutes=30))
    there.write_down()
    here.write_down()
    assert last_use(secret) == NOW + timedelta(minutes=30)


def test_a_key_that_is_gone_keeps_nobody_busy(db):
    secret = made()
    used(secret, NOW)
    ApiKey.objects.all().delete()
    uses.write_down()
    assert last_use_count() == 0


def last_use_count():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_keyuse")
        return cursor.fetchone()[0]


@pytest.fixture
def writer():
    """A thread that writes down, as each web process has one."""
    mine, stop = uses.Uses(), threading.Event()
    thread = threading.Thread(target=mine.keep_writing, args=(stop, 0.01))
    thread.start()
    yield mine
    stop.set()
    mine.wake()
    thread.join(10)
    assert not thread.is_alive()


def soon(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_is_written_down_soon(house_db, writer):
    secret = made()
    writer.notice(queries.key_holder(secret), NOW)
    soon(lambda: last_use(secret) == NOW)


def test_while_the_database_is_away_it_is_remembered(house_db, writer, caplog):
    secret = made()
    refuse = mock.Mock(side_effect=OperationalError("locked"))
    with mock.patch("kept.accounts.uses.KeyUse.objects", refuse), caplog.at_level(logging.WARNING):
        refuse.filter = refuse
        writer.notice(queries.key_holder(secret), NOW)
        soon(lambda: refuse.call_count > 2)
    soon(lambda: last_use(secret) == NOW)
    assert len([each for each in caplog.records if "last used" in each.message]) == 1
