"""A visit to walk through time with: the smallest stand-in for the house around the core.

It does what the house does: hands each event to `decide`, keeps the case that comes back, and lets
a transport take or refuse what is posted. It holds the promises of the house while it does so.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as wall_clock
from zoneinfo import ZoneInfo

from kept.core.case import SYSTEM, Actor, Case, Event, NotAllowed, Role, Status, with_letter
from kept.core.decide import decide
from kept.core.paths import PATHS
from kept.core.paths.lead_response import NOT_AGREED
from kept.core.policy import Policy, from_data
from kept.core.replay import replay
from kept.core.time import CalendarDays, after, close_of_business, local_day, parse_duration

APPOINTMENT = PATHS["appointment"]
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2027, 3, 10, 10, 0, tzinfo=BERLIN).astimezone(UTC)  # a Wednesday in winter time

CUSTOMER = Actor(Role.CUSTOMER, "Ada")
STAFF = Actor(Role.STAFF, "Grace")
INTEGRATION = Actor(Role.INTEGRATION, "the till")


def policy(**data):
    """A policy by its text form: `policy(first_reminder="48h")`."""
    return from_data(data)


class Visit:
    """An appointment that was booked `ahead` of its start.

    `transport` is what becomes of what is posted: "accepts" it, "refuses" it, or "hangs".
    """

    path = APPOINTMENT

    def __init__(
        self,
        ahead="72h",
        *,
        start=START,
        length="1h",
        zone=BERLIN,
        policy=None,
        channels=("email",),
        leg=1,
        facts=None,
        transport="accepts",
        begins="booked",
    ):
        self.start, self.end = start, start + parse_duration(length)
        self.now = start - parse_duration(ahead)
        self.transport = transport
        self.events, self.posted, self.withdrawn, self.told = [], [], [], []
        self.raised, self.decisions = [], []
        policy = policy or Policy()
        close = close_of_business(self.end, (), zone, self.end + policy.outcome_grace.delta)
        self.case = Case(
            path="appointment",
            state="",
            zone=zone.key,
            anchors={
                "opened": self.now,
                "start": self.start,
                "end": self.end,
                "close": close,
                "change_until": self.start - policy.change_until.delta,
            },
            policy=policy,
            facts={"channels": list(channels), **(facts or {})},
            leg=leg,
        )
        self.first = self.case
        self.happens(begins)

    # -- what happens

    def happens(self, name, *, by=SYSTEM, reason="", at=None, side=None, **data):
        """Let the event happen now (`at`: said earlier, heard now; `side`: whose doing it was)."""
        if side:
            data["by"] = side
        event = Event(name, at or self.now, by, reason, data)
        decision = decide(self.path, self.case, event, self.now)
        assert decide(self.path, self.case, event, self.now) == decision, "decided differently"
        self._keep(decision)
        for post in decision.post:
            self._transport(post)
        return decision

    def refusal(self, name, **how):
        """The refusal of this event."""
        try:
            decision = self.happens(name, **how)
        except NotAllowed as refused:
            return refused
        raise AssertionError(f"{name} was allowed: {decision.events}")

    def _keep(self, decision):
        self.decisions.append(decision)
        self.case = decision.case
        self.events += decision.events
        self.withdrawn += decision.withdraw
        self.raised += decision.raised
        if decision.told:
            self.told.append(decision.told)
        for post in decision.post:
            key = (post.control, post.run)
            assert key not in {(p.control, p.run) for _, p in self.posted}, f"{key} posted twice"
            self.posted.append((self.now, post))
        assert replay(self.path, self.events) == self.case.state

    def _transport(self, post):
        if self.transport == "accepts":
            self.message("accepted", post.control, post.run)
        elif self.transport == "refuses":
            self.message("failed", post.control, post.run, detail="mailbox unknown")

    def message(self, became, control, run=1, **data):
        """News of a message: accepted, delivered, delayed, failed, expired, incomplete."""
        return self.happens(f"message_{became}", control=control, run=run, **data)

    # -- time passes

    def until(self, moment):
        """Time passes, and a worker that is never late handles each duty when it is due."""
        while due := [c.due_at for c in self.case.controls if c.waiting and c.due_at <= moment]:
            self.now = max(self.now, min(due))
            self.tick()
        self.now = moment
        return self

    def sleep_until(self, moment):
        """Time passes while no worker runs; then it wakes up."""
        self.now = moment
        self.tick()
        return self

    def tick(self):
        return self.happens("control_due")

    def before(self, duration):
        return self.start - parse_duration(duration)

    def after_end(self, duration):
        return self.end + parse_duration(duration)

    # -- what has become of it

    @property
    def state(self):
        return self.case.state

    @property
    def open(self):
        return self.case.escalations

    def control(self, name, run=None):
        rows = [c for c in self.case.controls if c.name == name and run in (None, c.run)]
        return max(rows, key=lambda c: c.run, default=None)

    def became(self, name, run=None):
        """What became of a control, in words: `skipped: booked late`."""
        control = self.control(name, run)
        return f"{control.status}: {control.reason}".removesuffix(": ") if control else "absent"

    def sent(self):
        return [post.message for _, post in self.posted]

    def sent_at(self, message):
        return next(at for at, post in self.posted if post.message == message)

    def names(self):
        return [event.name for event in self.events]

    def said(self, name):
        """The events of that name, latest last."""
        return [event for event in self.events if event.name == name]

    def hand_offs(self, status=None):
        return sorted(h.to for h in self.case.hand_offs if status in (None, h.status))

    def waiting(self):
        return {c.name for c in self.case.controls if c.status is Status.PLANNED}


class AfterVisit(Visit):
    """What follows an outcome: a case of the Follow-Up path, opened at `opened`.

    `outcome` is what was handed on; `facts` is what was known of the person and the service.
    """

    path = PATHS["follow_up"]

    def __init__(
        self, outcome="completed", *, opened=START, policy=None, channels=("email",), **facts
    ):
        self.start = self.end = self.now = opened
        self.transport = "accepts"
        self.events, self.posted, self.withdrawn, self.told = [], [], [], []
        self.raised, self.decisions = [], []
        recovers = {} if outcome == "completed" else {"recovers": outcome}
        self.case = Case(
            path="follow_up",
            state="",
            zone=BERLIN.key,
            anchors={"opened": opened},
            policy=policy or Policy(),
            facts={"channels": list(channels), **recovers, **facts},
        )
        self.happens(self.path.receives[outcome])

    def after(self, duration):
        """Time passes until that long after the case was opened."""
        return self.until(self.start + parse_duration(duration))

    def written_to_today(self):
        """Another path writes to the person at this moment."""
        self.case = with_letter(self.case, self.now)
        return self


class ComesAgain(Visit):
    """A case of the Reactivation path, opened at `opened`: the next visit is due `days` later.

    The person has agreed to be invited, unless `facts` say otherwise.
    """

    path = PATHS["reactivation"]

    def __init__(self, days=180, *, opened=START, policy=None, why_not="", begins=None, **facts):
        self.start = self.end = self.now = opened
        self.transport = "accepts"
        self.events, self.posted, self.withdrawn, self.told = [], [], [], []
        self.raised, self.decisions = [], []
        self.due = after(opened, CalendarDays(days, wall_clock(10)), BERLIN)
        known = {"channels": ["email"], "agreed": True, "agreed_at": opened.isoformat()}
        self.case = Case(
            path="reactivation",
            state="",
            zone=BERLIN.key,
            anchors={"opened": opened, "visit": opened, "due": self.due},
            policy=policy or Policy(),
            facts={**known, "why_not": why_not, **facts},
        )
        self.happens("visit_completed", **({"why_not": why_not} if why_not else begins or {}))

    def day(self, days):
        """Time passes until noon so many days after (or before) the day it is due."""
        return self.until(self.due + timedelta(days=days, hours=2))

    def days(self):
        """What was posted, and how many days from the day it is due."""
        zone = BERLIN
        due = local_day(self.due, zone)
        return [(post.control, (local_day(at, zone) - due).days) for at, post in self.posted]

    @property
    def result(self):
        return self.case.facts.get("result")


class Asked(Visit):
    """A lead: somebody who asked at `opened`, and for whom a person is due `due` later."""

    path = PATHS["lead_response"]

    def __init__(
        self,
        begins="lead_came_in",
        *,
        opened=START,
        due="5m",
        policy=None,
        channels=("email",),
        acknowledge=True,
        transport="accepts",
        **facts,
    ):
        self.start = self.end = self.now = opened
        self.transport = transport
        self.events, self.posted, self.withdrawn, self.told = [], [], [], []
        self.raised, self.decisions = [], []
        by = opened + parse_duration(due)
        now = dict.fromkeys(("opened", "enquired", "offered", "contact"), opened)
        self.case = Case(
            path="lead_response",
            state="",
            zone=BERLIN.key,
            anchors={**now, "answer_by": by, "try_again": by},
            policy=policy or Policy(),
            facts={
                "channels": list(channels),
                "acknowledge": acknowledge,
                "hand_offs": NOT_AGREED,
                **facts,
            },
        )
        self.happens(begins)

    def after(self, duration):
        """Time passes until that long after the lead came in."""
        return self.until(self.start + parse_duration(duration))

    def due(self, **anchors):
        """What the house computes from the opening hours when something is asked or tried."""
        moments = {name: self.now + parse_duration(text) for name, text in anchors.items()}
        self.case = replace(self.case, anchors={**self.case.anchors, **moments})
        return self


def local(instant, zone=BERLIN):
    return f"{instant.astimezone(zone):%a %H:%M}"


def later(instant, text):
    return instant + parse_duration(text)


MINUTE = timedelta(minutes=1)
