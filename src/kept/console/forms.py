"""The forms of the console. Names of fields are those of the rooms, so that refusals find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms

from kept.accounts.queries import Member
from kept.console import words
from kept.core import preparation
from kept.core import time as times
from kept.core.paths.appointment import CANCELLED, CORRECTIONS, MISSED, OUTCOMES
from kept.core.policy import TARGETS, Policy
from kept.lib import i18n
from kept.web.forms import Form

BY = [("customer", "The customer"), ("business", "The business")]


TWICE = [("0", "Before the clocks go back"), ("1", "After they have gone back")]


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class Versioned(Form):
    """A form about an appointment as it was when the page was made."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class WithReason(Versioned):
    reason = forms.CharField(
        label="Reason", max_length=500, required=False, help_text="Kept in the history."
    )


class Miss(WithReason):
    by = forms.ChoiceField(
        label="Whose doing was it?",
        choices=[
            ("customer", "The customer did not come"),
            ("business", "We could not keep the appointment"),
        ],
        widget=forms.RadioSelect,
    )

    field_order = ("by", "reason", "version")


class Cancel(WithReason):
    by = forms.ChoiceField(
        label="Whose wish is it?",
        choices=[
            ("customer", "The customer gives the time back"),
            ("business", "We have to cancel"),
        ],
        widget=forms.RadioSelect,
        help_text="When we cancel, the customer is told the reason below. Else it is for us alone.",
    )

    field_order = ("by", "reason", "version")


