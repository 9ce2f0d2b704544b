"""What a business may set: offsets, windows, grace, switches. Never code.

A `Policy` is a value; its text form (JSON with durations written like `24h` or `1d 18:00`) is what
a business edits and what every version of it is kept as. Defaults carry the reason beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time, timedelta
from itertools import pairwise
from types import MappingProxyType

from kept.core.time import (
    CalendarDays,
    Exactly,
    Offset,
    Window,
    common,
    format_offset,
    hours,
    minutes,
    parse_offset,
)

# Which paths continue after which outcome. Every outcome must be named, even with an empty list:
# a missing one is a configuration error, found before the appointment happens.
OF_VISITS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "completed": ("follow_up", "reputation", "reactivation"),
        "missed_by_customer": ("follow_up",),
        "missed_by_business": ("follow_up",),
        "cancelled_by_customer": ("follow_up",),
        "cancelled_by_business": ("follow_up",),
    }
)
# An enquiry that fell silent, of somebody who agreed to hear from us. Every other end of an
# enquiry is one: we cannot help, nobody could be reached, they want to hear no more.
OF_ENQUIRIES: Mapping[str, tuple[str, ...]] = MappingProxyType({"stale": ("reactivation",)})
DEFAULT_HAND_OFFS: Mapping[str, tuple[str, ...]] = MappingProxyType({**OF_VISITS, **OF_ENQUIRIES})

BUILT_IN = frozenset({"follow_up", "reputation", "reactivation"})

# A path that may follow some outcomes only. Nobody is asked to review what did not take place.
# Nobody is due again by what they cancelled; an enquiry that went quiet may be taken up there.
ONLY_AFTER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "follow_up": tuple(OF_VISITS),
        "reputation": ("completed",),
        "reactivation": ("completed", "stale"),
    }
)


# What an outcome may be handed on to.
TARGETS = ("follow_up", "reputation", "reactivation")


class PolicyError(ValueError):
    """A policy value cannot be used. The message names the field and says what is allowed."""


def _at_ten(days: int) -> CalendarDays:
    """Mail that nobody waits for goes out in the morning, by the wall clock."""
    return CalendarDays(days, time(10))


# What follows a visit keeps out of the night by itself. 8 to 21 is what 47 CFR 64.1200(c)(1) leaves
# to whoever calls; 9 to 20 lies within what stricter states leave (Florida 8 to 20, Connecticut 9
# to 20). They are no law for e-mail, and the hours at which nobody minds it.
DAYTIME = Window(time(8), time(21))
WORKING_DAY = Window(time(9), time(20))


@dataclass(frozen=True, slots=True)
class Policy:
    """The timing and the switches of one business.

    Reminders at 24 h and 1 h follow the mission; several notices beat one (Steiner et al. 2018,
    AJMC 24:377). The 1 h reminder is logistics, not a proven effect. The customer may change
    online until 2 h before; less than 24 h of notice is a late cancellation, never a miss.
    """

    first_reminder: Offset = field(default_factory=lambda: hours(24))
    first_reminder_until: Offset = field(default_factory=lambda: hours(3))
    first_reminder_gap: Offset = field(default_factory=lambda: hours(2))
    final_reminder: Offset = field(default_factory=lambda: hours(1))
    final_reminder_until: Offset = field(default_factory=lambda: minutes(15))
    final_reminder_gap: Offset = field(default_factory=lambda: minutes(30))
    preparation: Offset = field(default_factory=lambda: hours(24))
    outcome_grace: Offset = field(default_factory=lambda: minutes(15))
    late_grace: Offset = field(default_factory=lambda: minutes(10))
    change_until: Offset = field(default_factory=lambda: hours(2))
    late_cancel: Offset = field(default_factory=lambda: hours(24))
    accept_within: Offset = field(default_factory=lambda: hours(72))
    # After the visit. Asked a day later, while it is remembered; three suggestions, then silence.
    aftercare: Offset = field(default_factory=lambda: hours(2))
    how_did_it_go: Offset = field(default_factory=lambda: hours(24))
    next_step_first: Offset = field(default_factory=lambda: hours(72))
    next_step_second: Offset = field(default_factory=lambda: hours(7 * 24))
    next_step_third: Offset = field(default_factory=lambda: hours(21 * 24))
    follow_up_until: Offset = field(default_factory=lambda: hours(28 * 24))
    # After a visit that did not take place.
    recovery_first: Offset = field(default_factory=lambda: minutes(15))
    recovery_second: Offset = field(default_factory=lambda: hours(24))
    recovery_third: Offset = field(default_factory=lambda: hours(72))
    recovery_until: Offset = field(default_factory=lambda: hours(7 * 24))
    # When somebody is due again: at most three invitations, each at least a month from the last.
    invitation_first: Offset = field(default_factory=lambda: _at_ten(14))
    invitation_second: Offset = field(default_factory=lambda: _at_ten(30))
    invitation_third: Offset = field(default_factory=lambda: _at_ten(90))
    lapses_after: Offset = field(default_factory=lambda: _at_ten(120))
    invitation_gap: Offset = field(default_factory=lambda: hours(30 * 24))
    invitation_yearly: Offset = field(default_factory=lambda: _at_ten(365))
    agreement_fresh: Offset = field(default_factory=lambda: _at_ten(730))
    invitations_a_year: int = 4  # of one person, whatever they came for
    rhythm_visits: int = 4  # so many make a rhythm: one long holiday among them decides nothing
    # Who did not ask for a letter reads it when there is time for it: it offers no time sooner than
    # so many days on, by the reader's calendar.
    offer_days_ahead: int = 1
    hold_out: int = 10  # of a hundred people so many are left alone, to see what invitations do
    # Asking for a review: between one day and three after the visit, once and once more; nobody
    # twice in three months. An open complaint delays it, and after two weeks no longer.
    review_ask: Offset = field(default_factory=lambda: hours(48))
    review_reminder: Offset = field(default_factory=lambda: hours(7 * 24))
    review_hold: Offset = field(default_factory=lambda: hours(14 * 24))
    review_until: Offset = field(default_factory=lambda: hours(28 * 24))
    review_cooldown: Offset = field(default_factory=lambda: hours(90 * 24))
    # An enquiry. Who is answered within minutes is still there; six letters in two weeks at most.
    lead_answer: Offset = field(default_factory=lambda: minutes(5))
    lead_after_opening: Offset = field(default_factory=lambda: minutes(15))
    lead_reply: Offset = field(default_factory=lambda: minutes(15))
    lead_nudge_first: Offset = field(default_factory=lambda: hours(2))
    lead_nudge_second: Offset = field(default_factory=lambda: hours(24))
    lead_nudge_third: Offset = field(default_factory=lambda: hours(72))
    lead_nudge_fourth: Offset = field(default_factory=lambda: hours(7 * 24))
    lead_try_again: Offset = field(default_factory=lambda: hours(24))
    lead_stale: Offset = field(default_factory=lambda: hours(14 * 24))
    switched_off: frozenset[str] = frozenset()
    ask_acknowledgement: bool = False
    offer_after_cancelling: bool = False  # the notice of a cancellation offers a new time itself
    several_a_day: bool = False  # two paths may write to one person on the same day
    assume_missed: bool = False  # nobody came by the end and grace: missed, as an assumption
    weekly_mail: bool = True  # the owners hear once a week what broke and what it cost
    weekly_mail_day: int = 1  # 1: Monday ... 7: Sunday
    weekly_mail_hour: int = 8  # by the clocks of the business
    quiet_hours: Window | None = None  # the hours in which reminders may be sent; None: any
    after_visit_hours: Window = DAYTIME  # letters about a visit that is over
    asking_hours: Window = WORKING_DAY  # suggestions, and asks for a review
    hand_offs: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: DEFAULT_HAND_OFFS)
    built_in: frozenset[str] = BUILT_IN  # the paths Kept walks itself; others are answered outside

    def offset(self, name: str) -> Offset:
        """The offset field of that name."""
        value: Offset = getattr(self, name)
        return value

    def window(self, name: str) -> Window | None:
        """The hours in which letters may go that keep to that field; None: any hour.

        No letter goes in hours in which not even a reminder may. Two that share no minute cannot
        be set; where an old policy meets a new default, what the business set itself counts.
        """
        own: Window | None = getattr(self, name)
        if own is None or self.quiet_hours is None:
            return own
        return common(own, self.quiet_hours) or self.quiet_hours

    def gap(self, name: str) -> Exactly:
        """A field that must be elapsed time."""
        value = self.offset(name)
        if not isinstance(value, Exactly):
            raise PolicyError(f"{name} must be an elapsed time such as 2h, not a time of day")
        return value

    def walks(self, path: str, outcome: str, own: object) -> bool:
        """Whether Kept itself walks this path after this outcome, as `next_paths` says it.

        A path that no policy switches it always does; of an outcome nobody names it is as it was.
        """
        if path not in BUILT_IN:
            return True
        follows = next_paths(self, own, outcome)
        return path in self.built_in and (follows is None or path in follows)


OFFSETS = tuple(f.name for f in fields(Policy) if f.type == "Offset")
# Elapsed times only: a "gap of the day before at 18:00" has no meaning.
OF_THE_DAY = frozenset(
    {
        "first_reminder",
        "final_reminder",
        "preparation",
        "how_did_it_go",
        "next_step_first",
        "next_step_second",
        "next_step_third",
        "recovery_second",
        "recovery_third",
        "invitation_first",
        "invitation_second",
        "invitation_third",
        "lapses_after",
        "invitation_yearly",
        "agreement_fresh",
        "review_ask",
        "review_reminder",
        "lead_nudge_second",
        "lead_nudge_third",
        "lead_nudge_fourth",
    }
)
ELAPSED = tuple(name for name in OFFSETS if name not in OF_THE_DAY)
BOOLEANS = (
    "ask_acknowledgement",
    "assume_missed",
    "several_a_day",
    "offer_after_cancelling",
    "weekly_mail",
)
# Whole numbers, each with the least and the most it may be.
NUMBERS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "invitations_a_year": (1, 12),
        "rhythm_visits": (3, 20),
        "offer_days_ahead": (0, 14),
        "hold_out": (0, 50),
        "weekly_mail_day": (1, 7),
        "weekly_mail_hour": (0, 23),
    }
)
SWITCHES = frozenset({"first_reminder", "final_reminder"})
WINDOWS = ("quiet_hours", "after_visit_hours", "asking_hours")
NAMES = {"switched_off": SWITCHES, "built_in": BUILT_IN}  # lists, and what may stand in each

# The least and the most of each offset. Beyond them lie slips of the finger: 400 hours typed for
# 40 minutes would keep an appointment without an outcome out of sight for half a month.
BOUNDS: Mapping[str, tuple[Exactly, Exactly]] = MappingProxyType(
    {
        **{name: (minutes(0), hours(90 * 24)) for name in OFFSETS},
        "first_reminder_gap": (minutes(0), hours(7 * 24)),
        "final_reminder_gap": (minutes(0), hours(7 * 24)),
        "outcome_grace": (minutes(0), hours(7 * 24)),
        "late_grace": (minutes(0), hours(24)),
        "accept_within": (minutes(5), hours(90 * 24)),
        "invitation_second": (hours(24), hours(180 * 24)),
        "invitation_third": (hours(31 * 24), hours(365 * 24)),
        "lapses_after": (hours(32 * 24), hours(400 * 24)),
        "invitation_gap": (hours(30 * 24), hours(180 * 24)),
        "invitation_yearly": (hours(365 * 24), hours(1095 * 24)),
        "agreement_fresh": (hours(30 * 24), hours(1095 * 24)),
        "review_ask": (hours(24), hours(72)),
        "review_reminder": (hours(7 * 24), hours(12 * 24)),
        "review_hold": (hours(0), hours(14 * 24)),
        "review_until": (hours(21 * 24), hours(90 * 24)),
        "review_cooldown": (hours(30 * 24), hours(730 * 24)),
    }
)


def to_data(policy: Policy) -> dict[str, object]:
    """The policy as plain JSON data; `from_data` gives it back."""
    data: dict[str, object] = {name: format_offset(policy.offset(name)) for name in OFFSETS}
    for name in NAMES:
        data[name] = sorted(getattr(policy, name))
    for name in (*BOOLEANS, *NUMBERS):
        data[name] = getattr(policy, name)
    for name in WINDOWS:
        window: Window | None = getattr(policy, name)
        data[name] = window and [f"{window.opens:%H:%M}", f"{window.closes:%H:%M}"]
    data["hand_offs"] = {outcome: list(paths) for outcome, paths in policy.hand_offs.items()}
    return data


def from_data(data: Mapping[str, object]) -> Policy:
    """A policy from (a part of) its JSON data; what is absent takes the default.

    For what is stored: an outcome that an old version does not name is left unnamed, and so found.
    Raises PolicyError with one sentence that names the field.
    """
    return _with(Policy(), data)


def changed(policy: Policy, data: Mapping[str, object]) -> Policy:
    """The policy with the fields in `data` changed. Raises PolicyError.

    Whatever is changed, afterwards every outcome says what follows it (what an outcome that is not
    named hands on to is nothing, and nobody would see that), and every reminder can be sent. What
    is changed keeps within BOUNDS.
    """
    new = _with(policy, data)
    for name in BOUNDS.keys() & data.keys():
        _require_bounds(name, new.offset(name))
    for name in NUMBERS.keys() & data.keys():
        _require_number(name, getattr(new, name))
    if "hand_offs" in data:
        require_known(new.hand_offs)
    _require_sendable(new)
    _require_in_order(new)
    _require_hours_in_common(new)
    if missing := unmapped(new):
        raise PolicyError(
            f"hand_offs must name what follows each outcome, or [] for nothing; "
            f"missing: {', '.join(missing)}"
        )
    return new


def _require_bounds(name: str, offset: Offset) -> None:
    least, most = BOUNDS[name]
    if not least.delta <= _length(offset) <= most.delta:
        raise PolicyError(
            f"{name} is {format_offset(least)} to {format_offset(most)}, "
            f"not {format_offset(offset)}."
        )


def _length(offset: Offset) -> timedelta:
    return offset.delta if isinstance(offset, Exactly) else timedelta(days=offset.days)


def _require_number(name: str, number: int) -> None:
    least, most = NUMBERS[name]
    if not least <= number <= most:
        raise PolicyError(f"{name} is a whole number from {least} to {most}, not {number}.")


def _require_in_order(policy: Policy) -> None:
    """The invitations after the day somebody is due, one after the other; then the end."""
    for sooner, later in pairwise(("invitation_second", "invitation_third", "lapses_after")):
        if _length(policy.offset(sooner)) >= _length(policy.offset(later)):
            raise PolicyError(
                f"{later} ({_text(policy, later)}) must come after {sooner} "
                f"({_text(policy, sooner)})."
            )


def _require_hours_in_common(policy: Policy) -> None:
    for name in WINDOWS[1:]:
        own, reminders = getattr(policy, name), policy.quiet_hours
        if reminders is not None and common(own, reminders) is None:
            raise PolicyError(
                f"{name} ({_hours(own)}) and quiet_hours ({_hours(reminders)}) have no hour in "
                "common, so nothing could be sent."
            )


def _hours(window: Window) -> str:
    return f"{window.opens:%H:%M} to {window.closes:%H:%M}"


def unmapped(policy: Policy, own: Mapping[str, object] | None = None) -> list[str]:
    """The outcomes of which neither the policy nor a service (`own`) says what follows them.

    With a service: of its visits alone. What follows an enquiry is no matter of one service.
    """
    outcomes = DEFAULT_HAND_OFFS if own is None else OF_VISITS
    said = {*policy.hand_offs, *(own or {})}
    return [each for each in outcomes if each not in said]


def own_hand_offs(raw: object) -> dict[str, list[str]]:
    """What a service says for itself follows some outcomes, by outcome; of the others the policy
    speaks. Raises PolicyError for outcomes and paths that there are not."""
    own = _hand_offs(raw)
    for outcome in own:
        if outcome not in OF_VISITS:
            known = ", ".join(OF_VISITS)
            raise PolicyError(f"hand_offs: there is no outcome {outcome}; choose from {known}.")
    require_known(own)
    return {outcome: list(paths) for outcome, paths in own.items()}


def next_paths(policy: Policy, own: object, outcome: str) -> tuple[str, ...] | None:
    """What follows an outcome: what the service said of it at booking (`own`), else the policy.

    None: neither names that outcome. What may not follow it is not followed, whatever an old
    policy says.
    """
    said = own[outcome] if isinstance(own, Mapping) and outcome in own else None
    paths = policy.hand_offs.get(outcome) if said is None else said
    return None if paths is None else tuple(path for path in paths if may_follow(path, outcome))


def require_known(hand_offs: Mapping[str, Iterable[str]]) -> None:
    """Raises PolicyError for a path that an outcome cannot be handed on to."""
    for outcome, name in (
        (outcome, name) for outcome, paths in hand_offs.items() for name in paths
    ):
        if name not in TARGETS:
            raise PolicyError(
                f"hand_offs: there is no path {name}; choose from {', '.join(TARGETS)}."
            )
        if not may_follow(name, outcome):
            raise PolicyError(
                f"hand_offs: {name} follows only {', '.join(ONLY_AFTER[name])}, not {outcome}."
            )


def may_follow(path: str, outcome: str) -> bool:
    """Whether a path may be walked after this outcome."""
    return outcome in ONLY_AFTER.get(path, (outcome,))


def _require_sendable(policy: Policy) -> None:
    for name in _never_sent(policy):
        raise PolicyError(
            f"{name} would never be sent: it is due {_text(policy, name)} before the start, and "
            f"of use only until {_text(policy, f'{name}_until')} before ({name}_until). "
            f"Make {name} longer, or switch it off."
        )
    first, final = policy.first_reminder, policy.final_reminder
    if not policy.switched_off and _at_least(final, first):
        raise PolicyError(
            f"first_reminder ({format_offset(first)} before the start) must come before "
            f"final_reminder ({format_offset(final)} before)."
        )


def _never_sent(policy: Policy) -> list[str]:
    """The reminders that are switched on and of no use any more when they are due."""
    return [
        name
        for name in sorted(SWITCHES - policy.switched_off)
        if _at_least(policy.offset(f"{name}_until"), policy.offset(name))
    ]


def _text(policy: Policy, name: str) -> str:
    return format_offset(policy.offset(name))


def _with(policy: Policy, data: Mapping[str, object]) -> Policy:
    known = {f.name for f in fields(Policy)}
    for name in data:
        if name not in known:
            raise PolicyError(
                f"{name} is not a policy field; fields are: {', '.join(sorted(known))}"
            )
    values = {name: _value(name, raw) for name, raw in data.items()}
    new = replace(policy, **values)  # type: ignore[arg-type]  # each value was read for its field
    for name in ELAPSED:
        new.gap(name)
    return new


def _value(name: str, raw: object) -> object:
    if name in OFFSETS:
        return _offset(name, raw)
    if name in BOOLEANS:
        if not isinstance(raw, bool):
            raise PolicyError(f"{name} must be true or false")
        return raw
    if name in NAMES:
        return _names(name, raw)
    if name in NUMBERS:
        return _number(name, raw)
    if name in WINDOWS:
        return _window(name, raw)
    return _hand_offs(raw)


def _offset(name: str, raw: object) -> Offset:
    try:
        return parse_offset(str(raw))
    except ValueError as error:
        raise PolicyError(f"{name}: {error}") from error


def _names(name: str, raw: object) -> frozenset[str]:
    names = frozenset(raw) if isinstance(raw, list | tuple | set | frozenset) else None
    if names is None or not names <= NAMES[name]:
        raise PolicyError(f"{name} must be a list out of: {', '.join(sorted(NAMES[name]))}")
    return names


def _number(name: str, raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise PolicyError(f"{name} must be a whole number")
    return raw


def _window(name: str, raw: object) -> Window | None:
    """Reminders may be let go at any hour by saying nothing; other hours are always named."""
    may_be_none = name == "quiet_hours"
    if raw is None and may_be_none:
        return None
    try:
        opens, closes = (time.fromisoformat(str(part)) for part in raw)  # type: ignore[attr-defined]
        return Window(opens, closes)
    except (TypeError, ValueError) as error:
        either = "null or " if may_be_none else ""
        raise PolicyError(f'{name} must be {either}like ["08:00", "21:00"]') from error


def _hand_offs(raw: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(raw, Mapping) or not all(map(_is_list_of_names, raw.values())):
        raise PolicyError("hand_offs must map each outcome to a list of paths")
    # Named twice is meant once: a path continues from one outcome only once.
    return MappingProxyType({str(key): tuple(dict.fromkeys(paths)) for key, paths in raw.items()})


def _is_list_of_names(raw: object) -> bool:
    return isinstance(raw, list | tuple) and all(isinstance(name, str) for name in raw)


def warnings(policy: Policy) -> list[str]:
    """What is allowed but probably not meant, each as one sentence."""
    found = []
    if _at_least(policy.change_until, policy.first_reminder):
        found.append(
            f"The first reminder ({format_offset(policy.first_reminder)} before) arrives too late "
            f"to change: online changes close {format_offset(policy.change_until)} before."
        )
    for name in _never_sent(policy):
        found.append(
            f"The {name.replace('_', ' ')} is never sent: it is due {_text(policy, name)} "
            f"before, and of use only until {_text(policy, f'{name}_until')} before."
        )
    if policy.gap("outcome_grace").delta > timedelta(days=1):
        found.append(
            f"Nobody is asked for an outcome until {format_offset(policy.outcome_grace)} after the "
            "end: more than a day is long."
        )
    for outcome in unmapped(policy):
        found.append(
            f"Nothing says what follows the outcome {outcome}: "
            "name it in hand_offs, with [] where nothing is to follow."
        )
    return found


def _at_least(one: Offset, other: Offset) -> bool:
    """Whether `one` is as long as `other`, where both are elapsed time and can be compared."""
    return isinstance(one, Exactly) and isinstance(other, Exactly) and one.delta >= other.delta
