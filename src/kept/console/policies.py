"""The policy as a form: every field of `core.policy.Policy`, and the way back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from kept.appointments.queries import PolicyEffect
from kept.console import words
from kept.console.forms import TimeInput
from kept.core.path import Tell
from kept.core.paths import PATHS
from kept.core.policy import (
    BUILT_IN,
    DEFAULT_HAND_OFFS,
    NUMBERS,
    OFFSETS,
    SWITCHES,
    WINDOWS,
    Policy,
    PolicyError,
    may_follow,
    to_data,
)
from kept.core.time import TimeError, Window, parse_offset
from kept.web.forms import Form

LABELS = {
    "first_reminder": (
        "First reminder, before the start",
        "Like 24h, or 1d 18:00 for the day before at 18:00.",
    ),
    "first_reminder_until": (
        "First reminder not later than, before the start",
        "After that it is of no use and is not sent.",
    ),
    "first_reminder_gap": (
        "No first reminder so soon after the booking",
        "Whoever has just booked is not reminded.",
    ),
    "final_reminder": ("Final reminder, before the start", ""),
    "final_reminder_until": ("Final reminder not later than, before the start", ""),
    "final_reminder_gap": ("No final reminder so soon after the booking", ""),
    "preparation": (
        "Preparation opens, before the start",
        "From then on a confirmed appointment is prepared.",
    ),
    "outcome_grace": ("Ask for the outcome, after the end", ""),
    "late_grace": ("Call it late, after the start", ""),
    "change_until": (
        "Customers may change online until, before the start",
        "Agreed at booking: it holds for new bookings.",
    ),
    "late_cancel": ("A cancellation is late from, before the start", ""),
    "accept_within": ("What comes next must be taken over within", ""),
    "aftercare": ("What to mind, after the visit", "Where the service has such words."),
    "how_did_it_go": ("Ask how it went, after the visit", ""),
    "next_step_first": (
        "Suggest the next visit, after the visit",
        "Where the service says after how many days people come again.",
    ),
    "next_step_second": ("Suggest it once more, after the visit", ""),
    "next_step_third": ("Suggest it for the last time, after the visit", ""),
    "follow_up_until": ("The follow-up ends, after the visit", ""),
    "recovery_first": ("Ask whether all is well, after a missed visit", ""),
    "recovery_second": ("Offer a new time, after it did not take place", ""),
    "recovery_third": ("Offer it for the last time, after it did not take place", ""),
    "recovery_until": ("No more offers, after it did not take place", ""),
    "review_ask": ("Ask for a review, after the visit", "24h to 72h; everybody alike."),
    "review_reminder": ("Ask for it once more, after the first ask", "7 to 12 days."),
    "review_hold": (
        "An open complaint delays the ask for, at most",
        "14 days at most: a complaint never prevents it.",
    ),
    "review_until": ("Nobody is asked for a review later than, after the visit", ""),
    "review_cooldown": ("Nobody is asked for a review again within", ""),
    "lead_answer": (
        "Somebody answers an enquiry within",
        "While it is open, by the hours of the staff. After that the owner is asked.",
    ),
    "lead_after_opening": ("What came while it was closed, after opening within", ""),
    "lead_reply": ("Somebody answers a message in a conversation within", ""),
    "lead_nudge_first": ("Offer free times, after an enquiry nothing came of", ""),
    "lead_nudge_second": ("Offer them once more, after the enquiry", ""),
    "lead_nudge_third": ("Offer them a third time, after the enquiry", ""),
    "lead_nudge_fourth": ("Offer them for the last time, after the enquiry", ""),
    "lead_try_again": (
        "Call again whom nobody reached, after",
        "Where no letter reaches them; three times at most.",
    ),
    "lead_stale": ("End an enquiry of which nothing was heard, after", ""),
    "invitation_first": (
        "First invitation, before the day the next visit is due",
        "Only to customers who have agreed to it.",
    ),
    "invitation_second": ("Second invitation, after that day", ""),
    "invitation_third": ("Third and last invitation, after that day", ""),
    "lapses_after": ("Stop asking, after that day", ""),
    "invitation_gap": ("Between two invitations lie at least", "Never less than 30 days (720h)."),
    "invitation_yearly": ("Ask once more, after the end of asking", "At most once a year."),
    "agreement_fresh": (
        "An agreement is fresh for",
        "After that nobody is asked once more.",
    ),
}

COUNTS = {
    "invitations_a_year": ("Invitations to one person in a year, at most", ""),
    "rhythm_visits": (
        "So many visits make a rhythm",
        "Where the service does not say after how many days people come again.",
    ),
    "offer_days_ahead": (
        "Times are offered from so many days on",
        "In letters nobody waits for: suggestions, invitations. 0: what is free today, too.",
    ),
    "hold_out": (
        "Of a hundred people so many get no invitation",
        "Chosen by chance, so that you see what invitations do. 0: everybody gets them.",
    ),
    "weekly_mail_day": ("It comes on this day of the week", "1 is Monday, 7 is Sunday."),
    "weekly_mail_hour": ("It comes at this hour", "By your own clocks: 8 is 08:00."),
}

TARGETS = [(path, words.PATHS[path]) for path in ("follow_up", "reputation", "reactivation")]


GROUPS = (
    ("Which reminders, and at what hours", ("switched_on", "quiet_from", "quiet_to")),
    (
        "At what hours what follows is sent",
        ("after_visit_from", "after_visit_to", "asking_from", "asking_to"),
    ),
    ("First reminder", ("first_reminder", "first_reminder_until", "first_reminder_gap")),
    ("Final reminder", ("final_reminder", "final_reminder_until", "final_reminder_gap")),
    ("Changing and cancelling", ("change_until", "late_cancel")),
    ("The visit", ("preparation", "ask_acknowledgement", "late_grace")),
    ("The outcome", ("outcome_grace", "assume_missed", "accept_within")),
    (
        "After a visit",
        (
            "aftercare",
            "how_did_it_go",
            "next_step_first",
            "next_step_second",
            "next_step_third",
            "follow_up_until",
        ),
    ),
    (
        "After one that did not take place",
        (
            "recovery_first",
            "recovery_second",
            "recovery_third",
            "recovery_until",
            "offer_after_cancelling",
        ),
    ),
    (
        "Asking for a review",
        ("review_ask", "review_reminder", "review_hold", "review_until", "review_cooldown"),
    ),
    (
        "When the next visit is due",
        (
            "invitation_first",
            "invitation_second",
            "invitation_third",
            "lapses_after",
            "invitation_gap",
            "invitation_yearly",
            "agreement_fresh",
            "invitations_a_year",
            "rhythm_visits",
            "offer_days_ahead",
            "hold_out",
        ),
    ),
    (
        "When somebody asks",
        (
            "lead_answer",
            "lead_after_opening",
            "lead_reply",
            "lead_nudge_first",
            "lead_nudge_second",
            "lead_nudge_third",
            "lead_nudge_fourth",
            "lead_try_again",
            "lead_stale",
        ),
    ),
    ("What Kept does itself", ("built_in", "several_a_day")),
    ("The letter to the owners", ("weekly_mail", "weekly_mail_day", "weekly_mail_hour")),
)
"""Every field but those of what follows."""


class PolicyForm(Form):
    """One field for each field of the policy; hand-offs are one field for each outcome."""

    ask_acknowledgement = forms.BooleanField(
        label="Ask customers to say that they will come, and call those who do not",
        required=False,
    )
    assume_missed = forms.BooleanField(
        label="Record as missed what nobody has said anything about",
        required=False,
        help_text="After the end and the grace. It counts as assumed, never as known.",
    )
    built_in = forms.MultipleChoiceField(
        label="Kept itself takes over",
        choices=[(name, words.PATHS[name]) for name in sorted(BUILT_IN)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="What is not ticked waits for a program of yours to take it over.",
    )
    offer_after_cancelling = forms.BooleanField(
        label="Offer a new time by a letter after a cancellation, too",
        required=False,
        help_text="The notice of a cancellation offers one itself.",
    )
    several_a_day = forms.BooleanField(
        label="One person may get letters about different things on the same day", required=False
    )
    weekly_mail = forms.BooleanField(
        label="Write to the owners once a week what broke and what it cost", required=False
    )
    switched_on = forms.MultipleChoiceField(
        label="These are sent",
        choices=[(name, words.CONTROLS[name]) for name in sorted(SWITCHES, reverse=True)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    quiet_from = forms.TimeField(
        label="Reminders may be sent from", widget=TimeInput(), required=False
    )
    quiet_to = forms.TimeField(
        label="Reminders may be sent until",
        widget=TimeInput(),
        required=False,
        help_text="Both empty: at any hour.",
    )

    after_visit_from = forms.TimeField(
        label="Letters about a visit that is over are sent from", widget=TimeInput()
    )
    after_visit_to = forms.TimeField(
        label="Letters about a visit that is over are sent until",
        widget=TimeInput(),
        help_text="By the customer's clock, and in hours in which reminders may be sent.",
    )
    asking_from = forms.TimeField(
        label="Suggestions, and asks for a review, are sent from", widget=TimeInput()
    )
    asking_to = forms.TimeField(
        label="Suggestions, and asks for a review, are sent until",
        widget=TimeInput(),
        help_text="The same. From 00:00 until 00:00 is at any hour.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in OFFSETS:
            label, hint = LABELS[name]
            hint = f"{hint} {_in_days(str(self.initial.get(name, '')))}".strip()
            self.fields[name] = forms.CharField(label=label, max_length=20, help_text=hint)
        for name, (least, most) in NUMBERS.items():
            label, hint = COUNTS[name]
            self.fields[name] = forms.IntegerField(
                label=label, min_value=least, max_value=most, help_text=hint
            )
        for outcome in DEFAULT_HAND_OFFS:
            self.fields[f"after_{outcome}"] = forms.MultipleChoiceField(
                label=words.OUTCOMES[outcome],
                choices=[each for each in TARGETS if may_follow(each[0], outcome)],
                widget=forms.CheckboxSelectMultiple,
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in OFFSETS:
            try:
                parse_offset(str(data.get(name, "")))
            except TimeError as error:
                if name not in self.errors:
                    self.add_error(name, str(error))
        if (data.get("quiet_from") is None) != (data.get("quiet_to") is None):
            self.add_error("quiet_to", "Give both times, or neither.")
        return data

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as the page draws them: what belongs together in one frame."""
        return [(title, [self[name] for name in names]) for title, names in GROUPS]

    def following(self) -> list[forms.BoundField]:
        return [self[f"after_{outcome}"] for outcome in DEFAULT_HAND_OFFS]


