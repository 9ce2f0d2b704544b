"""The OpenAPI document: valid as 3.1, every operation described, every example true."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from kept.api import openapi
from tests.api.house import problem

DOCUMENT = json.loads(json.dumps(openapi.document()))  # as it is sent
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def media_of(operation):
    """Every body an operation takes or gives: where, its schema and its example."""
    parts = [("request", operation.get("requestBody", {}))]
    parts += [(status, response) for status, response in operation["responses"].items()]
    for where, part in parts:
        for kind, media in part.get("content", {}).items():
            yield f"{where} {kind}", media


def fits(value, schema):
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(whole).is_valid(value)


def test_it_is_a_valid_openapi_document():
    told = DOCUMENT
    assert told["openapi"].startswith("3.1")
    assert [str(each) for each in jsonschema_rs.validator_for(OPENAPI_31).iter_errors(told)] == []
    broken = {**told, "paths": {"/x": {"get": {"responses": "none"}}}}
    assert not jsonschema_rs.validator_for(OPENAPI_31).is_valid(broken)


def test_every_reference_leads_somewhere():
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    asked = {part.split('"')[0] for part in json.dumps(DOCUMENT).split('"$ref": "')[1:]}
    assert asked
    assert asked <= known


def test_every_operation_has_its_own_name():
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_described_with_its_refusals(name):
    operation = OPERATIONS[name]
    for said in (operation["summary"], operation["description"]):
        assert said[0].isupper() or said[0] == "`"
    assert operation["tags"]
    if name != "get /health":
        assert {"400", "401", "413", "422", "500", "503"} <= operation["responses"].keys()
    for status, response in operation["responses"].items():
        assert response["description"]
        if int(status) >= 400 and name != "get /health":
            (kind,) = response["content"]
            assert kind == "application/problem+json"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_body_has_an_example_that_is_true_to_its_schema(name):
    for where, media in media_of(OPERATIONS[name]):
        assert "example" in media, where
        assert fits(media["example"], media["schema"]), (where, media["example"])
    for parameter in OPERATIONS[name]["parameters"]:
        if "example" in parameter:
            assert fits(parameter["example"], parameter["schema"])


def test_an_example_that_is_not_true_would_be_noticed():
    wrong = {"name": "Massage", "duration_minutes": "long"}
    assert not fits(wrong, {"$ref": "#/components/schemas/ServiceIn"})


def test_an_example_can_be_sent_as_it_stands(house):
    """With ids that exist, the examples of staff, a service and a booking do what they say."""
    for path in ("/staff", "/services", "/appointments"):
        (_, media), *_ = media_of(OPERATIONS[f"post {path}"])
        body = dict(media["example"])
        ids = {"service": house.service["id"], "staff": house.staff[0]["id"]}
        for name in body.keys() & ids.keys():
            body[name] = [ids[name]] if isinstance(body[name], list) else ids[name]
        house.post(path, body, 201)


def test_everybody_may_read_it_and_keep_it_for_a_while(house):
    answer = house.get("/openapi.json")
    assert answer["Cache-Control"] == "public, max-age=300"
    assert answer.json() == DOCUMENT


def test_what_is_about_a_business_is_kept_by_nobody_else(house):
    booked = house.book()
    for path in ("/services", f"/appointments/{booked['id']}", "/escalations"):
        assert house.get(path)["Cache-Control"] == "private, no-cache"
    refused = house.get("/appointments/x", 404)
    assert (problem(refused, "not_found")["status"], refused["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/services", "GET, HEAD, OPTIONS, POST"),
        ("/services/{}", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/appointments/{}/cancel", "OPTIONS, POST"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_says_which_methods_there_are(house, path, allow):
    answer = house.client.options(f"/api/v1{path.format(house.service['id'])}")
    assert (answer.status_code, answer["Allow"], answer.content) == (204, allow, b"")
    assert ("Accept-Patch" in answer) == ("PATCH" in allow)
    assert house.client.options("/api/v1/nothing").status_code == 404


def test_the_manual_names_the_address_of_the_document():
    manual = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    assert "/api/v1/openapi.json" in manual