class Correct(Versioned):
    """`state` is the present one: only what it can be corrected to is offered."""

    to = forms.ChoiceField(label="What is true?", widget=forms.RadioSelect)
    by = forms.ChoiceField(
        label="If it was missed or cancelled: whose doing was it?",
        choices=BY,
        widget=forms.RadioSelect,
        required=False,
    )
    reason = forms.CharField(
        label="Why is it corrected?", max_length=500, help_text="Kept in the history."
    )

    def __init__(self, *args: Any, state: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        targets = CORRECTIONS.get(state, ())
        choices = [(to, words.told_of(to, words.STATES)) for to in targets]
        cast(forms.ChoiceField, self.fields["to"]).choices = choices

    def clean(self) -> dict[str, Any]:
        """Whose doing it was is never assumed: it decides what follows, and who is blamed."""
        data = super().clean() or {}
        if data.get("to") in {MISSED, CANCELLED} and not data.get("by") and "by" not in self.errors:
            self.add_error("by", "Choose whose doing it was.")
        return data


class Prepare(WithReason):
    """`items`: the choices, by their ids; `ready` false takes back what was said."""

    item = forms.ChoiceField(label="What?", widget=forms.RadioSelect)
    ready = forms.ChoiceField(
        label="Is it ready?",
        choices=[("yes", "It is ready"), ("no", "It is not ready after all")],
        initial="yes",
        widget=forms.RadioSelect,
    )

    field_order = ("item", "ready", "reason", "version")

    def __init__(self, *args: Any, items: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["item"]).choices = list(items)


class Late(Versioned):
    minutes = forms.IntegerField(label="How many minutes late?", min_value=1, max_value=600)


class Told(WithReason):
    reason = forms.CharField(
        label="How, and what was said?",
        max_length=500,
        help_text="For example: by phone, she will come. It counts as told.",
    )


class Complaint(WithReason):
    reason = forms.CharField(
        label="What was not right, in their words?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def languages_field() -> forms.ChoiceField:
    """In which language a customer is written to, of those there are texts in."""
    return forms.ChoiceField(
        label="Language",
        choices=[(each, i18n.own_name(each)) for each in i18n.languages()],
        required=False,
        help_text="In which we write to them.",
    )


class Contact(Versioned):
    name = forms.CharField(label="Name", max_length=200)
    email = forms.CharField(label="E-mail address", max_length=254, required=False)
    phone = forms.CharField(label="Phone number", max_length=40, required=False)
    locale = languages_field()
    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        required=False,
        help_text="Only if theirs is another one, written like Asia/Tokyo.",
    )


def wall_instant(
    form: Form, day: Any, at: time, twice: str, zone: ZoneInfo, field: str = "at"
) -> datetime | None:
    """The moment the clocks of `zone` show this; None with the error at `field`."""
    fold = int(twice) if twice else None
    try:
        return times.instant(datetime.combine(day, at), zone, fold)
    except times.AmbiguousTime as error:
        ask_which(form, error)
    except times.NonexistentTime as error:
        after = error.next_valid.astimezone(zone)
        form.add_error(
            field,
            f"The clocks go forward over {at:%H:%M} that night. "
            f"The first time after it is {after:%H:%M}.",
        )
    except times.TimeError as error:
        form.add_error(field, str(error))
    return None


def ask_which(form: Form, error: times.AmbiguousTime) -> None:
    """The clocks show this time twice: both moments become a choice."""
    said = ("before the clocks go back", "after they have gone back")
    choices = [
        (str(fold), f"{moment.astimezone(error.zone):%H:%M} (UTC{offset[:6]}), {words}")
        for fold, (moment, words) in enumerate(zip((error.first, error.second), said, strict=True))
        for offset in [moment.astimezone(error.zone).isoformat()[19:]]
    ]
    cast(forms.ChoiceField, form.fields["twice"]).choices = choices
    form.add_error("twice", f"The clocks show {error.wall:%H:%M} twice that night: choose which.")


class Slot(Versioned):
    """A time out of those that are free, or another one that somebody answers for.

    `slot` is `<instant>/<staff>`, as the page offered it.
    """

    anchor = "times"

    slot = forms.CharField(required=False, widget=forms.HiddenInput)
    day = forms.DateField(label="Day", widget=DateInput(), required=False)
    at = forms.TimeField(
        label="Another time",
        widget=TimeInput(),
        required=False,
        help_text="For a time that is not offered: outside the opening hours, the notice or the "
        "usual steps. Never over another appointment.",
    )
    twice = forms.ChoiceField(
        label="Which of the two?",
        choices=TWICE,
        widget=forms.RadioSelect,
        required=False,
        help_text="The clocks show this time twice that night.",
    )
    freely = forms.BooleanField(
        label="I know that this time is not offered, and want it all the same", required=False
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("at"):
            if not data.get("day"):
                self.add_error("day", "Choose the day for this time.")
            if not data.get("freely"):
                self.add_error("freely", "Tick this to take a time that is not offered.")
        elif not data.get("slot"):
            self.add_error(None, "Choose a time.")
        return data


class Move(Slot):
    """Another time for what is booked."""

    reason = forms.CharField(
        label="Why?", max_length=500, required=False, help_text="The customer is told it."
    )


class Who(Form):
    """Who an appointment is for, and what was said on the phone."""

    name = forms.CharField(label="Name", max_length=200)
    phone = forms.CharField(label="Phone number", max_length=40, required=False)
    email = forms.CharField(label="E-mail address", max_length=254, required=False)
    locale = languages_field()
    notes = forms.CharField(
        label="Notes", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class Booked(Slot, Who):
    """Book by phone."""

    told = forms.BooleanField(
        label="I told the customer the time on the phone",
        required=False,
        help_text="Then the appointment counts as confirmed even when no message reaches them.",
    )

    field_order = (
        "slot",
        "day",
        "at",
        "twice",
        "freely",
        "name",
        "phone",
        "email",
        "locale",
        "notes",
        "told",
    )


class Walked(Who):
    service = forms.ChoiceField(label="Service")
    staff = forms.ChoiceField(label="With whom", required=False)

    field_order = ("service", "staff", "name", "phone", "email", "locale", "notes")


class Note(Form):
    note = forms.CharField(
        label="What was done?", max_length=1000, help_text="Kept in the history of the appointment."
    )


class PutOff(Form):
    """Until when something may wait: one of the choices it came with (`soon`), or a time typed."""

    soon = forms.CharField(required=False, widget=forms.HiddenInput)
    day = forms.DateField(label="Day", widget=DateInput(), required=False)
    at = forms.TimeField(label="Time", widget=TimeInput(), required=False)
    twice = forms.ChoiceField(
        label="Which of the two?", choices=TWICE, widget=forms.RadioSelect, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("day", "at"):  # needed, unless the choice says it
            self.fields[name].or_another = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in () if data.get("soon") else ("day", "at"):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, "Say until when.")
        return data

    @property
    def asks_which(self) -> bool:
        """The clocks show the time twice: only then is there something to choose."""
        return bool(self.is_bound and self.errors.get("twice"))


OF_A_VISIT = [("went_well", "All was well"), ("went_badly", "Something was not right")]
OF_COMING_AGAIN = [
    ("declined", "No new visit for now"),
    ("snoozed", "Ask me again later"),
    ("gone", "They have moved away, or have died"),
    ("replied", "Something else, which somebody must answer"),
]


class SaidAfter(Form):
    """What a customer said, to a person, once an appointment had its outcome."""

    said = forms.ChoiceField(
        label="What did the customer say?",
        choices=[*OF_A_VISIT, *OF_COMING_AGAIN],
        widget=forms.RadioSelect,
    )
    days = forms.IntegerField(
        label="Later: after how many days",
        min_value=1,
        max_value=400,
        required=False,
    )
    words = forms.CharField(
        label="In their words",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("said") == "snoozed" and not data.get("days") and "days" not in self.errors:
            self.add_error("days", "Say after how many days.")
        return data

    def until(self, now: datetime) -> datetime | None:
        """The moment from which they may be asked again, where they want to be asked later."""
        later = self.cleaned_data["said"] == "snoozed"
        return now + timedelta(days=self.cleaned_data["days"]) if later else None


class SaidAfterEnquiry(SaidAfter):
    """What somebody said who asked once and is invited. They were never here: nothing of that."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = cast(forms.ChoiceField, self.fields["said"])
        said.choices = OF_COMING_AGAIN


class ReviewPage(Form):
    """A page where customers may review."""

    name = forms.CharField(
        label="What customers call it", max_length=60, help_text="Like Google, or a directory."
    )
    url = forms.CharField(
        label="Address of the page",
        max_length=500,
        help_text="The whole address, beginning with https://",
    )
    place = forms.CharField(
        label="Only for visits at",
        max_length=300,
        required=False,
        help_text="The place as your services say it. Empty: for every visit.",
    )


class SeenReview(Form):
    """A review that somebody read."""

    site = forms.CharField(label="On which site is it?", max_length=60)
    rating = forms.TypedChoiceField(
        label="How many stars, of five?",
        choices=[(n, str(n)) for n in range(1, 6)],
        coerce=int,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label="What it says",
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    author = forms.CharField(label="Who wrote it", max_length=200, required=False)
    url = forms.CharField(label="Address of the review", max_length=500, required=False)
    written_on = forms.DateField(label="Day it was written", widget=DateInput())
    reference = forms.CharField(
        label="Reference of the appointment",
        max_length=12,
        required=False,
        help_text="Where you know whose it is. Nobody is asked again about that visit.",
    )


class Wish(Form):
    """What a customer told a person they want to be written, or do not want."""

    wish = forms.ChoiceField(
        label="What is it about?",
        choices=list(words.WISHES.items()),
        initial="marketing",
        widget=forms.RadioSelect,
    )
    said = forms.ChoiceField(
        label="What did they say?",
        choices=[("refuses", "They do not want it"), ("agrees", "They agree to it")],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label="How they said it",
        help_text="Kept for ever as the proof: in their words, and how you heard it.",
        max_length=500,
    )


class Refuse(Form):
    reason = forms.CharField(label="Why is it refused?", max_length=500)


# Sign-in and account


class SignIn(Form):
    email = forms.EmailField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPassword(Form):
    """`old` is asked only of those who have a password."""

    old = forms.CharField(
        label="Present password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password, once more",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", "The two new passwords are not the same.")
        return data


# Set-up


SERVICE_ALWAYS = ("name", "duration_minutes", "price", "staff", "mode", "place")
SERVICE_MORE = (
    (
        "More: when it can be booked",
        "How often a time is offered, the notice, how far ahead, and what is kept free around it.",
        (
            "step_minutes",
            "notice_minutes",
            "horizon_days",
            "buffer_before_minutes",
            "buffer_after_minutes",
        ),
    ),
    (
        "More: changing it",
        "Until when customers may change it, and from when a cancellation is late.",
        ("change_until", "late_cancel"),
    ),
    (
        "More: what messages say of it",
        "How to get there, and a name of its own, or none.",
        ("directions", "public_name", "private"),
    ),
    (
        "Before the visit",
        "What is to be ready, by whom, and when.",
        ("preparation",),
    ),
    (
        "After the visit",
        "What to mind, and after how many days people come again.",
        ("aftercare", "comes_again_days", "recall"),
    ),
)
"""What most services leave as it is, folded away: the title, one line about it, the fields."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A part of a form that is folded away unless there is something to see in it."""

    title: str
    says: str
    fields: list[forms.BoundField]

    @property
    def open(self) -> bool:
        """Something is wrong in it, or has another value than a new form would have."""
        return any(bound.errors or _is_own(bound) for bound in self.fields)


def _is_own(bound: forms.BoundField) -> bool:
    return _plain(bound.value()) != _plain(bound.field.initial)


def _plain(value: object) -> str:
    """A value as it is typed; nothing, no, none at all and naught are alike."""
    return "" if value in (None, False, 0, "0", "", []) else str(value)


class Service(Form):
    """Fields as in `schedule.actions.ServiceDetails`."""

    name = forms.CharField(label="Name", max_length=200)
    duration_minutes = forms.IntegerField(label="Duration in minutes", min_value=1)
    price = forms.DecimalField(
        label="Price", required=False, min_value=0, max_digits=10, decimal_places=2
    )
    buffer_before_minutes = forms.IntegerField(
        label="Minutes kept free before", min_value=0, initial=0
    )
    buffer_after_minutes = forms.IntegerField(
        label="Minutes kept free after", min_value=0, initial=0
    )
    step_minutes = forms.IntegerField(
        label="A time is offered every so many minutes", min_value=1, initial=15
    )
    notice_minutes = forms.IntegerField(
        label="Notice in minutes",
        min_value=0,
        initial=0,
        help_text="How long before its start a time can still be booked online.",
    )
    horizon_days = forms.IntegerField(label="Days ahead it can be booked", min_value=1, initial=365)
    mode = forms.ChoiceField(
        label="Where",
        choices=[("here", "At the business"), ("online", "Online"), ("there", "At the customer's")],
    )
    place = forms.CharField(label="Address, room or link", max_length=300, required=False)
    directions = forms.CharField(
        label="Getting there",
        max_length=300,
        required=False,
        help_text="One line for the confirmation and the reminders: parking, entrance, which bell.",
    )
    public_name = forms.CharField(
        label="Name in messages",
        max_length=200,
        required=False,
        help_text="Where the real name says too much.",
    )
    private = forms.BooleanField(
        label="Its name appears in no message, only the time and place", required=False
    )
    change_until = forms.CharField(
        label="Customers may change until, before the start",
        max_length=20,
        required=False,
        help_text="Like 2h. Empty: as the policy says.",
    )
    late_cancel = forms.CharField(
        label="A cancellation is late from, before the start",
        max_length=20,
        required=False,
        help_text="Like 24h. Empty: as the policy says.",
    )
    preparation = forms.CharField(
        label="What is to be ready before the visit",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One thing a line. After bars: who prepares it (customer or business), and how "
        "long before the start: Fill in the form | customer | 48h",
    )
    aftercare = forms.CharField(
        label="What to mind after the visit",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Sent two hours after a completed visit. Empty: no such letter.",
    )
    comes_again_days = forms.IntegerField(
        label="People come again after, in days",
        min_value=1,
        max_value=3650,
        required=False,
        help_text="Then the next visit is suggested, until one is booked. Empty: it is not.",
    )
    recall = forms.BooleanField(
        label="The next visit is due by medicine or by contract",
        required=False,
        help_text="Then customers are told so without having agreed to suggestions. "
        "Not for what you would merely like them to book.",
    )
    staff = forms.MultipleChoiceField(
        label="Who gives it", widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(
        self, *args: Any, staff: Iterable[tuple[str, str]], policy: Policy, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.MultipleChoiceField, self.fields["staff"]).choices = list(staff)
        for outcome in OUTCOMES:
            self.fields[f"after_{outcome}"] = _following(outcome, policy)
            self.fields[f"paths_{outcome}"] = _these(outcome)

    def following(self) -> Following:
        """What comes next, folded away where everything is as the policy says."""
        pairs = [(self[f"after_{each}"], self[f"paths_{each}"]) for each in OUTCOMES]
        return Following(
            "What comes next",
            "What an appointment is handed on to, by its outcome. It is agreed at booking, so it "
            "holds for new bookings.",
            [first for first, _ in pairs],
            pairs,
        )

    def hand_offs(self) -> dict[str, list[str]]:
        """Of a valid form: the outcomes of which the service speaks for itself."""
        said = {each: self.cleaned_data[f"after_{each}"] for each in OUTCOMES}
        return {
            outcome: self.cleaned_data[f"paths_{outcome}"] if how == THESE else []
            for outcome, how in said.items()
            if how not in {BY_POLICY, ""}
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for outcome in OUTCOMES:
            if data.get(f"after_{outcome}") == THESE and not data.get(f"paths_{outcome}"):
                said = f"“{words.OUTCOMES[outcome]}”: tick what follows, or choose “Nothing”."
                self.add_error(f"after_{outcome}", said)
        return data

    def always(self) -> list[forms.BoundField]:
        """What every service is asked."""
        return [self[name] for name in SERVICE_ALWAYS]

    def more(self) -> list[Fold]:
        """What most services leave as it is."""
        return [Fold(title, says, [self[n] for n in names]) for title, says, names in SERVICE_MORE]

    def clean_preparation(self) -> list[dict[str, str]]:
        lines = str(self.cleaned_data["preparation"]).splitlines()
        try:
            return preparation.checked([_item(line) for line in lines if line.strip()])
        except preparation.ItemError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_change_until(self) -> str:
        return self._elapsed("change_until")

    def clean_late_cancel(self) -> str:
        return self._elapsed("late_cancel")

    def _elapsed(self, name: str) -> str:
        text = str(self.cleaned_data[name]).strip()
        try:
            if text and not isinstance(times.parse_offset(text), times.Exactly):
                raise forms.ValidationError("Write an elapsed time such as 2h.")
        except times.TimeError as error:
            raise forms.ValidationError(str(error)) from error
        return text


def _item(line: str) -> dict[str, str]:
    """`Fill in the form | customer | 48h`; what is left out is as usual."""
    parts = [part.strip() for part in line.split("|")]
    if len(parts) > 3:
        raise preparation.ItemError("Write what, who and how long before, with two bars at most.")
    return {name: part for name, part in zip(("what", "by", "due"), parts, strict=False) if part}


def item_line(item: Mapping[str, str]) -> str:
    """An item of a service as it is typed."""
    return " | ".join((item["what"], item["by"], item["due"]))


BY_POLICY, NOTHING, THESE = "policy", "nothing", "these"


@dataclass(frozen=True, slots=True)
class Following(Fold):
    """What comes next: for each outcome who says what follows, and what, if the service does."""

    pairs: list[tuple[forms.BoundField, forms.BoundField]]


def _following(outcome: str, policy: Policy) -> forms.ChoiceField:
    default = policy.hand_offs.get(outcome)
    said = ", ".join(words.PATHS[path] for path in default or ()) or "nothing"
    by_policy = f"As the policy says: {said if default is not None else 'it says nothing yet'}"
    return forms.ChoiceField(
        label=words.OUTCOMES[outcome],
        choices=[(BY_POLICY, by_policy), (NOTHING, "Nothing"), (THESE, "These:")],
        widget=forms.RadioSelect,
        required=False,  # nothing chosen: the policy says
        initial=BY_POLICY,
    )


def _these(outcome: str) -> forms.MultipleChoiceField:
    """Counts where “These” is chosen, and only there: nothing can contradict it."""
    return forms.MultipleChoiceField(
        label=f"{words.OUTCOMES[outcome]}: these follow",
        choices=[(path, words.PATHS[path]) for path in TARGETS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


def known_hand_offs(own: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """What a service says of its outcomes itself, as the form begins."""
    said = {f"after_{outcome}": THESE if paths else NOTHING for outcome, paths in own.items()}
    return {**said, **{f"paths_{outcome}": paths for outcome, paths in own.items()}}


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SPANS = 2


class Staff(Form):
    """A member of staff; the weekly hours are two spans a day (`hours_rows` draws them)."""

    name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        help_text="A member with this address sees these appointments as their own.",
    )
    time_zone = forms.CharField(
        label="Time zone", max_length=64, help_text="The hours below are in this zone."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.hours_names():
            self.fields[name] = forms.TimeField(label=label, required=False, widget=TimeInput())

    @staticmethod
    def hours_names() -> list[tuple[str, str]]:
        return [
            (f"{edge}_{day}_{span}", f"{said} {edge}{' (second span)' if span else ''}")
            for day, said in enumerate(WEEKDAYS)
            for span in range(SPANS)
            for edge in ("from", "to")
        ]

    def own_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "email", "time_zone")]

    def hours_rows(self) -> list[tuple[str, list[tuple[forms.BoundField, forms.BoundField]]]]:
        return [
            (
                said,
                [(self[f"from_{day}_{span}"], self[f"to_{day}_{span}"]) for span in range(SPANS)],
            )
            for day, said in enumerate(WEEKDAYS)
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for day, said in enumerate(WEEKDAYS):
            for span in range(SPANS):
                start, end = f"from_{day}_{span}", f"to_{day}_{span}"
                if bool(data.get(start) is not None) != bool(data.get(end) is not None):
                    missing = end if data.get(start) is not None else start
                    if missing not in self.errors:
                        self.add_error(missing, f"{said}: give both a start and an end.")
        return data

    def hours(self) -> list[times.WeeklyHours]:
        """The weekly hours typed, of a valid form."""
        data = self.cleaned_data
        return [
            times.WeeklyHours(day, data[f"from_{day}_{span}"], data[f"to_{day}_{span}"])
            for day in range(7)
            for span in range(SPANS)
            if data.get(f"from_{day}_{span}") is not None
        ]


class Closure(Form):
    staff = forms.ChoiceField(label="Who is away", required=False)
    first_day = forms.DateField(label="From: day", widget=DateInput())
    first_at = forms.TimeField(label="From: time", widget=TimeInput(), initial=time(0, 0))
    last_day = forms.DateField(label="Until: day", widget=DateInput())
    last_at = forms.TimeField(
        label="Until: time", widget=TimeInput(), help_text="00:00 is the beginning of that day."
    )
    reason = forms.CharField(label="Reason", max_length=200, required=False)

    def __init__(self, *args: Any, staff: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "The whole business"), *staff]
        cast(forms.ChoiceField, self.fields["staff"]).choices = choices

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """From when to when, of a valid form; None with the error beside the field."""
        data = self.cleaned_data
        begin = wall_instant(self, data["first_day"], data["first_at"], "0", zone, "first_at")
        end = wall_instant(self, data["last_day"], data["last_at"], "1", zone, "last_at")
        if begin is None or end is None:
            return None
        if end <= begin:
            self.add_error("last_day", "The closure must end after it begins.")
            return None
        return begin, end


class Key(Form):
    name = forms.CharField(
        label="What is it for?", max_length=100, help_text="For example: the practice's web site."
    )


class NewMember(Form):
    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(label="Role", choices=Member.ROLES, initial=Member.FRONT_DESK)


class Business(Form):
    name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(label="E-mail address", help_text="Where customers' answers go.")
    phone = forms.CharField(
        label="Phone number", max_length=40, help_text="Every message says how to reach a person."
    )
    address = forms.CharField(label="Address", max_length=300, required=False)
    locale = forms.CharField(
        label="Language and country", max_length=20, help_text="Like en_GB, de_DE or en_US."
    )
    currency = forms.CharField(label="Currency", max_length=3, help_text="Three letters, like EUR.")

    def clean_locale(self) -> str:
        asked = str(self.cleaned_data["locale"])
        known = i18n.known_locale(asked, "en_GB")
        if known.split("_")[0] != asked.replace("-", "_").split("_")[0]:
            raise forms.ValidationError("Write a language and a country, like en_GB or de_DE.")
        return known


def choices_of(pairs: Iterable[tuple[object, str]], first: str = "") -> list[tuple[str, str]]:
    """Choices for a select, with an empty one in front when it has words."""
    return [*([("", first)] if first else []), *((str(key), said) for key, said in pairs)]
