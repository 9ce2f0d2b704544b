"""A body that comes in chunks is read, or its sender is told what to do; never taken for none."""

import json
from io import BytesIO

import pytest

from kept.web import bodies
from kept.web.bodies import whole


def application(environ, start):
    start("200 OK", [])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


def ask(**environ):
    said = []
    environ = {"PATH_INFO": "/api/v1/appointments", "wsgi.input": BytesIO(b"a body"), **environ}
    answer = whole(application)(environ, lambda status, headers: said.append(status))
    return said[0], b"".join(answer)


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}
MARKED = {**CHUNKED, "wsgi.input_terminated": True}


def test_a_body_in_chunks_is_read_as_one_with_a_length_is():
    assert ask(**MARKED) == ask(CONTENT_LENGTH="6") == ("200 OK", b"a body")


def test_where_its_end_cannot_be_known_its_length_is_asked_for():
    status, body = ask(**CHUNKED)
    assert status == "411 Length Required"
    assert json.loads(body)["code"] == "no_length"


def test_a_body_that_breaks_off_is_refused_and_not_taken_for_an_empty_one():
    class BrokenOff:
        def read(self, _):
            raise OSError("the other side went away")

    status, body = ask(**MARKED, **{"wsgi.input": BrokenOff()})
    assert status == "400 Bad Request"
    assert json.loads(body)["detail"] == "The body broke off."


def test_one_that_never_ends_is_read_only_so_far(monkeypatch):
    monkeypatch.setattr(bodies, "MOST", 10)
    endless = type("Endless", (), {"read": lambda self, size: b"x" * size})()
    assert ask(**MARKED, **{"wsgi.input": endless}) == ("200 OK", b"x" * 11)


@pytest.mark.parametrize("environ", [{}, {"CONTENT_LENGTH": ""}])
def test_a_request_without_a_body_stays_one(environ):
    assert ask(**environ) == ("200 OK", b"")
