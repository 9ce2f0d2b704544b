"""GET /audit: the report of the console, value by value."""

from kept.audit import own_report
from kept.audit.drawing.data import data
from kept.clock.queries import now
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
