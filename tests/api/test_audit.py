"""GET /audit: the report of the console, value by value."""

from kept.audit import own_report
from kept.audit.drawing.data import data
from kept.clock.queries import now
from tests.api.house import pass_time
from tests.audit.read_back import from_json


def test_it_is_the_report_of_the_console_to_the_digit(house):
    house.book()
    got = house.get("/audit").json()
    report = own_report.own_report(house.business, now(), None, None)
    assert got == data(report)
    assert got["quality"]["used"] == 1
    assert len(from_json(got)) > 5


def used(house, query):
    return house.get(f"/audit?{query}").json()["quality"]["used"]


def test_only_the_time_asked_for_is_looked_at(house):
    house.book()
    assert used(house, "from=2030-01-01T00:00:00Z") == 0
    assert used(house, "to=2030-01-01T00:00:00Z") == 1


def test_too_many_are_refused_with_what_to_do(house, monkeypatch):
    house.book()
    monkeypatch.setattr(own_report, "MOST", 0)
    refused = house.get("/audit", 422).json()
    assert refused["errors"][0]["pointer"] == "?from"
    assert "Choose a shorter time" in refused["detail"]


def test_a_visit_without_a_price_counts_and_has_none(house):
    house.book()
    pass_time(days=4)
    made = house.get("/audit").json()
    assert made["headline"]["values"]
    [lost] = [each for each in made["figures"] if each["name"] == "revenue_lost"]
    assert all(each["raw"] in ("0", "0.00", 0) for each in lost["values"])
