"""Forms that say what is wrong once at the top, once at the field, and keep what was typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
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

    def add_error(self, field: str | None, error: Any) -> None:
        """As Django does, but every sentence of its own names the field it is about."""
        if field is not None:
            for each in getattr(error, "error_list", ()):
                _name_the_field(each, str(self.fields[field].label or field))
        super().add_error(field, error)

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


# What Django says of a field without naming it: above a long form nobody knows which is meant.
NAMED = {
    forms.Field.default_error_messages["required"]: "“{}” is missing.",
    forms.IntegerField.default_error_messages["invalid"]: "“{}” must be a whole number.",
    forms.DecimalField.default_error_messages["invalid"]: "“{}” must be a number.",
    forms.DateField.default_error_messages["invalid"]: "“{}” is not a date.",
    forms.TimeField.default_error_messages["invalid"]: "“{}” is not a time, such as 09:30.",
    MinValueValidator.message: "“{}” must be %(limit_value)s or more.",
    MaxValueValidator.message: "“{}” must be %(limit_value)s or less.",
}


def _name_the_field(error: ValidationError, label: str) -> None:
    missing = error.message == forms.Field.default_error_messages["required"]
    if missing and label.endswith("?"):
        error.message = f"“{label}” is not answered."
    elif said := NAMED.get(error.message):
        # Only a message with parameters is run through "%" later.
        error.message = said.format(label.replace("%", "%%") if error.params else label)


def anchor_of(bound: BoundField) -> str:
    """The id of the control of a field; of the first one in a group of choices, if there is any."""
    if bound.id_for_label:
        return str(bound.id_for_label)
    return f"{bound.auto_id}_{0 if bound.subwidgets else 'group'}"


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
