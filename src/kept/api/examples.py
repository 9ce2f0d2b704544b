"""Examples for the OpenAPI document, made from its schemas, so that none can be out of date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a field of this name may hold, where its schema has no example of its own.
LIKELY: Mapping[str, object] = {
    "actor": "integration:till",
    "answered_by": "integration:till",
    "channel": "email",
    "control": "confirmation",
    "currency": "EUR",
    "customer_url": "https://kept.example.com/a/3f9c…",
    "detail": "Enter an e-mail address like name@example.com.",
    "email": "mia@example.com",
    "evidence": "accepted",
    "from": "appointment",
    "kind": "CONTACT_GAP",
    "locale": "en_GB",
    "mode": "here",
    "name": "Ada Lind",
    "origin": "api",
    "outcome": "completed",
    "owner": "front_desk",
    "phone": "+442079460123",
    "place": "Room 2",
    "pointer": "#/customer/email",
    "resolved_by": "integration:till",
    "role": "integration",
    "service_name": "Foot care",
    "source": "integration",
    "staff_name": "Ada Lind",
    "start": "09:00",
    "end": "17:00",
    "state": "confirmed",
    "status": "planned",
    "time_zone": "Europe/Berlin",
    "to": "follow_up",
    "value": "completed",
    "via": "email",
}
BY_FORMAT: Mapping[str, object] = {
    "uuid": "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44",
    "date-time": "2027-03-03T10:00:00+01:00",
}
BY_TYPE: Mapping[str, object] = {
    "string": "",
    "integer": 1,
    "number": 60.0,
    "boolean": False,
    "null": None,
}


def example(schema: Mapping[str, Any], known: Mapping[str, Any], name: str = "") -> Any:
    """A value this schema describes. `known`: the schemas it may refer to; `name`: of the field."""
    if "$ref" in schema:
        return example(known[schema["$ref"].rpartition("/")[2]], known, name)
    if "examples" in schema:
        return schema["examples"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], known, name)
    if "properties" in schema:
        return _object(schema, known)
    if schema.get("type") == "array":
        return [example(schema["items"], known, name)]
    return _plain(schema, name)


def _object(schema: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """With every field that must be there, and those that have an example of their own."""
    required = schema.get("required", ())
    return {
        name: example(field, known, name)
        for name, field in schema["properties"].items()
        if name in required or _has_example(field)
    } or _first_field(schema, known)


def _first_field(schema: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Of an object whose fields may all be left out."""
    name, field = next(iter(schema["properties"].items()))
    return {name: example(field, known, name)}


def _has_example(field: Mapping[str, Any]) -> bool:
    return "examples" in field or any("examples" in each for each in field.get("anyOf", ()))


def _plain(schema: Mapping[str, Any], name: str) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    if schema.get("type") == "string" and name in LIKELY:
        return LIKELY[name]
    if schema.get("type") == "object":
        return {}
    if schema.get("type") == "integer":
        return max(1, schema.get("minimum", 1))
    return BY_TYPE[schema["type"]]
