"""A query that was made ready gives what Django's own would give, each time anew."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from kept.accounts.models import ApiKey, Business, PolicyVersion
from kept.lib.among import among
from kept.lib.ids import new_id
from kept.lib.postgres.statements import Statements
from kept.lib.ready import Ready, ahead

NOW = datetime(2027, 3, 1, 7, 0, 0, 123456, tzinfo=UTC)


def business(name="Harbour", **details):
    fields = {"slug": name.lower(), "time_zone": "Europe/Berlin", "email": "desk@example.com"}
    return Business.objects.create(name=name, created_at=NOW, **{**fields, **details})


by_name = Ready(lambda name: Business.objects.filter(name=name))


def test_what_is_found_is_what_django_finds(db):
    shop = business("Harbour", address="12 Canal Street", phone="+442079460100")
    business("Other")
    (found,) = by_name(name="Harbour")
    assert found == shop
    assert {f.attname: getattr(found, f.attname) for f in Business._meta.fields} == {
        f.attname: getattr(shop, f.attname) for f in Business._meta.fields
    }
    found.phone = ""
    found.save()
    assert Business.objects.get(id=shop.id).phone == ""


def test_it_is_asked_anew_with_each_value_and_sees_what_was_written_meanwhile(db):
    assert by_name(name="Harbour") == []
    business("Harbour")
    assert [each.name for each in by_name(name="Harbour")] == ["Harbour"]
    assert by_name(name="Other") == []
    Business.objects.update(name="Other")
    assert (len(by_name(name="Harbour")), len(by_name(name="Other"))) == (0, 1)


def test_a_value_is_never_part_of_the_text(db):
    assert by_name(name="'; DROP TABLE accounts_business; --") == []
    business("100 % 'sure' %s")
    assert len(by_name(name="100 % 'sure' %s")) == 1


def test_what_never_changes_is_compared_as_it_is(db):
    odd = "100 % 'sure' %s \\ {}"
    shop = business(odd)
    business("Other")
    named = Ready(lambda slug: Business.objects.filter(name__in=[odd, "Nobody"], slug=slug)[:5])
    assert named(slug=shop.slug) == [shop]
    assert named(slug="other") == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans a text once anyway")
def test_postgresql_plans_once_for_all_values_what_it_would_plan_the_same_for_each(db):
    business("Harbour")
    rare = Ready(lambda slug: Business.objects.filter(name="Harbour", slug=slug))
    for _ in range(20):
        rare(slug="harbour")
    with connection.cursor() as cursor:
        asked = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE %s"
        cursor.execute(asked, ["%'Harbour'%"])
        assert cursor.fetchone()[0] > 0


def test_what_is_read_along_needs_no_second_statement(db):
    shop = business()
    ApiKey.objects.create(business=shop, name="till", digest="d", created_at=NOW)
    keys = Ready(lambda digest: ApiKey.objects.select_related("business").filter(digest=digest))
    with CaptureQueriesContext(connection) as captured:
        assert keys.one(digest="d").business == shop
    assert len(captured) == 1


def test_instants_ids_and_json_are_read_as_they_were_written(db):
    shop = business()
    PolicyVersion.objects.create(business=shop, number=1, data={"a": [1]}, created_at=NOW)
    since = Ready(
        lambda business, at: PolicyVersion.objects.filter(business=business, created_at__gte=at)
    )
    assert since.one(business=shop.id, at=NOW).data == {"a": [1]}
    assert since(business=shop.id, at=NOW + timedelta(microseconds=1)) == []
    columns = Ready(
        lambda business: PolicyVersion.objects.filter(business=business).values_list(
            "number", "created_at", "data"
        )
    )
    assert columns(business=shop.id) == [(1, NOW, {"a": [1]})]


def test_nothing_found_is_said_as_django_says_it(db):
    with pytest.raises(Business.DoesNotExist):
        by_name.one(name="Nobody")


def test_a_row_is_locked_only_in_a_transaction(house_db):
    locked = Ready(lambda name: Business.objects.select_for_update().filter(name=name))
    with pytest.raises(TransactionManagementError):
        locked(name="Harbour")


def test_threads_may_share_it(house_db):
    business("Harbour")
    ready = Ready(lambda name: Business.objects.filter(name=name))
    gate, found = threading.Barrier(8), []

    def ask():
        gate.wait()
        try:
            found.extend(ready(name="Harbour") for _ in range(20))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[each.name for each in rows] for rows in found] == [["Harbour"]] * 160


def test_many_values_of_a_kind_are_one_list(db):
    mine, other = business("Harbour"), business("Other")
    among_these = Ready(lambda ids: Business.objects.filter(among("id", ids)).order_by("name"))
    assert among_these(ids=[other.id, mine.id, new_id()]) == [mine, other]
    assert among_these(ids=[other.id]) == [other]
    assert among_these(ids=[]) == []
    with ahead(among_these.of(ids=[mine.id, other.id])):
        assert among_these(ids=[mine.id, other.id]) == [mine, other]
        assert among_these(ids=[mine.id]) == [mine]


def test_columns_have_their_names_where_that_is_asked(db):
    business("Harbour")
    named = Ready(
        lambda name: Business.objects.filter(name=name).values_list("slug", "name", named=True)
    )
    assert [(row.slug, row.name) for row in named(name="Harbour")] == [("harbour", "Harbour")]


# Asked ahead: in one journey to PostgreSQL, and otherwise as if nobody had

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite is not asked ahead: it has no journeys"
)
since = Ready(lambda number: PolicyVersion.objects.filter(number__gte=number))


@pytest.fixture
def journeys(db, monkeypatch):
    made, exchange = [], Statements._exchange

    def counted(self, sends):
        made.append(len(sends))
        return exchange(self, sends)

    by_name(name="Nobody")
    since(number=9)
    monkeypatch.setattr(Statements, "_exchange", counted)
    return made


def test_what_was_asked_ahead_is_found_as_ever(db):
    shop = business("Harbour")
    with ahead(by_name.of(name="Harbour"), since.of(number=1), by_name.of(name="Nobody")):
        assert by_name(name="Harbour") == [shop]
        assert (since(number=1), by_name(name="Nobody")) == ([], [])


@on_postgresql
def test_all_that_is_asked_ahead_is_one_journey(journeys):
    business("Harbour")
    with ahead(by_name.of(name="Harbour"), since.of(number=1)):
        assert journeys == [2]
        assert (by_name.one(name="Harbour").name, since(number=1)) == ("Harbour", [])
        assert journeys == [2]


@on_postgresql
def test_another_value_a_second_time_and_what_comes_after_the_block_are_asked_anew(journeys):
    with ahead(by_name.of(name="Harbour")):
        assert by_name(name="Other") == []
        assert by_name(name="Harbour") == []
        shop = business("Harbour")
        assert by_name(name="Harbour") == [shop]
    with ahead(since.of(number=1)):
        pass
    assert since(number=1) == []
    assert len(journeys) == 5


def test_nobody_who_listens_misses_what_was_asked_ahead(db):
    with CaptureQueriesContext(connection) as captured, ahead(by_name.of(name="Harbour")):
        assert len(captured) == 0
        by_name(name="Harbour")
        assert len(captured) == 1


def test_a_row_is_locked_ahead_only_in_a_transaction(house_db):
    locked = Ready(lambda name: Business.objects.select_for_update().filter(name=name))
    with pytest.raises(TransactionManagementError), ahead(locked.of(name="Harbour")):
        locked(name="Harbour")
