"""Statements made ready on a line to PostgreSQL, and what happens when one of them fails."""

import pytest
from django.db import DataError, OperationalError, connection, transaction

from kept.lib.postgres import statements
from kept.lib.ready import ask

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no line to say it on"
)


@pytest.fixture
def line(house_db):
    connection.close()
    yield connection
    connection.close()


def one(text, *values):
    ((answer,),) = ask(connection, text, values)
    return answer


def test_values_travel_beside_the_text_and_come_back_as_they_went(line):
    for value in ("it's 100 %", "%s $1", "Zoë"):
        assert one("SELECT %s::text", value) == value
    assert one("SELECT '100 %% of %%s ' || %s", "it") == "100 % of %s it"


def test_several_travel_together_and_each_has_its_rows(line):
    asked = [("SELECT %s::int", [1]), ("SELECT generate_series(1, %s::int)", [3])]
    with transaction.atomic():
        assert line.ask(*asked, ("SELECT 1 WHERE false", [])) == [[(1,)], [(1,), (2,), (3,)], []]


def test_of_several_the_first_that_fails_is_said_and_those_after_it_are_not_done(line):
    with line.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE seen (number int)")
    write = "INSERT INTO seen VALUES (%s::int) RETURNING 1"
    for zero in ("0", "0"):  # the second time all of them are prepared
        with pytest.raises(DataError, match="division"), transaction.atomic():
            line.ask((write, [1]), ("SELECT 1 / %s::int", [zero]), (write, [2]))
    assert one("SELECT count(*) FROM seen") == 0
    assert line.ask((write, [1]), ("SELECT 1 / %s::int", ["1"])) == [[(1,)], [(1,)]]


def test_what_is_refused_again_and_again_stays_prepared_once(line):
    for _ in range(3):
        with pytest.raises(DataError), transaction.atomic():
            one("SELECT 1 / %s::int", "0")
    assert (
        one("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 1 /%%'") == 1
    )


def test_more_than_fits_on_the_line_at_once_goes_through_both_ways(line):
    long = "x" * 4_000_000
    answers = line.ask(*[("SELECT %s::text", [long])] * 3)
    assert [rows[0][0] == long for rows in answers] == [True] * 3


def test_a_transaction_begins_with_its_first_statement(line):
    with transaction.atomic():
        first = one("SELECT pg_current_xact_id()::text")
        assert one("SELECT pg_current_xact_id()::text") == first
    assert one("SELECT pg_current_xact_id()::text") != first


def test_a_first_statement_that_fails_leaves_a_line_that_can_be_used(line):
    one("SELECT 1")
    pid = line.connection.info.backend_pid
    with pytest.raises(DataError), transaction.atomic():
        one("SELECT 1 / %s::int", "0")
    with transaction.atomic():
        assert one("SELECT 1 / %s::int", "1") == 1
    assert line.connection.info.backend_pid == pid


def test_a_line_cut_at_the_beginning_of_a_transaction_is_the_database_away(line):
    one("SELECT 1")
    with line.copy().cursor() as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [line.connection.info.backend_pid])
        other.db.close()
    with pytest.raises(OperationalError), transaction.atomic():
        one("SELECT 1")
    assert one("SELECT 2") == 2


def test_a_plan_that_a_migration_has_outdated_is_made_anew(line):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE shelf (name text)")
        assert ask(connection, "SELECT * FROM shelf", []) == []
        cursor.execute("ALTER TABLE shelf ADD place int")
    with pytest.raises(Exception, match="cached plan"):
        ask(connection, "SELECT * FROM shelf", [])
    assert ask(connection, "SELECT * FROM shelf", []) == []


def test_no_more_stay_prepared_than_are_of_use(line, monkeypatch):
    monkeypatch.setattr(statements, "MOST", 3)
    for number in range(5):
        assert one(f"SELECT {number}") == number
    assert one("SELECT 0") == 0
    assert one("SELECT count(*) FROM pg_prepared_statements") <= 3
