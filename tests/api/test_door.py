"""What holds for every address: keys, methods, bodies, parameters, and how a refusal reads."""

import re
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from kept.accounts import actions as accounts
from kept.accounts.queries import ApiKey
from kept.api import problems
from kept.api.openapi import document
from kept.clock import actions as clock
from kept.core.availability import Refusal
from tests.api.house import MONDAY, House, problem

NOBODY = "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"
OPERATIONS = [
    (re.sub(r"{\w+}", NOBODY, path), method, op)
    for path, methods in document()["paths"].items()
    for method, op in methods.items()
]
NAMES = [f"{method} {path}" for path, method, _ in OPERATIONS]
SIGNED = {f"/webhook-endpoints/{NOBODY}/answers"}  # opened by a signature instead
LOCKED = [each for each in OPERATIONS if each[0] not in {"/health", *SIGNED}]


def send(client, method, path, **headers):
    content = {"data": "{}", "content_type": "application/json"} if method == "post" else {}
    return client.generic(method.upper(), f"/api/v1{path}", headers=headers, **content)


# Keys


@pytest.mark.parametrize(("path", "method", "_"), LOCKED)
def test_every_endpoint_asks_for_a_key(db, path, method, _):
    refused = send(Client(), method, path)
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"] == 'Bearer realm="kept"'
    problem(refused, "no_key")


def test_the_one_door_without_a_key_asks_for_a_signature(db):
    for path in SIGNED:
        refused = send(Client(), "post", path)
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"] == 'Webhook-Signature realm="kept"'
        problem(refused, "bad_signature")


@pytest.mark.parametrize(
    "given", ["Bearer wrong", "Bearer", "Bearer ", "Basic {}", "{}", "Token {}", "Bearer {}x"]
)
def test_a_key_that_is_not_right_is_refused(house, given):
    refused = house.client.get(
        "/api/v1/services", headers={"authorization": given.format(house.secret)}
    )
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"].startswith('Bearer realm="kept"')
    problem(refused, "no_key")


def test_a_revoked_key_is_refused_at_once(house):
    house.get("/services")
    key = ApiKey.objects.get(business=house.business)
    accounts.revoke_api_key(house.business.id, key.id, MONDAY)
    problem(house.get("/services", 401), "no_key")


