"""The forms of the customer's pages."""

from __future__ import annotations

from typing import Any

from babel import Locale
from django import forms

from kept.accounts.queries import Business
from kept.lib import i18n
from kept.people.actions import Contact, ContactError, checked_contact
from kept.web.forms import Form


class Details(Form):
    """Who books. Little is asked: a name, and one way to reach the person."""

    name = forms.CharField(
        label="Full name",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Enter your name."},
    )
    email = forms.CharField(
        label="E-mail address",
        help_text="We send the confirmation and the reminders there. If you have none, give a phone"
        " number instead.",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )
    phone = forms.CharField(
        label="Phone number",
        help_text="So that we can call you if something changes.",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    notes = forms.CharField(
        label="Anything we should know",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    # Nobody sees this one; a program that fills in every field does.
    website = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, business: Business, time_zone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.business, self.time_zone = business, time_zone
        self.contact: Contact | None = None
        # Neither needed by itself nor simply optional: this or a phone number.
        self.fields["email"].or_another = True  # type: ignore[attr-defined]

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError("A field that nobody sees was filled in. Leave it empty.")
        return ""

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.errors:
            return given
        if not given["email"] and not given["phone"]:
            self.add_error("email", "Enter an e-mail address, or a phone number below.")
            return given
        try:
            self.contact = checked_contact(
                given["name"],
                given["email"],
                given["phone"],
                self.time_zone,
                country=country_of(self.business),
            )
        except ContactError as error:
            self.refuse(error)
        return given


def country_of(business: Business) -> str:
    """The country of a phone number that is written without one."""
    return Locale.parse(i18n.known_locale(business.locale, "en_GB")).territory or ""


class Cancel(Form):
    """Giving the time back; a reason may be given, and is not needed."""

    reason = forms.CharField(
        label="Why do you cancel?",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CannotCome(Form):
    """It is too late to change it online: tell the business, who will call."""

    reason = forms.CharField(
        label="What should we know?",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class Late(Form):
    """How late somebody will be."""

    minutes = forms.ChoiceField(
        label="How late will you be?",
        choices=[
            ("5", "5 minutes"),
            ("10", "10 minutes"),
            ("15", "15 minutes"),
            ("20", "20 minutes"),
            ("30", "30 minutes or more"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how late you will be."},
    )