def _in_days(offset: str) -> str:
    """Two days and more of hours, as days; "" for anything else."""
    hours = int(offset[:-1]) if re.fullmatch(r"\d+h", offset) else 0
    return f"{hours}h are {hours // 24} days." if hours >= 48 and hours % 24 == 0 else ""


def initial(policy: Policy) -> dict[str, object]:
    """The policy in force as the form begins."""
    data = to_data(policy)
    return {
        **{name: data[name] for name in (*OFFSETS, *NUMBERS)},
        "ask_acknowledgement": policy.ask_acknowledgement,
        "assume_missed": policy.assume_missed,
        "several_a_day": policy.several_a_day,
        "offer_after_cancelling": policy.offer_after_cancelling,
        "weekly_mail": policy.weekly_mail,
        "built_in": sorted(policy.built_in),
        "switched_on": sorted(SWITCHES - policy.switched_off),
        **{name: at for window in WINDOWS for name, at in _bounds(policy, window).items()},
        **{
            f"after_{outcome}": list(policy.hand_offs.get(outcome, ()))
            for outcome in DEFAULT_HAND_OFFS
        },
    }


def _bounds(policy: Policy, name: str) -> dict[str, time | None]:
    """The two fields of some hours of the policy."""
    window: Window | None = getattr(policy, name)
    field = name.removesuffix("_hours")
    return {
        f"{field}_from": window.opens if window else None,
        f"{field}_to": window.closes if window else None,
    }


