"""Forms that say what is wrong once at the top, once at the field, and keep what was typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of an error summary; `anchor` is the id of the place to mend it, or empty."""

    message: str
    anchor: str = ""


class Form(forms.Form):
    """The form of this house. Checked by the server only, when it is sent.

    `anchor`: the id a general error leads to (for a time just taken: where the times are).
    """

    use_required_attribute = False
    anchor = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def refuse(self, error: Exception) -> None:
        """Show a refusal where it belongs: at the field it names, else above the form."""
        field = getattr(error, "field", None)
        self.add_error(field if field in self.fields else None, str(error))

    def problems(self) -> list[Problem]:
        """What is wrong, in the order of the form, each with the place to mend it."""
        found = [Problem(str(message), self.anchor) for message in self.non_field_errors()]
        for bound in self:
            found += [Problem(str(message), anchor_of(bound)) for message in bound.errors]
        return found


def anchor_of(bound: BoundField) -> str:
    """The id of the control of a field; of the first one in a group of choices."""
    return bound.id_for_label or f"{bound.auto_id}_0"


def widget_of(bound: BoundField) -> str:
    """The control of a field, tied to its hint and its error, and marked when it is required."""
    described = [f"{bound.auto_id}_hint"] if bound.help_text else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    attributes: dict[str, Any] = {}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if bound.field.required:
        attributes["aria-required"] = "true"
    return bound.as_widget(attrs=attributes)
