"""No test reaches another machine, and no setting of the person who runs them reaches a test."""

import os
import socket

import pytest


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_another_machine_is_out_of_reach(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as outside, pytest.raises(RuntimeError, match="tried to reach"):
        outside.connect((address, 80))


def test_another_machine_is_not_looked_up():
    with pytest.raises(RuntimeError, match="tried to reach"):
        socket.create_connection(("elsewhere.example", 80))


def test_this_machine_is_in_reach():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        socket.create_connection(("localhost", server.getsockname()[1])).close()


def test_only_what_the_tests_chose_is_set():
    chosen = {"KEPT_DATABASE_URL", "KEPT_DATA_DIR", "KEPT_SECRET_KEY", "KEPT_EMAIL_URL"}
    asked = {"KEPT_TEST_DATABASE_URL", "KEPT_REQUIRE_BROWSER", "KEPT_THOROUGH"}
    assert chosen <= {name for name in os.environ if name.startswith("KEPT_")} <= chosen | asked
