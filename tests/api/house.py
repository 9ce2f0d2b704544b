"""Builders: a business with a key, staff and a service, and a client that speaks JSON."""

import json
from datetime import UTC, datetime, timedelta

from django.test import Client

from kept.accounts import actions as accounts
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.worker import deliver
from tests.promises.house import Ledger

MONDAY = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)  # 08:00 in Berlin
WEEK = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]
MIA = {"name": "Mia Holt", "email": "mia@example.com"}


class House:
    """One business, seen by an integrator with its key."""

    client_class = Client

    def __init__(self, name="Harbour Clinic", time_zone="Europe/Berlin"):
        self.business, self.owner = accounts.create_business(
            name, time_zone, "owner@example.com", MONDAY
        )
        self.secret = accounts.new_api_key(self.business, "till", MONDAY)
        self.client = Client(headers={"authorization": f"Bearer {self.secret}"})

    def get(self, path, status=200, /, **query):
        headers = query.pop("headers", None)
        return self._checked(self.client.get(f"/api/v1{path}", query, headers=headers), status)

    def post(self, path, body=None, status=200, **headers):
        return self._send("POST", path, body, status, headers)

    def patch(self, path, body, status=200, **headers):
        return self._send("PATCH", path, body, status, headers)

    def delete(self, path, status=200, **headers):
        return self._send("DELETE", path, None, status, headers)

    def _send(self, method, path, body, status, headers):
        content = b"" if body is None else json.dumps(body)
        answer = self.client.generic(
            method,
            f"/api/v1{path}",
            content,
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        return self._checked(answer, status)

    def _checked(self, response, status):
        assert response.status_code == status, response.content
        return response

    def add_staff(self, name="Ada Lind", **more):
        body = {"name": name, "email": "ada@example.com", "weekly_hours": WEEK, **more}
        return self.post("/staff", body, 201).json()

    def add_service(self, staff, name="Foot care", **more):
        ids = [each["id"] for each in staff]
        body = {"name": name, "duration_minutes": 45, "buffer_after_minutes": 15, "staff": ids}
        return self.post("/services", {**body, **more}, 201).json()

    def open(self, staff=1):
        """Staff and a service; answers this house."""
        self.staff = [self.add_staff(f"Person {n}") for n in range(staff)]
        self.service = self.add_service(self.staff)
        return self

    def booking(self, start="2027-03-03T10:00:00+01:00", **more):
        return {"service": self.service["id"], "start": start, "customer": MIA, **more}

    def book(self, start="2027-03-03T10:00:00+01:00", **more):
        return self.post("/appointments", self.booking(start, **more), 201).json()

    def ask(self, appointment, request, body=None, status=200, **headers):
        return self.post(f"/appointments/{appointment['id']}/{request}", body, status, **headers)

    def timeline(self, appointment):
        return self.get(f"/appointments/{appointment['id']}/timeline").json()


def stop_clock(at=MONDAY):
    clock_queries.forget()
    clock.start(at, speed=0)


def pass_time(**span):
    return clock.advance(timedelta(**span))


def deliver_all():
    """A worker hands over what is due; the mail server takes everything."""
    while deliver.deliver_one(Ledger(), "worker", clock_queries.now):
        pass


def problem(response, code):
    """The problem of a refusal, checked for its shape."""
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code, body
    assert body["status"] == response.status_code
    assert {"type", "title", "detail", "instance", "errors"} <= body.keys()
    return body
