"""Whatever happens, in whatever order and however late: the promises of the house hold.

Hypothesis makes up the story: events that are refused as often as not, news of old messages, jumps
of time with the worker awake or down, policies that change on the way.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kept.core.case import HandOffStatus, NotAllowed, Status
from kept.core.paths.appointment import AHEAD
from tests.core.builders import APPOINTMENT, CUSTOMER, INTEGRATION, STAFF, Visit, policy

ASKED = sorted({rule.event for rule in APPOINTMENT.rules if rule.asked} - {"corrected"})
NEWS = ["accepted", "delivered", "delayed", "failed", "doubtful", "expired", "incomplete"]
CLOSED = {state.name for state in APPOINTMENT.states if not state.waits}
COUNTED = {"start", "end", "close", "change_until"}
LIVE = {HandOffStatus.OFFERED, HandOffStatus.ACCEPTED, HandOffStatus.EXPIRED}

actors = st.sampled_from([CUSTOMER, STAFF, INTEGRATION])
sides = st.sampled_from(["customer", "business", None])
channels = st.sampled_from([[], ["email"], ["sms", "email"]])
jumps = st.sampled_from(
    ["1s", "1m", "14m", "15m", "30m", "1h", "3h", "7h", "12h", "24h", "25h", "72h"]
)
policies = st.builds(
    policy,
    first_reminder=st.sampled_from(["24h", "48h", "2h", "1d 18:00"]),
    first_reminder_until=st.sampled_from(["3h", "20m"]),
    ask_acknowledgement=st.booleans(),
    switched_off=st.sampled_from([[], ["first_reminder"], ["final_reminder"]]),
    quiet_hours=st.sampled_from([None, ["08:00", "21:00"], ["22:00", "02:00"]]),
)


class AnyOrder(RuleBasedStateMachine):
    """Each step checks, through the builder: decided the same twice; never posted twice; the state
    is the fold of the events."""

    @initialize(
        ahead=st.sampled_from(["0m", "20m", "50m", "3h", "20h", "25h", "36h", "96h"]),
        policy=policies,
        channels=channels,
        leg=st.sampled_from([1, 2]),
        transport=st.sampled_from(["accepts", "refuses", "hangs"]),
        begins=st.sampled_from(["booked", "booked", "booked", "walked_in"]),
    )
    def begin(self, **how):
        self.offered = Counter()
        told = {"told": how["leg"] > 1}
        self.visit = Visit(facts=told, **how)
        self.look()

    # -- what may happen

    @rule(name=st.sampled_from(ASKED), by=actors, side=sides)
    def somebody_asks(self, name, by, side):
        self.attempt(name, by=by, side=side)

    @rule(to=st.sampled_from([state.name for state in APPOINTMENT.states]), side=sides)
    def somebody_corrects(self, to, side):
        self.attempt("corrected", by=STAFF, reason="a mistake", to=to, side=side)

    @precondition(lambda self: self.visit.posted)
    @rule(data=st.data(), news=st.sampled_from(NEWS))
    def news_of_a_message(self, data, news):
        _, post = data.draw(st.sampled_from(self.visit.posted))
        self.attempt(f"message_{news}", control=post.control, run=post.run)

    @rule(channels=channels)
    def the_address_changes(self, channels):
        self.attempt("contact_changed", channels=channels)

    @rule(name=st.sampled_from(["resource_lost", "resource_restored"]))
    def a_resource_comes_and_goes(self, name):
        self.attempt(name)

    @precondition(lambda self: self.visit.case.state in AHEAD and self.ahead())
    @rule(hours=st.sampled_from([-1, 1]), taken=st.booleans())
    def the_clocks_of_its_zone_are_changed(self, hours, taken):
        by = timedelta(hours=hours)
        case = self.visit.case
        counted = {name: at + by for name, at in case.anchors.items() if name in COUNTED}
        self.visit.case = replace(case, anchors={**case.anchors, **counted})
        self.visit.start, self.visit.end = counted["start"], counted["end"]
        self.attempt("zone_rules_changed", time_taken=taken)

    @rule(policy=policies)
    def the_policy_changes(self, policy):
        self.visit.case = replace(self.visit.case, policy=policy)
        self.attempt("policy_changed")

    @precondition(lambda self: self.visit.case.hand_offs)
    @rule(data=st.data(), answer=st.sampled_from(["accepted", "rejected"]))
    def a_hand_off_is_answered(self, data, answer):
        to = data.draw(st.sampled_from(self.visit.hand_offs()))
        self.attempt(f"hand_off_{answer}", to=to, reason="because")

    @precondition(lambda self: self.visit.open)
    @rule(data=st.data())
    def a_person_writes_a_note(self, data):
        kind = data.draw(st.sampled_from(sorted(self.visit.open)))
        self.attempt("escalation_resolved", by=STAFF, reason="done", kind=kind)

    @rule(transport=st.sampled_from(["accepts", "refuses", "hangs"]))
    def the_transport_changes(self, transport):
        self.visit.transport = transport

    @rule(jump=jumps)
    def time_passes(self, jump):
        self.attempt(None, lambda visit: visit.until(_later(visit.now, jump)))

    @rule(jump=jumps)
    def time_passes_while_the_worker_is_down(self, jump):
        self.attempt(None, lambda visit: visit.sleep_until(_later(visit.now, jump)))

    def ahead(self):
        """Still ahead when an hour is taken away."""
        return self.visit.now < self.visit.start - timedelta(hours=1)

    def attempt(self, name, act=None, **how):
        seen, before = len(self.visit.decisions), self.visit.case
        try:
            act(self.visit) if act else self.visit.happens(name, **how)
        except NotAllowed as refusal:
            self.refused(refusal, before)
        self.look(seen)

    def refused(self, refusal, before):
        assert refusal.detail.endswith(".")
        assert set(refusal.allowed) <= set(APPOINTMENT.allowed(self.visit.state))
        assert self.visit.case == before

    def look(self, seen=0):
        """What each decision since then has done."""
        for decision in self.visit.decisions[seen:]:
            offered = [h for h in decision.hand_offs if h.status is HandOffStatus.OFFERED]
            self.offered.update(hand_off.key for hand_off in offered)
            for post in decision.post:
                assert decision.case.state in APPOINTMENT.control(post.control).states
            void = {c.key for c in decision.controls if c.status is Status.VOID and c.fired_at}
            assert void <= set(decision.withdraw)
            assert set(decision.withdraw).isdisjoint(
                (post.control, post.run) for post in decision.post
            )

    # -- what always holds

    @invariant()
    def something_is_due_or_somebody_is_asked_while_it_waits(self):
        if self.visit.state not in CLOSED:
            assert self.visit.waiting() or self.visit.open

    @invariant()
    def past_its_end_the_outcome_is_asked_for(self):
        visit = self.visit
        grace = visit.case.policy.outcome_grace.delta
        if visit.state not in CLOSED and visit.now >= visit.end + grace:
            visit.tick()
            assert len(visit.open & {"OUTCOME_DUE", "UNRESOLVED"}) == 1

    @invariant()
    def nobody_is_asked_what_makes_no_sense_any_more(self):
        case = self.visit.case
        for kind in case.escalations:
            until = APPOINTMENT.escalation(kind).until
            assert until is None or self.visit.now < until.of(case), kind

    @invariant()
    def every_control_says_what_became_of_it(self):
        for control in self.visit.case.controls:
            if control.status not in {Status.PLANNED, Status.DONE}:
                assert control.reason, control

    @invariant()
    def nothing_planned_is_left_in_the_past(self):
        self.visit.tick()
        overdue = [c for c in self.visit.case.controls if c.waiting and c.due_at <= self.visit.now]
        assert overdue == []
        assert self.visit.tick().events == ()

    @invariant()
    def a_closed_leg_plans_and_says_nothing_of_the_visit(self):
        if self.visit.state in CLOSED:
            questions = {"lapse_at_end", "lapse_day_after"}
            assert self.visit.waiting() <= {"hand_offs", "cancelled_notice"} | questions

    @invariant()
    def who_was_not_told_is_told_or_somebody_is_asked(self):
        visit = self.visit
        if visit.state == "scheduled" and visit.now < visit.start:
            names = {"confirmation", "moved_notice"}
            on_its_way = names & visit.waiting()
            noted = visit.said("escalation_resolved") or visit.said("corrected")
            assert on_its_way or noted or visit.open

    @invariant()
    def an_outcome_offers_what_it_maps_to_once(self):
        assert set(self.offered.values()) <= {1}
        case = self.visit.case
        live = [h for h in case.hand_offs if h.status in LIVE]
        versions = {hand_off.version for hand_off in live}
        assert versions <= {case.facts.get("outcome_version")}
        if case.state in {"scheduled", "confirmed", "prepared", "attended", "rescheduled"}:
            assert live == []
        else:
            present = [h for h in case.hand_offs if h.version == case.facts["outcome_version"]]
            outcome = case.facts["outcome"]["value"]
            assert tuple(h.to for h in present) == case.policy.hand_offs[outcome]

    @invariant()
    def a_hand_off_nobody_took_is_somebodys_task_or_was(self):
        case = self.visit.case
        if any(h.status is HandOffStatus.EXPIRED for h in case.hand_offs):
            assert "HANDOFF_NOT_ACCEPTED" in case.escalations or self.visit.said(
                "escalation_resolved"
            )

    @invariant()
    def nothing_is_sent_after_the_start_but_what_concerns_the_outcome(self):
        for at, post in self.visit.posted:
            assert at < self.visit.start, post


def _later(now, text):
    hours = {"s": 1 / 3600, "m": 1 / 60, "h": 1}[text[-1]]
    return now + timedelta(hours=int(text[:-1]) * hours)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(stateful_step_count=30)
