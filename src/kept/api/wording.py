"""What the API says of a field that is wrong: a sentence that says what to give instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NUMBER = "Give a whole number, like 45, without quotes."
TEXT = 'Give text, in quotes: "…".'
OBJECT = "Give a JSON object."
YES_OR_NO = "Give true or false, without quotes."

# By pydantic's names of what can be wrong; in braces, what it says of the limit that was met.
SENTENCES = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field here.",
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "string_type": TEXT,
    "string_unicode": "This is not text: it holds half a character.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "int_type": NUMBER,
    "int_from_float": NUMBER,
    "int_parsing": "Give a whole number.",
    "int_parsing_size": "This number is too large.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than_equal": "Give {le} or less.",
    "bool_type": YES_OR_NO,
    "bool_parsing": "Give true or false.",
    "list_type": "Give a list: […].",
    "too_long": "Give at most {max_length} of them.",
    "too_short": "Give at least {min_length} of them.",
}


def sentence(error: Mapping[str, Any]) -> str:
    """What to do about one of pydantic's errors. What our own checks say, they say themselves."""
    told = error.get("ctx", {})
    if "error" in told:
        return str(told["error"])
    if error["type"] == "literal_error":
        return f"Give one of: {told['expected'].replace(' or ', ', ')}.".replace("'", "")
    if told.get("min_length") == 1:
        return "Write at least a word."
    said = SENTENCES.get(error["type"], "This cannot be understood: see /api/v1/openapi.json.")
    return said.format(**told)
