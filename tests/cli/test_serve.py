"""`kept serve`: one process tree that starts quickly, mends itself and leaves nothing behind."""

import os
import re
import signal
import socket
import urllib.request

import pytest

from kept.accounts import queries
from tests.cli.conftest import SETUP, alive, free_port, get, until

pytestmark = pytest.mark.one_database

START = "2027-03-01T08:00:00+01:00"


@pytest.fixture
def port():
    return free_port()


def serve(house, port, *more, **env):
    running = house.start("serve", "--bind", f"127.0.0.1:{port}", *more, **env)
    running.wait_for("Kept answers at")
    return running


def test_a_new_database_is_prepared_and_the_first_page_answers(fresh, port):
    running = serve(fresh, port)
    assert re.search(
        rf"Kept answers at http://127.0.0.1:{port} \(ready in [0-9.]+ s\)", running.said
    )
    assert get(f"http://127.0.0.1:{port}/") < 500


@pytest.mark.parametrize("everybody", [False, True], ids=["starter told", "everybody told"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_stops_when_asked_and_leaves_no_process_behind(house, port, number, everybody):
    running = serve(house, port)
    children = running.children
    assert len(children) == 2
    assert running.stop(number, everybody=everybody) == 0
    assert "started again" not in running.said
    until(lambda: not any(map(alive, children)), "the children to end")
    with socket.create_server(("127.0.0.1", port)):
        pass  # the port is free again


def test_a_child_that_dies_is_started_again(house, port):
    running = serve(house, port)
    for child in running.children:
        before = set(running.children)
        os.kill(child, signal.SIGKILL)
        until(lambda before=before: set(running.children) - before, "a new child")
    assert "started again" in running.said
    assert until(lambda: get(f"http://127.0.0.1:{port}/"), "the page") < 500


def test_when_the_starter_is_killed_the_others_leave(house, port):
    running = serve(house, port)
    children = running.children
    running.stop(signal.SIGKILL)
    until(lambda: not any(map(alive, children)), "the children to end")


def test_a_port_that_is_taken_is_said_to_be_so(house, port):
    with socket.create_server(("127.0.0.1", port)):
        for command in ("serve", "web"):
            refused = house.kept(command, "--bind", f"127.0.0.1:{port}", code=2)
            assert f"Nothing can listen at 127.0.0.1:{port}" in refused.sentence
            assert "--bind" in refused.sentence


def test_it_listens_at_the_base_url_unless_told_otherwise(house, port):
    """A name as well as a number: the server below takes numbers only."""
    running = house.start("serve", KEPT_BASE_URL=f"http://localhost:{port}")
    running.wait_for(f"Kept answers at http://localhost:{port}")


def test_behind_a_proxy_people_use_the_base_url_and_kept_listens_where_told(house, port):
    running = serve(house, port, KEPT_BASE_URL="https://book.example.com")
    assert "Kept answers at https://book.example.com" in running.said
    running.wait_for(f"It listens at 127.0.0.1:{port}")


def test_it_starts_a_new_database_on_the_time_lapse_clock(fresh, port):
    serve(fresh, port, "--clock", START, "--speed", "0")
    shown = fresh.kept("clock", "--json").json
    assert (shown["lapse"], shown["speed"]) == (True, 0)
    assert len(shown["workers"]) == 1


def test_web_and_worker_run_singly_too(house, port):
    web = house.start("web", "--bind", f"127.0.0.1:{port}")
    worker = house.start("work", "--name", "second shift")
    web.wait_for("Kept answers at")
    until(lambda: house.kept("clock", "--json").json["workers"] == ["second shift"], "a worker")
    assert (web.stop(), worker.stop()) == (0, 0)


@pytest.mark.parametrize("bind", ["8000", "localhost", "::1:8000", "127.0.0.1:99999", ":x"])
def test_what_is_no_address_is_said_to_be_none(house, bind):
    assert "is not HOST:PORT" in house.kept("serve", "--bind", bind, code=2).sentence


def chunked(port, path, body, **headers):
    """The status line of the answer to a POST whose body comes in chunks."""
    sent = {"Host": f"127.0.0.1:{port}", "Transfer-Encoding": "chunked", "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**sent, **headers}.items())
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[at : at + 1]) for at in range(len(body)))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        request = f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + chunks + b"0\r\n\r\n"
        connection.sendall(request)
        return connection.makefile("rb").readline().decode()


def test_a_body_in_chunks_reaches_the_api(house, port):
    """What is no JSON is refused for what it is, before anybody is asked for a key."""
    serve(house, port)
    path = "/api/v1/appointments"
    assert " 415 " in chunked(port, path, b"no json", **{"Content-Type": "text/plain"})
    assert " 401 " in chunked(port, path, b"{}", **{"Content-Type": "application/json"})
    too_much = b"[" + b"1," * 40_000 + b"1]"
    assert " 413 " in chunked(port, path, too_much, **{"Content-Type": "application/json"})


def test_the_use_of_a_key_is_written_down_by_the_web_and_not_by_the_request(house, port):
    secret = house.kept(*SETUP, "--json").json["api_key"]
    serve(house, port)
    assert queries.last_use(queries.key_holder(secret)) is None
    address = f"http://127.0.0.1:{port}/api/v1/services"
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.status == 200
    until(lambda: queries.last_use(queries.key_holder(secret)), "the use of the key")
