"""The forms of the customer's pages."""

from __future__ import annotations

from typing import Any

from babel import Locale
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kept.accounts.queries import Business
from kept.lib import i18n
from kept.people.actions import Contact, ContactError, checked_contact
from kept.web.forms import Form


def at_most(letters: int) -> list[MaxLengthValidator]:
    """No more than so many letters: said in words that do not call it "this value"."""
    return [MaxLengthValidator(letters, lazy("Shorten this to %(limit_value)d letters."))]


# The fields of which one must be filled in.
WAYS = {"email", "phone"}


class Details(Form):
    """Who books. Little is asked: a name, and one way to reach the person."""

    name = forms.CharField(
        label=lazy("Full name"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        validators=[MaxLengthValidator(200, lazy("Shorten the name to %(limit_value)d letters."))],
        error_messages={"required": lazy("Enter your name.")},
    )
    email = forms.CharField(
        label=lazy("E-mail address"),
        help_text=lazy(
            "We send the confirmation and the reminders there. If you have none, give a phone"
            " number instead."
        ),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )
    phone = forms.CharField(
        label=lazy("Phone number"),
        help_text=lazy("So that we can call you if something changes."),
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    notes = forms.CharField(
        label=lazy("Anything we should know"),
        required=False,
        validators=[
            MaxLengthValidator(1000, lazy("Shorten your notes to %(limit_value)d letters."))
        ],
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    agree = forms.BooleanField(required=False)
    # Nobody sees this one; a program that fills in every field does.
    website = forms.CharField(
        label=lazy("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def __init__(
        self,
        *args: Any,
        business: Business,
        time_zone: str = "",
        locale: str = "",
        invites: bool = False,
        invited: Contact | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.invited = invited
        # Never ticked beforehand: an agreement is something somebody does (Planet49, C-673/17).
        self.fields["agree"].label = self.wording(business)
        if not invites:
            del self.fields["agree"]
        self.business, self.time_zone, self.locale = business, time_zone, locale
        self.contact: Contact | None = None
        # Neither needed by itself nor simply optional: this or a phone number.
        self.fields["email"].or_another = True  # type: ignore[attr-defined]
        if invited is not None and invited.email:
            self.fields["email"].help_text = lazy(
                "Left as it is, this is the address our letter went to. If you are somebody else,"
                " write your own name and address."
            )

    @staticmethod
    def wording(business: Business) -> str:
        """What is agreed to by the tick, in the reader's language: kept with it as the proof."""
        said = _(
            "%(business)s may write to me when it is time for my next visit, and suggest times. "
            "I can stop this at any time, in each of these letters."
        )
        return said % {"business": business.name}

    def agreed_to(self) -> str:
        """The wording that was agreed to; "" when it was not."""
        return self.wording(self.business) if self.cleaned_data.get("agree") else ""

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError(
                _("A field that nobody sees was filled in. Leave it empty.")
            )
        return ""

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not given.get("email") and not given.get("phone") and not self.errors.keys() & WAYS:
            self.add_error("email", _("Enter an e-mail address, or a phone number below."))
        if self.errors:
            return given
        name, email, phone = self._meant()
        for field, text in (("email", email), ("phone", phone)):
            if DOTS in text:  # filled in by a link that is over, or somebody else's
                self.add_error(field, _("Write this in full, please."))
        if self.errors:
            return given
        try:
            self.contact = checked_contact(
                name,
                email,
                phone,
                self.time_zone,
                self.locale,
                country=country_of(self.business),
            )
        except ContactError as error:
            self.refuse(error)
        return given

    def _meant(self) -> tuple[str, str, str]:
        """Name, e-mail and phone as they were typed; what was left as the link had filled it in
        means what is known of the invited person. Their number only together with all the rest.
        """
        given = self.cleaned_data
        name, email, phone = given["name"], given["email"], given["phone"]
        if (known := self.invited) is None:
            return name, email, phone
        shown = known_of(known)
        same_name = name in (shown["name"], known.name)
        same_address = email in (shown["email"], known.email)
        same = same_name and same_address
        as_shown = phone == shown["phone"] and bool(phone or same)
        return (
            known.name if same else name,
            known.email if same_address else email,
            known.phone if as_shown else phone,
        )


def known_of(contact: Contact, *, nameless: bool = False) -> dict[str, str]:
    """What a link fills in of whom it was sent to: letters are forwarded, and links copied.

    The first name, and of the address (or the number, where there is no address) as much as tells
    its owner which one it is.
    """
    name = "" if nameless else contact.name.partition(" ")[0]
    phone = "" if contact.email else masked(contact.phone)
    return {"name": name, "email": masked(contact.email), "phone": phone}


DOTS = "•••"


def masked(way: str) -> str:
    """An e-mail address or a phone number as its owner knows it again, and nobody else."""
    name, at, domain = way.partition("@")
    if at:
        return f"{name[:1]}{DOTS}@{domain}"
    return f"{DOTS} {way[-2:]}" if way else ""


def country_of(business: Business) -> str:
    """The country of a phone number that is written without one."""
    return Locale.parse(i18n.known_locale(business.locale, "en_GB")).territory or ""


class Cancel(Form):
    """Giving the time back; a reason may be given, and is not needed."""

    reason = forms.CharField(
        label=lazy("Why are you cancelling?"),
        required=False,
        validators=at_most(300),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CannotCome(Form):
    """It is too late to change it online: tell the business, who will call."""

    reason = forms.CharField(
        label=lazy("What should we know?"),
        required=False,
        validators=at_most(300),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class Prepare(Form):
    """What is ready for the visit, or is not after all: a button beside each thing says it."""

    item = forms.CharField(max_length=20, widget=forms.HiddenInput)
    ready = forms.ChoiceField(choices=[("yes", ""), ("no", "")], widget=forms.HiddenInput)


class Late(Form):
    """How late somebody will be."""

    minutes = forms.ChoiceField(
        label=lazy("How late will you be?"),
        choices=[
            ("5", lazy("5 minutes")),
            ("10", lazy("10 minutes")),
            ("15", lazy("15 minutes")),
            ("20", lazy("20 minutes")),
            ("30", lazy("30 minutes or more")),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": lazy("Choose how late you will be."),
            "invalid_choice": lazy("Choose how late you will be."),
        },
    )
