"""The clean database that committing tests get."""

import threading

import pytest
from django.db import DatabaseError, connection

REFUSE = {
    "sqlite": [
        "CREATE TRIGGER scratch_refuse BEFORE DELETE ON scratch "
        "BEGIN SELECT RAISE(ABORT, 'never deleted'); END"
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION scratch_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'never deleted'; END $$",
        "CREATE TRIGGER scratch_refuse BEFORE DELETE ON scratch "
        "FOR EACH ROW EXECUTE FUNCTION scratch_refuse()",
    ],
}


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rows():
    """How many rows the scratch table holds, seen by a connection of another thread."""
    seen = []

    def look():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM scratch")
            seen.append(cursor.fetchone()[0])
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return seen[0]


@pytest.fixture
def scratch(house_db):
    """A table that refuses deletion, as the history of a case does."""
    run("CREATE TABLE scratch (id integer PRIMARY KEY)", *REFUSE[connection.vendor])
    yield house_db
    run("DROP TABLE IF EXISTS scratch")


def test_what_a_test_commits_is_seen_by_other_threads(scratch):
    run("INSERT INTO scratch VALUES (1)")
    assert rows() == 1


def test_a_table_that_refuses_deletion_is_made_new(scratch):
    run("INSERT INTO scratch VALUES (1)")
    with pytest.raises(DatabaseError, match="never deleted"):
        run("DELETE FROM scratch")
    scratch.restore()
    # SQLite gets its migrated file back, which never had the table; PostgreSQL an empty table.
    run("CREATE TABLE IF NOT EXISTS scratch (id integer PRIMARY KEY)")
    assert rows() == 0


def test_a_transaction_left_open_in_a_thread_does_not_stop_the_next_test(scratch):
    opened, done = threading.Event(), threading.Event()

    def leave_open():
        connection.set_autocommit(False)
        run("INSERT INTO scratch VALUES (7)")
        opened.set()
        done.wait(30)
        connection.close()

    thread = threading.Thread(target=leave_open)
    thread.start()
    assert opened.wait(30)
    scratch.restore()
    run(
        "CREATE TABLE IF NOT EXISTS scratch (id integer PRIMARY KEY)",
        "INSERT INTO scratch VALUES (8)",
    )
    done.set()
    thread.join()
    assert rows() == 1


@pytest.mark.django_db
def test_a_rolled_back_test_finds_no_traces():
    assert "scratch" not in connection.introspection.table_names()


@pytest.mark.django_db(transaction=True)
def test_djangos_own_mark_for_committing_tests_works_too():
    run("CREATE TABLE scratch (id integer PRIMARY KEY)", "DROP TABLE scratch")
