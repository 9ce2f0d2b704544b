"""`kept status`: what runs here and whether all is well; and what is said about mail elsewhere."""

import pytest

from tests.cli.conftest import SETUP, free_port, until


def serve(house, **env):
    running = house.start("serve", "--bind", f"127.0.0.1:{free_port()}", **env)
    running.wait_for("Kept answers at")
    return running


def test_while_everything_runs_it_says_so(house):
    house.kept(*SETUP)
    serve(house)
    until(lambda: house.kept("clock", "--json").json["workers"], "a worker")
    told = house.kept("status", "--json").json
    assert told["status"] == "ok"
    assert told["degraded"] == []
    assert told["worker"]["alive"]
    assert told["mail"] == {
        "state": "ok",
        "server": "inbox",
        "since": None,
        "detail": "",
        "retrying": 0,
        "waiting": 0,
        "behind_seconds": 0,
    }
    assert (told["businesses"], told["needs_a_person"]) == (1, 0)
    words = house.kept("status").out
    assert words.startswith("Kept ")
    assert "mail" in words


def test_without_a_worker_it_is_degraded_and_says_what_to_do(house):
    house.kept(*SETUP)
    done = house.kept("status", code=1)
    assert "no worker" in done.out
    assert "kept serve" in done.sentence
    told = house.kept("status", "--json", code=1).json
    assert told["status"] == "degraded"
    assert told["worker"] == {"alive": False, "names": [], "seen_at": None, "due_now": 0}


def test_the_password_of_the_database_and_of_the_mail_server_is_not_shown(house):
    house.kept(*SETUP)
    url = "smtp://user:hunter2@127.0.0.1:1"
    done = house.kept("status", code=1, KEPT_EMAIL_URL=url)
    assert "hunter2" not in done.out + done.err
    assert "smtp 127.0.0.1:1" in done.out


@pytest.mark.parametrize("command", [("status",), ("check",), SETUP], ids=lambda each: each[0])
def test_no_mail_server_is_said_wherever_an_operator_looks(house, command):
    if command != SETUP:
        house.kept(*SETUP)
    done = house.kept(*command, code=int(command == ("status",)), KEPT_EMAIL_URL="")
    assert "KEPT_EMAIL_URL" in done.err
    assert "KEPT_EMAIL_URL" not in done.out


def test_a_start_without_a_mail_server_says_that_nothing_leaves(house):
    running = serve(house, KEPT_EMAIL_URL="")
    running.wait_for("No mail leaves: no mail server is set: set KEPT_EMAIL_URL.")


def test_a_start_with_a_mail_server_that_is_away_says_so(house):
    house.kept(*SETUP)
    away = {"KEPT_EMAIL_URL": f"smtp://127.0.0.1:{free_port()}"}
    running = serve(house, **away)
    running.wait_for("No mail leaves: no usable connection to smtp 127.0.0.1")
    seen = "from kept.outbox import queries; print(queries.mail().state)"
    until(lambda: house.python(seen) == "away", "the worker to have written it down")
    told = house.kept("status", "--json", code=1, **away).json
    assert told["mail"]["state"] == "away"
    assert "connection" in told["mail"]["detail"].lower()
    assert "mail" in house.kept("check", **away).err


def test_a_setting_that_is_spelt_wrongly_is_named_with_the_one_that_was_meant(house):
    done = house.kept(*SETUP, KEPT_EMAIL_ULR="smtp://user:hunter2@mail.example.com")
    assert "KEPT_EMAIL_ULR is no setting of Kept; did you mean KEPT_EMAIL_URL?" in done.err
    assert "hunter2" not in done.err
