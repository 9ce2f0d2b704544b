"""`kept demo`: a sample business on grounds of its own."""

import re
import sqlite3
from contextlib import closing
from datetime import date

import pytest

from kept.cli.demo import this_monday
from tests.cli.conftest import free_port, get
from tests.demo import living
from tests.demo.living import Browser


class Demo(living.Demo):
    """A demo whose tables are looked into."""

    def rows(self, query):
        with closing(sqlite3.connect(self.folder / "demo" / "kept.sqlite3")) as database:
            return database.execute(query).fetchall()


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path)
    yield demo
    demo.stop_everything()


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A demo that runs beside a real installation, for tests that only look."""
    demo = Demo(tmp_path_factory.mktemp("demo"))
    demo.kept("migrate")
    demo.said = demo.show(KEPT_EMAIL_URL="smtp://127.0.0.1:1").said
    yield demo
    demo.stop_everything()


def test_it_says_what_to_try_and_where_to_go(shown):
    assert f"The demo answers at {shown.base}" in shown.said
    assert "  8. " in shown.said
    assert "./run kept clock advance 1d --through" in shown.said
    assert f"KEPT_BASE_URL={shown.base} KEPT_EMAIL_URL=inbox:" in shown.said
    addresses = re.findall(rf"{shown.base}/\S+", shown.said)
    pages = [address.removeprefix(shown.base).split("/")[1] for address in addresses]
    assert pages == ["sign-in", "book", "ask", "console"]
    assert [get(address) for address in addresses] == [200, 200, 200, 200]


def test_its_link_leads_to_the_front_desk_with_one_press_and_its_password_again(shown):
    link = re.search(rf"{shown.base}/sign-in/\S+", shown.said)[0]
    where, page = Browser().post(link)
    assert where == f"{shown.base}/console/"
    assert "Set a password" not in page
    email, password = re.search(r"as (\S+) with the password ([\w-]+)", shown.said).groups()
    sign_in = f"{shown.base}/console/sign-in"
    where, _ = Browser().post(sign_in, email=email, password=password)
    assert where == f"{shown.base}/console/"


def test_it_shows_appointments_in_every_state_each_with_its_history(shown):
    walked = shown.rows("SELECT DISTINCT path, state FROM cases_case")
    assert {state for path, state in walked if path == "appointment"} == {
        *("scheduled", "confirmed", "prepared", "attended", "completed"),
        *("rescheduled", "cancelled", "missed"),
    }
    assert {state for path, state in walked if path == "follow_up"} >= {
        *("checked", "next_step", "recovering", "complaint"),
    }
    assert {state for path, state in walked if path == "lead_response"} == {
        *("acknowledged", "engaged", "qualified", "not_a_fit", "booked"),
    }
    assert {state for path, state in walked if path == "reputation"} >= {"asked", "answering"}
    assert {state for path, state in walked if path == "reactivation"} >= {"due_set", "overdue"}
    still_open = "SELECT count(*) FROM cases_escalation WHERE resolved_at IS NULL"
    assert shown.rows(still_open)[0][0] >= 3
    kept = shown.kept(
        "check", KEPT_DATABASE_URL=f"sqlite:///{shown.folder / 'demo' / 'kept.sqlite3'}"
    )
    assert kept.err.strip() == "Every promise holds."


def test_it_touches_neither_the_database_nor_the_mail_server_that_are_set(shown):
    counted = shown.python("from kept.accounts import queries; print(len(queries.businesses()))")
    assert counted == "0"
    assert shown.rows("SELECT DISTINCT status FROM outbox_message") == [("accepted",)]


def test_one_folder_holds_one_demo(shown):
    second = shown.kept("demo", "--bind", f"127.0.0.1:{free_port()}", code=1)
    assert "already running" in second.sentence


def test_it_starts_anew_unless_asked_to_keep(demo):
    def business():
        return demo.rows("SELECT id FROM accounts_business")

    demo.show().stop()
    before = business()
    demo.show("--keep").stop()
    assert business() == before
    demo.show().stop()
    assert business() != before


def test_a_folder_with_something_else_in_it_is_left_alone(demo):
    other = demo.folder / "other"
    other.mkdir()
    (other / "kept.sqlite3").write_text("precious")
    refused = demo.kept("demo", "--data-dir", str(other), code=2)
    assert "holds something else" in refused.sentence
    assert (other / "kept.sqlite3").read_text() == "precious"


@pytest.mark.parametrize(
    ("today", "monday"),
    [
        (date(2027, 1, 1), date(2026, 12, 28)),
        (date(2027, 3, 1), date(2027, 3, 1)),
        (date(2027, 3, 7), date(2027, 3, 1)),
    ],
)
def test_its_clock_begins_on_the_monday_of_this_week(today, monday):
    assert this_monday(today) == monday
