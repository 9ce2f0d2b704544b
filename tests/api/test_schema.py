"""The API does what its OpenAPI document says, whatever it is sent (schemathesis, in process)."""

import os
import re

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase
from schemathesis import checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks as openapi_checks

from kept.api.openapi import document
from kept.config.wsgi import application
from tests.api.house import House, stop_clock

CLOSED = {"start": "2027-06-03T00:00:00+02:00", "end": "2027-06-04T00:00:00+02:00"}
PAGE = {"name": "One", "url": "https://one.example.com/"}
URL = "https://hooks.example.com/"
# Once more on another database it need not be tried as hard: the same examples, half of them.
EXAMPLES = 6 if os.environ.get("KEPT_TEST_DATABASE_URL") else 12
IS_ID = re.compile(r"[0-9a-f-]{36}")


@pytest.fixture
def house(db):
    stop_clock()
    return House().open()


schema = schemathesis.openapi.from_dict(document())
schema.app = application
real_ids = {}


@pytest.fixture(autouse=True)
def ids(house):
    """Ids that exist, to be put in where the document asks for one."""
    booked = house.book(customer={"name": "Leo Marsh"})
    gone = house.book("2027-03-04T10:00:00+01:00")
    house.ask(gone, "cancel", {"by": "customer"})
    real_ids.update(
        appointment_id=booked["id"],
        person_id=booked["customer"]["id"],
        escalation_id=house.get("/escalations").json()["items"][0]["id"],
        hand_off_id=house.get("/hand-offs").json()["items"][0]["id"],
        closure_id=house.post("/closures", CLOSED, 201).json()["id"],
        service=house.service["id"],
        service_id=house.service["id"],
        staff=house.staff[0]["id"],
        staff_id=house.staff[0]["id"],
        page_id=house.post("/review-pages", PAGE, 201).json()["id"],
        review_id=house.post("/reviews", {"site": "One", "rating": 2}, 201).json()["id"],
        endpoint_id=house.post("/webhook-endpoints", {"url": URL}, 201).json()["id"],
    )


@pytest.fixture(autouse=True)
def _one_connection(ids):
    """A request of a real server closes its connection; here it is the test's own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _with_real_ids(given):
    if not isinstance(given, dict):
        return given
    return {
        name: real_ids[name] if name in real_ids and IS_ID.fullmatch(str(value)) else value
        for name, value in given.items()
    }


@schema.hook
def map_path_parameters(context, path_parameters):
    return _with_real_ids(path_parameters)


@schema.hook
def map_query(context, query):
    return _with_real_ids(query)


@schema.hook
def map_body(context, body):
    return _with_real_ids(body)


def refuses_wrong_data(ctx, response, case):
    """Not of headers: any text is a key of the client's own or a tag that does not match."""
    wrong = {place for place, info in case.meta.components.items() if info.mode.is_negative}
    if wrong - {ParameterLocation.HEADER}:
        openapi_checks.negative_data_rejection(ctx, response, case)


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_of_those_described(case, house):
    case.call_and_validate(
        headers={"Authorization": f"Bearer {house.secret}"},
        checks=[
            checks.not_a_server_error,
            openapi_checks.status_code_conformance,
            openapi_checks.content_type_conformance,
            openapi_checks.response_headers_conformance,
            openapi_checks.response_schema_conformance,
            refuses_wrong_data,
            openapi_checks.unsupported_method,
            openapi_checks.ignored_auth,
        ],
    )
