"""The generated page of docs/webhooks: every type of event, and what each carries."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from kept.webhooks.catalogue import Type, types
from kept.webhooks.shapes import (
    AboutTold,
    ContractTold,
    EscalationTold,
    HandOffTold,
    MessageTold,
    NeedTold,
    StepTold,
    TellingTold,
    TestTold,
)

HEAD = """\
<!-- Generated from the paths and from src/kept/webhooks by `./run docs`. Do not edit. -->

# Events

Every event that Kept sends to [webhooks](../webhooks.md). Names are never taken back and never
change their meaning; new ones may come, so ignore what you do not know. The same holds for the
fields of `data`.
"""

SECTIONS = (
    ("Every event about a case", AboutTold, "Beside what its own kind adds below."),
    ("A case came into a state, or something was said", StepTold, ""),
    ("`message.…`", MessageTold, ""),
    ("`message` (in `data`)", TellingTold, ""),
    ("`escalation.…`", EscalationTold, ""),
    ("`escalation` (in `data`)", NeedTold, ""),
    ("`hand_off.…`", HandOffTold, ""),
    ("`hand_off` (in `data`)", ContractTold, ""),
    ("`webhook.test`", TestTold, ""),
)

ABOUT_A_CASE = (StepTold, MessageTold, EscalationTold, HandOffTold)


def pages() -> dict[str, str]:
    """The text of the page by its file name."""
    return {"events.md": "\n".join([HEAD, *_tables(), *_fields()])}


def _tables() -> list[str]:
    families: dict[str, list[Type]] = {}
    for each in types():
        families.setdefault(each.name.partition(".")[0], []).append(each)
    lines = []
    for family, members in families.items():
        lines += [f"## `{family}`", "", "| type | sent when |", "|---|---|"]
        lines += [f"| `{each.name}` | {each.says} |" for each in members]
        lines.append("")
    return lines


def _fields() -> list[str]:
    common = set(TypeAdapter(AboutTold).json_schema()["properties"])
    lines = ["# What `data` holds", ""]
    for title, shape, note in SECTIONS:
        schema = TypeAdapter(shape).json_schema()
        known = schema.get("$defs", {})
        says = schema.get("description", note).replace("\n", " ")
        lines += [f"## {title}", "", says, "", "| field | type | |", "|---|---|---|"]
        for name, field in schema["properties"].items():
            if shape not in ABOUT_A_CASE or name not in common:
                text = field.get("description", "")
                optional = "" if name in schema.get("required", ()) else " Not always there."
                lines.append(f"| `{name}` | {_type(field, known)} | {text}{optional} |")
        lines.append("")
    return lines


def _type(field: dict[str, Any], known: dict[str, Any]) -> str:
    if "$ref" in field:
        target = known[field["$ref"].rpartition("/")[2]]
        return "{" + ", ".join(f"`{name}`" for name in target["properties"]) + "}"
    if "anyOf" in field:
        return " or ".join(_type(each, known) for each in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'], known)}"
    return str(field.get("format") or field.get("type") or "any")
