"""How many statements a request costs: what costs in a booking is their number.

The figures are upper bounds that may be lowered; whoever must raise one says why.
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.lib.postgres.statements import Statements
from tests.api.house import House


@pytest.fixture
def house(house_db):
    """On the real clock, as an installation in use is: asking it costs no statement."""
    clock_queries.forget()
    clock.start()
    clock_queries.now()
    yield House().open()
    clock_queries.forget()


def free_starts(house):
    now = clock_queries.now()
    span = {"from": now, "to": now + timedelta(days=30)}
    asked = {name: at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in span.items()}
    free = house.get("/availability", service=house.service["id"], **asked).json()["slots"]
    return [slot["start"] for slot in free[60::8]]


def statements(work):
    """What `work` sends to the database, printed for whoever looks (-s)."""
    with CaptureQueriesContext(connection) as captured:
        answer = work()
    sent = [query["sql"] or "(prepared before)" for query in captured.captured_queries]
    print(*(f"{n:3} {sql[:110]}" for n, sql in enumerate(sent, 1)), sep="\n")
    return len(sent), answer


def test_a_booking_costs_few_statements(house):
    """One to know who asks, three to read and lock what it is about, one to see who has asked for
    it by the same address or number, and what is new is written together: in one statement on
    PostgreSQL, in one a table on SQLite. BEGIN and COMMIT count."""
    first, second, *_ = free_starts(house)
    house.book(first)
    leo = {"name": "Leo Marsh", "email": "leo@example.com"}
    anna = house.staff[0]["id"]
    number, _ = statements(lambda: house.book(second, customer=leo, staff=anna))
    together = 1 if connection.vendor == "postgresql" else 8
    assert number <= 7 + together


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no journeys")
def test_a_booking_with_somebody_asked_for_is_four_journeys(house, monkeypatch):
    """Who asks; all that must be known, with BEGIN; all that is new; and COMMIT, which is not
    counted here. For a customer who has been here before, one more: who listens to them."""
    first, second, third, fourth, *_ = free_starts(house)
    anna = house.staff[0]["id"]
    house.book(first, staff=anna)  # prepares what is asked
    house.book(fourth, staff=anna)
    made, exchange = [], Statements._exchange
    monkeypatch.setattr(
        Statements, "_exchange", lambda self, sends: (made.append(1), exchange(self, sends))[1]
    )
    house.book(second, customer={"name": "Leo Marsh", "email": "leo@example.com"}, staff=anna)
    assert sum(made) <= 3
    house.book(third, staff=anna)
    assert sum(made) <= 3 + 4


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no journeys")
def test_who_gives_the_service_is_asked_along_where_anybody_will_do(house):
    """One that is asked along is not asked again."""
    first, second, *_ = free_starts(house)
    house.book(first)
    asked, ask = [], Statements.ask

    def heard(self, questions):
        asked.append([text for text, _ in questions])
        return ask(self, questions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Statements, "ask", heard)
        house.book(second)
    (journey,) = [texts for texts in asked if any("schedule_hours" in text for text in texts)]
    assert len(journey) > 1


def test_who_listens_costs_a_booking_one_more_and_nobody_costs_nothing(house):
    """Who listens is read along with the business, or with the lock of a case. What is to be told
    goes into the one statement, on PostgreSQL; on SQLite it has two tables."""
    first, second, third, fourth, *_ = free_starts(house)
    silent = house.book(first)
    booked, _ = statements(lambda: house.book(second))
    said, _ = statements(lambda: house.ask(silent, "acknowledge"))
    house.post("/webhook-endpoints", {"url": "https://hooks.example.com/"}, 201)
    told = house.book(third)
    more = 1 if connection.vendor == "postgresql" else 3
    assert statements(lambda: house.book(fourth))[0] <= booked + more
    assert statements(lambda: house.ask(told, "acknowledge"))[0] <= said + more


def test_who_does_not_mind_with_whom_costs_a_booking_two_more(house):
    """Everybody who gives the service is read, and then one of them is locked and looked at."""
    first, second, third, *_ = free_starts(house)
    house.book(first)
    named, _ = statements(lambda: house.book(second, staff=house.staff[0]["id"]))
    anybody, _ = statements(lambda: house.book(third))
    assert anybody <= named + 2


def test_a_key_costs_a_booking_two_more(house):
    first, second, third, *_ = free_starts(house)
    house.book(first)
    plain, _ = statements(lambda: house.book(second))
    body = house.booking(third)
    keyed, _ = statements(lambda: house.post("/appointments", body, 201, Idempotency_Key="k"))
    assert keyed <= plain + 2


def test_a_list_costs_the_same_however_long_it_is(house):
    starts = free_starts(house)
    house.book(starts[0])
    short, _ = statements(lambda: house.get("/appointments"))
    for start in starts[1:6]:
        house.ask(house.book(start), "acknowledge")
    long, _ = statements(lambda: house.get("/appointments"))
    # Of these, two ask what is still to be done and what waits for a person: whether all is well.
    assert short == long <= 5


def test_a_month_of_free_slots_costs_the_same_however_many_there_are(house):
    few, _ = statements(lambda: free_starts(house))
    house.service = house.add_service([house.add_staff(f"Person {n}") for n in range(9)])
    many, _ = statements(lambda: free_starts(house))
    assert few == many <= 5


def test_a_repeat_costs_two_statements(house):
    body = house.booking(free_starts(house)[0])
    house.post("/appointments", body, 201, Idempotency_Key="k")
    number, _ = statements(lambda: house.post("/appointments", body, 201, Idempotency_Key="k"))
    assert number == 2
