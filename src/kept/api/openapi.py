"""The OpenAPI 3.1 document: what ninja knows of the endpoints, and what it cannot say."""

from __future__ import annotations

from functools import cache, lru_cache
from types import GenericAlias
from typing import Any

from django.http import HttpRequest, HttpResponse
from pydantic import TypeAdapter

from kept.api.answers import CONTENT_TYPE, dumps
from kept.api.app import api
from kept.api.examples import example
from kept.webhooks.catalogue import Type, types
from kept.webhooks.shapes import shape_of

TAGS = {
    "Services": "What can be booked.",
    "Staff": "Who can be booked, and when they work.",
    "Appointments": "Booking, and everything that may happen to a booking.",
    "Escalations": "What only a person can resolve.",
    "Hand-offs": "What comes next, offered to whoever takes it over.",
    "Webhooks": "What other programs hear, and what became of it.",
    "Health": "Whether the installation works.",
}


SCHEMAS = "#/components/schemas/{model}"


def _webhooks(known: dict[str, Any]) -> dict[str, Any]:
    """What Kept sends by itself (OpenAPI 3.1, `webhooks`): one operation a type of event."""
    return {each.name: {"post": _webhook(each, known)} for each in types()}


def _webhook(event: Type, known: dict[str, Any]) -> dict[str, Any]:
    shape = _reference(shape_of(event.name), known)
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": event.name, "examples": [event.name]},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": shape,
        },
    }
    return {
        "operationId": f"told_{event.name.replace('.', '_')}",
        "summary": event.name,
        "description": event.says,
        "tags": ["Webhooks"],
        "security": [],
        "requestBody": {
            "required": True,
            "content": {CONTENT_TYPE: {"schema": body, "example": example(body, known)}},
        },
        "responses": {"2XX": {"description": "Taken. Anything else is tried again."}},
    }


def _reference(shape: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Put a shape that ninja was not told of among the schemas; answers the reference to it."""
    made = _schema(shape)
    known.update(made["$defs"])
    return dict(made["items"])


@cache
def _schema(shape: Any) -> dict[str, Any]:
    several: Any = GenericAlias(list, (shape,))  # of which it is a part, and has a name
    return TypeAdapter(several).json_schema(ref_template=SCHEMAS, mode="serialization")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole document."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=""))
    made["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    made["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    for operations in made["paths"].values():
        for operation in operations.values():
            _complete(operation, made["components"]["schemas"])
            _give_examples(operation, made["components"]["schemas"])
    made["webhooks"] = _webhooks(made["components"]["schemas"])
    return made


def _give_examples(operation: dict[str, Any], known: dict[str, Any]) -> None:
    parts = [operation.get("requestBody", {}), *operation["responses"].values()]
    for part in parts:
        for media in part.get("content", {}).values():
            media.setdefault("example", example(media["schema"], known))


def _complete(operation: dict[str, Any], known: dict[str, Any]) -> None:
    for parameter in operation["parameters"]:
        _never_null(parameter)
        # In a schema examples are a list (JSON Schema), of a parameter they are not.
        if isinstance(parameter.get("examples"), list):
            parameter["example"] = parameter.pop("examples")[0]
    for response in operation["responses"].values():
        for media in response.get("content", {}).values():
            if not isinstance(media["schema"], dict):  # `declare.answer`
                media["schema"] = _reference(media["schema"], known)


def _never_null(parameter: dict[str, Any]) -> None:
    """An optional parameter is left out; it is never null."""
    schema = parameter["schema"]
    options = [each for each in schema.pop("anyOf", []) if each != {"type": "null"}]
    for option in options:
        schema.update(option)


@lru_cache(maxsize=1)
def _text() -> str:
    return dumps(document())


def openapi(request: HttpRequest) -> HttpResponse:
    """GET /openapi.json, for everybody."""
    headers = {"Cache-Control": "public, max-age=300"}
    return HttpResponse(_text(), content_type=CONTENT_TYPE, headers=headers)


@lru_cache(maxsize=64)
def query_names(path: str, method: str) -> frozenset[str]:
    """The query parameters an endpoint knows; `path` as in the document."""
    parameters = document()["paths"].get(path, {}).get(method, {}).get("parameters", [])
    return frozenset(each["name"] for each in parameters if each["in"] == "query")