def proposed(asked: QueryDict, present: Policy, among: Collection[str] | None = None) -> PolicyForm:
    """The present policy with what an address names of it changed, as a form that was sent.

    `among`: the fields that may be named; None: all. A field that is not named stays as it is; of
    boxes an empty value stands for none, because one that is not ticked is not sent at all.
    """
    begins = initial(present)
    data = as_sent(begins)
    for name in begins.keys() & asked.keys() & set(begins if among is None else among):
        several = isinstance(begins[name], list)
        data.setlist(name, [each for each in asked.getlist(name) if each or not several])
    return PolicyForm(data, initial=begins)


def as_sent(values: Mapping[str, object]) -> MultiValueDict[str, str]:
    """The fields of a form as a browser would send them."""
    return MultiValueDict(
        {
            name: [_typed(each) for each in (value if isinstance(value, list) else [value])]
            for name, value in values.items()
        }
    )


def _typed(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return "" if value is None else str(value)


def address(form: PolicyForm) -> list[tuple[str, str]]:
    """What `proposed` makes this form of again: the fields in which it differs from the policy."""
    found = []
    for name in form.changed_data:
        several = isinstance(form.fields[name], forms.MultipleChoiceField)
        found += [(name, "")] if several else []
        found += [
            (name, each) for each in cast("MultiValueDict[str, str]", form.data).getlist(name)
        ]
    return found


def named(asked: QueryDict) -> bool:
    """Whether an address names a field of the policy."""
    return not PolicyForm().fields.keys().isdisjoint(asked)


def changes(form: PolicyForm, present: Policy) -> dict[str, object]:
    """What a valid form changes of the present policy, as its plain data."""
    wanted, now = _data(form, present), to_data(present)
    return {name: value for name, value in wanted.items() if value != now[name]}


def _data(form: PolicyForm, present: Policy) -> dict[str, object]:
    typed = form.cleaned_data
    return {
        **{name: str(typed[name]).strip() for name in OFFSETS},
        **{name: typed[name] for name in NUMBERS},
        "ask_acknowledgement": typed["ask_acknowledgement"],
        "assume_missed": typed["assume_missed"],
        "several_a_day": typed["several_a_day"],
        "offer_after_cancelling": typed["offer_after_cancelling"],
        "weekly_mail": typed["weekly_mail"],
        "built_in": sorted(typed["built_in"]),
        "switched_off": sorted(SWITCHES - set(typed["switched_on"])),
        **{name: _hours(typed, name) for name in WINDOWS},
        "hand_offs": {
            **{outcome: list(paths) for outcome, paths in present.hand_offs.items()},
            **{outcome: typed[f"after_{outcome}"] for outcome in DEFAULT_HAND_OFFS},
        },
    }


def _hours(typed: dict[str, Any], name: str) -> list[str] | None:
    field = name.removesuffix("_hours")
    opens, closes = typed[f"{field}_from"], typed[f"{field}_to"]
    return None if opens is None else [f"{opens:%H:%M}", f"{closes:%H:%M}"]


def described(form: PolicyForm) -> list[tuple[str, str, str]]:
    """What a valid form changes: the name of each field, how it is now, how it would be."""
    found = []
    for name in form.changed_data:
        label = str(form.fields[name].label)
        if name.startswith("after_"):
            label = f"What follows: {label.lower()}"
        before = _shown(form, name, form.initial.get(name))
        found.append((label, before, _shown(form, name, form.cleaned_data[name])))
    return found


def _shown(form: PolicyForm, name: str, value: object) -> str:
    field = form.fields[name]
    if isinstance(field, forms.MultipleChoiceField) and isinstance(value, list):
        names = dict(cast("list[tuple[str, str]]", field.choices))
        return ", ".join(names[each] for each in value) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(value) if value not in ("", None) else "at any hour"


@dataclass(frozen=True, slots=True)
class Effect:
    """One figure of what a change would do, with what it means."""

    count: int
    words: str
    tone: str


def effects(effect: PolicyEffect) -> list[Effect]:
    """What a change would do to what is planned, the gravest first."""
    kinds = (
        (effect.skipped, "will not be done", "will not be sent", "bad"),
        (
            effect.at_once,
            "at once: the new time has passed",
            "sent at once: its new time has passed",
            "warn",
        ),
        (effect.planned, "planned after all", "planned after all", "calm"),
        (effect.moved, "at another time", "sent at another time", "calm"),
    )
    return [
        Effect(
            count, f"{words.told_of(name, words.CONTROLS)}: {said if name in MAIL else done}", tone
        )
        for counts, done, said, tone in kinds
        for name, count in counts.most_common()
    ]


MAIL = {
    rule.name for path in PATHS.values() for rule in path.controls if isinstance(rule.does, Tell)
}


def seen(number: int, effect: PolicyEffect) -> str:
    """What was on the page that was looked at; another booking meanwhile may make it another."""
    counts = (effect.skipped, effect.at_once, effect.planned, effect.moved)
    return "/".join([str(number), *(str(sum(each.values())) for each in counts)])


def refuse(form: PolicyForm, error: PolicyError) -> None:
    """Put a refusal at the field it names first, and call fields what the page calls them."""
    name = str(error).replace(":", " ").split(" ", 1)[0]
    name = HOURS_END.get(name, name)
    form.add_error(name if name in form.fields else None, _as_labelled(form, str(error)))


HOURS_END = {name: f"{name.removesuffix('_hours')}_to" for name in WINDOWS}
"""The field at which a refusal of hours stands."""


def _as_labelled(form: PolicyForm, said: str) -> str:
    return words.NAME.sub(
        lambda found: f"“{form.fields[found[0]].label}”" if found[0] in form.fields else found[0],
        said,
    )
