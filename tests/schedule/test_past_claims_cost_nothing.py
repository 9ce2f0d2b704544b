"""What availability reads does not grow with the appointments that are over.

Not a time, which machines differ in, but the database's own account of how it finds the rows.
"""

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kept.core.availability import to_minute
from kept.schedule import queries
from kept.schedule.queries import Claim
from tests.schedule.shop import NOW, berlin, new_business, new_service, new_staff

PAST, AHEAD = 2000, 20
A_DAY = 24 * 60


@pytest.fixture
def team(db):
    business = new_business()
    return [new_staff(business, name) for name in ("Ada", "Ben", "Cleo", "Dan")]


def claim_a_day_each(team, days):
    """Half an hour of everybody on each of these days, counted from now."""
    noon = to_minute(NOW) + 5 * 60
    rows = [
        Claim(
            business_id=one.business_id,
            resource=one.number,
            start=noon + day * A_DAY,
            end=noon + day * A_DAY + 30,
            kind=Claim.LEG,
            holder=uuid4(),
        )
        for one in team
        for day in days
    ]
    Claim.objects.bulk_create(rows, batch_size=500)


def gather_statistics():
    """As the database does by itself, on PostgreSQL within a minute of many writes."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def forget_statistics():
    """As on a table the database has not looked at yet. What autovacuum may have learned of it
    while it was empty, because of other tests, would be worse than none, and a matter of chance."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() != (True,):
            pytest.skip("Only a superuser may take statistics away.")
        table = "'schedule_claim'::regclass"
        cursor.execute(f"DELETE FROM pg_statistic WHERE starelid = {table}")
        cursor.execute(f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid = {table}")


def the_statement(work):
    """The one statement `work` sends about claims."""
    with CaptureQueriesContext(connection) as captured:
        work()
    (found,) = [
        each["sql"] for each in captured.captured_queries if "schedule_claim" in each["sql"]
    ]
    return found


def explained(prefix, statement):
    with connection.cursor() as cursor:
        cursor.execute(f"{prefix} {statement}")
        return cursor.fetchall()


def rows_looked_at(node):
    """Every row a plan of PostgreSQL fetched, whether it was wanted or thrown away."""
    own = node["Actual Rows"] if "Relation Name" in node else 0
    own += node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return own + sum(map(rows_looked_at, node.get("Plans", [])))


def a_week_of_free_slots(team):
    service = new_service(team[0].business_id, *team)
    queries.free_slots(service, team, berlin(2, 0), berlin(9, 0), NOW)


def load_of_a_day(team):
    queries.load(team, berlin(2, 0), berlin(3, 0))


@pytest.mark.parametrize("with_statistics", [True, False], ids=["statistics", "none yet"])
@pytest.mark.parametrize(("work", "wanted"), [(a_week_of_free_slots, 7), (load_of_a_day, 1)])
def test_only_what_lies_in_the_span_is_read(team, work, wanted, with_statistics):
    claim_a_day_each(team, range(-PAST, AHEAD))
    if with_statistics:
        gather_statistics()
    else:
        forget_statistics()
    statement = the_statement(lambda: work(team))
    if connection.vendor == "sqlite":
        (plan,) = explained("EXPLAIN QUERY PLAN", statement)
        assert "USING INDEX live_claims (resource=? AND end>?)" in plan[-1]
    else:
        ((plan,),) = explained("EXPLAIN (ANALYZE, FORMAT JSON)", statement)
        plan = json.loads(plan) if isinstance(plan, str) else plan
        assert rows_looked_at(plan[0]["Plan"]) == wanted * len(team)