def test_being_signed_in_opens_nothing(house):
    """Cookies are not looked at, so there is nothing another site could forge."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.owner)
    assert client.get("/api/v1/services").status_code == 401
    bearer = {"authorization": f"Bearer {house.secret}"}
    made = client.post(
        "/api/v1/appointments", house.booking(), content_type="application/json", headers=bearer
    )
    assert made.status_code == 201


# Methods and addresses


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PURGE"])
@pytest.mark.parametrize("path", ["/services", f"/appointments/{NOBODY}", "/openapi.json"])
def test_a_method_there_is_not_is_refused_with_those_there_are(house, method, path):
    refused = house.client.generic(method, f"/api/v1{path}")
    assert refused.status_code == 405
    expected = "GET, HEAD, OPTIONS, POST" if path == "/services" else "GET, HEAD, OPTIONS"
    assert refused["Allow"] == expected
    problem(refused, "no_such_method")


def test_an_endpoint_that_acts_is_not_read(house):
    refused = house.get(f"/appointments/{NOBODY}/cancel", 405)
    assert refused["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize("path", ["/", "/nothing", "/services/", "/appointments/x/y/z"])
def test_an_address_there_is_not_is_a_problem_too(house, path):
    answer = house.client.get(f"/api/v1{path}")
    assert answer.status_code == 404
    problem(answer, "not_found")


@pytest.mark.parametrize("path", ["/services", "/health", "/openapi.json"])
def test_head_is_get_without_the_body(house, path):
    full, head = (getattr(house.client, m)(f"/api/v1{path}") for m in ("get", "head"))
    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == str(len(full.content))


def test_no_other_site_is_let_in(house):
    answer = house.get("/services", headers={"Origin": "https://elsewhere.example.com"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"\xff\xfe\xfa",
        b'{"service": NaN}',
        b'{"notes": "a", "notes": "b"}',
        b"[" * 20_000,
        b"1" * 5_000,
    ],
)
def test_what_is_not_json_cannot_be_read(house, body):
    refused = house.client.post("/api/v1/appointments", body, content_type="application/json")
    assert refused.status_code == 400
    assert "not JSON" in problem(refused, "malformed")["detail"]


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7", b"", b"true"])
def test_what_is_not_an_object_is_invalid(house, body):
    refused = house.client.post("/api/v1/appointments", body, content_type="application/json")
    assert refused.status_code == 422
    assert problem(refused, "invalid")["errors"][0]["pointer"] == "#"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_another_kind_of_body_is_refused(house, kind):
    refused = house.client.post("/api/v1/appointments", b"{}", content_type=kind)
    assert (refused.status_code, refused["Accept-Post"]) == (415, "application/json")
    problem(refused, "not_json")


def test_a_kind_with_its_encoding_is_the_same_kind(house):
    kind = "application/json; charset=utf-8"
    made = house.client.post("/api/v1/appointments", house.booking(), content_type=kind)
    assert made.status_code == 201


def test_a_body_that_is_too_large_is_refused(house):
    refused = house.post("/appointments", house.booking(notes="x" * 70_000), 413)
    problem(refused, "too_large")


# Parameters


def test_a_parameter_nobody_reads_is_refused(house):
    refused = problem(house.get("/services", 422, page=2), "invalid")
    assert refused["errors"] == [{"pointer": "?page", "detail": "There is no such parameter here."}]


def test_a_parameter_given_twice_is_refused(house):
    refused = house.client.get("/api/v1/appointments?state=missed&state=cancelled")
    assert problem(refused, "invalid")["errors"][0]["pointer"] == "?state"


def test_everything_that_is_wrong_with_the_parameters_is_said_at_once(house):
    refused = house.client.get("/api/v1/appointments?state=lost&page=2&limit=0")
    pointers = [error["pointer"] for error in problem(refused, "invalid")["errors"]]
    assert sorted(pointers) == ["?limit", "?page", "?state"]
    problem(Client().get("/api/v1/services?page=2"), "no_key")


# When it breaks


def test_a_database_that_is_busy_is_tried_again(house):
    broken = mock.patch(
        "kept.schedule.queries.services", side_effect=OperationalError("database is locked")
    )
    with broken:
        refused = house.get("/services", 503)
    assert refused["Retry-After"] == "2"
    assert "locked" not in problem(refused, "busy")["detail"]


def test_what_breaks_says_nothing_about_the_inside(house):
    with mock.patch("kept.schedule.queries.services", side_effect=RuntimeError("secret inside")):
        refused = house.get("/services", 500)
    assert b"secret" not in refused.content
    problem(refused, "internal")


def test_health_needs_no_key_and_says_what_is_missing(house):
    report = Client().get("/api/v1/health")
    assert report.status_code == 200
    body = report.json()
    assert body["status"] == "degraded"
    assert body["database"] == "ok"
    assert body["clock"] == "2027-03-01T07:00:00+00:00"
    assert body["worker"] == {"alive": False, "seen_at": None, "due_now": 0}


def test_health_is_ok_while_a_worker_is_seen(house):
    from kept.clock import actions as clock

    clock.beat("worker", started_at=MONDAY, idle=True, turned=0, failed=0)
    body = Client().get("/api/v1/health").json()
    assert body["status"] == "ok"
    assert body["worker"]["alive"] is True


def beat(**mail):
    from kept.clock import actions as clock

    clock.beat("worker", started_at=MONDAY, idle=True, turned=0, failed=0, **mail)


def test_health_is_degraded_but_alive_while_the_mail_server_is_away(house):
    beat(mail_away_since=MONDAY, mail_detail="no usable connection to smtp mail.example.com:587")
    report = Client().get("/api/v1/health")
    assert report.status_code == 200
    assert report.json()["status"] == "degraded"
    mail = report.json()["mail"]
    assert (mail["state"], mail["since"]) == ("away", "2027-03-01T07:00:00+00:00")
    assert "example.com" not in report.content.decode()  # anybody may ask
    beat()
    mail = Client().get("/api/v1/health").json()["mail"]
    assert mail == {"state": "ok", "since": None, "waiting": 0, "behind_seconds": 0}


def test_health_says_how_many_letters_wait_and_for_how_long(house):
    house.book()
    clock.advance(timedelta(minutes=5))
    mail = Client().get("/api/v1/health").json()["mail"]
    assert (mail["waiting"], mail["behind_seconds"]) == (1, 300)


def test_health_is_degraded_where_no_mail_server_is_set(house, settings):
    beat()
    settings.EMAIL_URL = "none:"
    body = Client().get("/api/v1/health").json()
    assert (body["status"], body["mail"]["state"]) == ("degraded", "unset")


def test_health_without_a_database_is_503(house):
    away = mock.patch("kept.clock.queries.now", side_effect=OperationalError("refused"))
    with away:
        report = Client().get("/api/v1/health")
    assert report.status_code == 503
    assert report.json()["database"] == "unreachable"


# The document


def test_the_document_is_open_and_whole(db):
    answer = Client().get("/api/v1/openapi.json")
    told = answer.json()
    assert told["openapi"].startswith("3.1.")
    assert told["servers"] == [{"url": "/api/v1"}]
    assert told["components"]["securitySchemes"]["BearerKey"]["scheme"] == "bearer"
    assert "ProblemOut" in told["components"]["schemas"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_is_described(path, method, operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    for status, response in operation["responses"].items():
        if int(status) >= 400 and path != "/health":
            assert list(response["content"]) == ["application/problem+json"]
    if method == "post":
        assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}


def test_another_house_is_another_key(house):
    other = House("Other Studio")
    assert other.secret != house.secret
    assert other.get("/services").json()["items"] == []


def test_every_code_stands_in_the_manual():
    """What a program may meet, it can look up."""
    source = "".join(path.read_text() for path in Path(problems.__file__).parent.rglob("*.py"))
    codes = set(re.findall(r'Problem\(\s*\d{3}, "(\w+)"', source)) | {
        each.value for each in Refusal
    }
    manual = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    assert codes
    assert codes <= set(re.findall(r"`(\w+)`", manual))
