"""Random histories: whatever happens, in whatever order, all twelve promises hold.

The machine does what people, workers, mail servers and accidents do to two businesses on one
database, through the real actions and the real steps of the worker. Things also happen *within* a
delivery: while the transport is made ready, and while it holds a letter, so that two workers and
every change meet at every seam. A killed process is an exception that nothing catches.

After each step the promises must hold, apart from what is still to be done; at the end the worker
does all of it, and every promise must hold without allowance. With KEPT_THOROUGH=1 all of them are
looked at after every step of many long histories (for a nightly run); else one after each step, in
turn, which leaves the time for three times as many histories.
"""

from contextlib import suppress
from datetime import timedelta
from unittest import mock

import hypothesis.strategies as st
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from kept.appointments import actions as appointments
from kept.appointments import reports
from kept.appointments.queries import Appointment, Leg
from kept.cases import actions as cases
from kept.cases.queries import Case, Control, Escalation, Event, HandOff
from kept.cases.rows import policy_of
from kept.channels.base import Interrupted, Receipt, Refused, Unreachable
from kept.checks.promises import run
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import SYSTEM, Actor, NotAllowed, Role
from kept.core.paths import PATHS
from kept.core.paths.appointment import AHEAD, UNTOLD
from kept.core.policy import DEFAULT_HAND_OFFS
from kept.journeys import actions as following
from kept.journeys import queries as journeys
from kept.outbox.queries import Evidence, Message
from kept.people.queries import Customer, Told, has_agreed
from kept.schedule.queries import Claim, Closure, Resource
from kept.webhooks import actions as webhooks
from kept.worker import deliver
from tests.effort import THOROUGH
from tests.promises.house import CUSTOMER, DESK, House, contact, expired_leases

PATH = PATHS["appointment"]
COLLEAGUE = Actor(Role.STAFF, "colleague@example.com")
MINUTES = timedelta(minutes=1)
NOT_YET = timedelta(days=3650)  # the lag that forgives everything that is still to be done
ON_THE_WAY = range(3, 10)  # the promises looked at after each step, and all twelve at the end

AHEADS = st.sampled_from([10, 25, 45, 50, 180, 24 * 60, 26 * 60, 48 * 60, 49 * 60, 8 * 24 * 60])
JUMPS = st.sampled_from([0, 1, 10, 30, 60, 6 * 60, 23 * 60, 24 * 60, 25 * 60, 73 * 60, 15 * 1440])
ACTORS = st.sampled_from([CUSTOMER, DESK, Actor(Role.INTEGRATION, "key")])
SIDES = st.sampled_from([Role.CUSTOMER, Role.STAFF])
PEOPLE = [
    ("Mia Lund", "mia@example.com", ""),
    ("Ole Vik", "", "+442079460123"),
    ("Ida Holm", "ida@example.com", "+442079460124"),
]
CONTACTS = st.sampled_from(PEOPLE)
NOTHING_FOLLOWS = {outcome: [] for outcome in DEFAULT_HAND_OFFS}
POLICIES = st.sampled_from(
    [
        {"first_reminder": "48h"},
        {"first_reminder": "2h", "first_reminder_until": "1h"},
        {"switched_off": ["first_reminder", "final_reminder"]},
        {"switched_off": []},
        {"quiet_hours": ["08:00", "20:00"]},
        {"quiet_hours": None},
        {"ask_acknowledgement": True},
        {"assume_missed": True},
        {"assume_missed": False},
        {
            "hand_offs": {
                **NOTHING_FOLLOWS,
                "completed": ["follow_up", "reactivation"],
                "cancelled_by_customer": ["follow_up"],
            }
        },
        {"hand_offs": NOTHING_FOLLOWS},
        {"built_in": []},
        {"built_in": ["follow_up"], "several_a_day": True},
        {"built_in": ["follow_up", "reactivation"], "hold_out": 0, "invitation_first": "60d 10:00"},
        {"outcome_grace": "2h", "accept_within": "1h"},
    ]
)
AFTER = ["follow_up", "reactivation", "reputation"]
SAID = st.sampled_from(["550 5.1.1 no such mailbox", "552 5.2.2 mailbox full"])
ANSWERS = st.sampled_from(
    ["taken", "taken", "taken", "for now", "for good", "no such person", "unreachable", "in doubt"]
)
SEAMS = st.sampled_from(["before the mark", "before the hand-over", "after the hand-over"])
WRITES = st.sampled_from(
    [
        "kept.lib.together.update",
        "kept.lib.together.insert",
        "kept.outbox.actions.withdraw",
        "kept.people.actions.remember_told",
        "kept.schedule.actions.release",
    ]
)
SEVERAL_TRANSACTIONS = frozenset({"another worker", "taken for dead", "time passes"})
CORRECTED = st.sampled_from([state.name for state in PATH.states])


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def answer(how):
    """What the mail server does with a letter."""
    errors = {
        "for now": Refused("451 later", permanent=False, code=451),
        "for good": Refused("554 no", permanent=True, code=554),
        "no such person": Refused("550 unknown", permanent=True, code=550, at="recipient"),
        "unreachable": Unreachable("the connection broke"),
        "in doubt": Interrupted("it broke after the final dot"),
    }
    if how in errors:
        raise errors[how]
    return Receipt("250 taken")


class Post:
    """A transport in whose hands anything may happen. Keeps a ledger of what it was given."""

    name = "post"
    capable_of_invitations = True

    def __init__(self, machine, how, killed_at=None):
        self.machine, self.how, self.killed_at = machine, how, killed_at

    def prepare(self):
        self.machine.meanwhile()
        if self.killed_at == "before the mark":
            raise Killed
        if self.how == "unreachable":
            raise Unreachable("nobody answers")

    def hand_over(self, letter):
        if self.killed_at == "before the hand-over":
            raise Killed
        try:
            self.machine.enter(letter)
        except AssertionError as wrong:
            # Whatever a transport raises is a letter that did not go out, and no more than that.
            self.machine.wrong.append(str(wrong))
        self.machine.meanwhile()
        if self.killed_at == "after the hand-over":
            raise Killed
        return answer(self.how)


class History(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.everything = transaction.atomic()
        self.everything.__enter__()
        self.houses = [House("Harbour Clinic", ("Ada", "Bea")), House("Quay Studio", ("Cleo",))]
        # Of one of them a program hears: promise 10 sees that it is told of everything.
        webhooks.create(self.houses[0].business.id, "https://hooks.example.com/", clock.now())
        self.houses[0].business.refresh_from_db()
        self.ledger = []
        self.wrong = []  # letters that should not have left
        self.plans = []  # what happens in the middle of the deliveries to come
        self.depth = 0
        self.workers = 0
        self.refused = set()  # who wants no suggestions
        self.steps = 0

    def teardown(self):
        try:
            self.finish()
        finally:
            transaction.set_rollback(True)
            self.everything.__exit__(None, None, None)
            # The numbers of its policies are those of the next history's.
            policy_of.cache_clear()

    # -- what people do ---------------------------------------------------------------------

    @rule(
        house=st.integers(0, 1),
        ahead=AHEADS,
        who=CONTACTS,
        short=st.booleans(),
        freely=st.booleans(),
        particular=st.booleans(),
    )
    def book(self, house, ahead, who, short, freely, particular):
        house = self.houses[house]
        start = clock.now().replace(second=0, microsecond=0) + ahead * MINUTES
        self.ask(
            house.book,
            start,
            contact(*who),
            service=house.short if short else house.service,
            freely=freely,
            staff=house.staff[0].id if particular else None,
        )

    @rule(house=st.integers(0, 1))
    def walk_in(self, house):
        self.ask(self.houses[house].walk_in)

    @rule(which=st.integers(0), actor=ACTORS, shift=st.sampled_from([-60, 0, 15, 60, 1440, 4320]))
    def move(self, which, actor, shift):
        if appointment := self.one(Appointment, which):
            leg = Leg.objects.get(appointment=appointment, current=True)
            start = leg.start + shift * MINUTES
            self.ask(appointments.move, appointment, start, clock.now(), actor, freely=True)

    @rule(which=st.integers(0), other=st.integers(0), actor=ACTORS)
    def move_onto_another(self, which, other, actor):
        appointment, leg = self.one(Appointment, which), self.one(Leg, other)
        if appointment and leg:
            now = clock.now()
            self.ask(appointments.move, appointment, leg.start, now, actor, staff=leg.staff_id)

    @rule(which=st.integers(0), actor=ACTORS, by=SIDES)
    def cancel(self, which, actor, by):
        if appointment := self.one(Appointment, which):
            self.ask(appointments.cancel, appointment, clock.now(), actor, by=by)

    @rule(which=st.integers(0), what=st.sampled_from(sorted(appointments.SAYINGS)), actor=ACTORS)
    def say(self, which, what, actor):
        if appointment := self.one(Appointment, which):
            self.ask(appointments.say, appointment, what, clock.now(), actor)

    @rule(which=st.integers(0), by=SIDES)
    def miss(self, which, by):
        if appointment := self.one(Appointment, which):
            self.ask(appointments.miss, appointment, clock.now(), DESK, by=by)

    @rule(which=st.integers(0), to=CORRECTED, by=SIDES)
    def correct(self, which, to, by):
        if appointment := self.one(Appointment, which):
            now = clock.now()
            self.ask(appointments.correct, appointment, to, now, DESK, reason="a slip", by=by)

    @rule(which=st.integers(0))
    def resolve(self, which):
        if one := self.one(Escalation, which, resolved_at=None):
            self.ask(
                appointments.resolve_escalation, one.business_id, one.id, "done", clock.now(), DESK
            )

    @rule(which=st.integers(0), give_back=st.booleans(), who=st.sampled_from([DESK, COLLEAGUE]))
    def see_to(self, which, give_back, who):
        act = appointments.release_escalation if give_back else appointments.take_escalation
        if one := self.one(Escalation, which):
            self.ask(act, one.business_id, one.id, clock.now(), who)

    @rule(which=st.integers(0), accept=st.booleans())
    def answer_hand_off(self, which, accept):
        if one := self.one(HandOff, which):
            now, actor = clock.now(), Actor(Role.INTEGRATION, "key")
            self.ask(
                appointments.answer_hand_off, one.business_id, one.id, now, actor, accept=accept
            )

    @rule(which=st.integers(0), said=st.sampled_from(sorted(journeys.SAYINGS)))
    def say_after(self, which, said):
        """The customer answers what followed an outcome."""
        if one := self.one(Case, which, path__in=AFTER):
            now, later = clock.now(), {}
            if said == "snoozed":
                later = {"until": now + timedelta(days=40)}
            self.ask(following.say, one.business_id, one.id, said, now, CUSTOMER, **later)

    @rule(which=st.integers(0))
    def agree_to_suggestions(self, which):
        one = self.one(Customer, which)
        if one and one.id not in self.refused:
            given = {"given": True, "source": "page", "wording": "Write to me."}
            self.ask(following.record_wish, one.id, "marketing", clock.now(), CUSTOMER, **given)

    @rule(which=st.integers(0))
    def refuse_suggestions(self, which):
        if one := self.one(Customer, which):
            now = clock.now()
            self.ask(following.refuse_suggestions, one.id, now, CUSTOMER, source="letter")
            self.refused.add(one.id)

    @rule(house=st.integers(0, 1), changes=POLICIES)
    def change_policy(self, house, changes):
        business = self.houses[house].business
        self.ask(appointments.change_policy, business, changes, clock.now(), DESK)

    @rule(which=st.integers(0), whole=st.booleans())
    def close_the_time_of(self, which, whole):
        if leg := self.one(Leg, which):
            span = leg.start - 30 * MINUTES, leg.end
            staff = None if whole else leg.staff
            now = clock.now()
            self.ask(appointments.close, leg.business, staff, *span, "a leak", now, DESK)

    @rule(which=st.integers(0))
    def lift(self, which):
        if closure := self.one(Closure, which, lifted_at=None):
            now = clock.now()
            self.ask(appointments.lift_closure, closure.business, closure.id, now, DESK)

    @rule(which=st.integers(0))
    def renew_link(self, which):
        if appointment := self.one(Appointment, which):
            self.ask(appointments.renew_link, appointment, clock.now(), DESK)

    @rule(which=st.integers(0))
    def retire(self, which):
        """Never the last one of a house: nothing could be booked there any more."""
        here = Resource.objects.filter(active=True).order_by("number")
        for house in self.houses:
            mine = list(here.filter(business=house.business))
            if which % 2 and len(mine) > 1:
                self.ask(appointments.retire_staff, house.business, mine[-1].id, clock.now(), DESK)

    @rule(which=st.integers(0), who=CONTACTS)
    def correct_contact(self, which, who):
        if appointment := self.one(Appointment, which):
            new = contact(*who)
            self.ask(appointments.correct_contact, appointment, new, clock.now(), DESK)

    # -- what time and the worker do --------------------------------------------------------

    @rule(minutes=JUMPS)
    def advance(self, minutes):
        clock_actions.advance(minutes * MINUTES)

    @rule()
    def turn(self):
        cases.turn_due(clock.now())

    @rule()
    def receive(self):
        following.receive_offered(clock.now())

    @rule(how=ANSWERS, middle=st.integers(0, 9), data=st.data())
    def deliver(self, how, middle, data):
        self.attempt(Post(self, how), data if middle < 4 else None)

    @rule(how=ANSWERS, seam=SEAMS, data=st.data())
    def be_killed_delivering(self, how, seam, data):
        with suppress(Killed):
            self.attempt(Post(self, how, killed_at=seam), None)

    @rule()
    def deliver_all(self):
        while self.attempt(Post(self, "taken"), None):
            pass

    @rule()
    def recover(self):
        with expired_leases():
            deliver.recover(clock.now)

    @rule(
        which=st.integers(0), kind=st.sampled_from(["delivered", "bounced", "bounced"]), said=SAID
    )
    def report(self, which, kind, said):
        if message := self.one(Message, which, handed_over_at__isnull=False):
            with suppress(NotAllowed):
                reports.report(message, kind, said, clock.now(), SYSTEM)

    @rule(where=WRITES, data=st.data())
    def be_killed_writing(self, where, data):
        """In the middle of a change: afterwards nothing of it is there."""
        before = self.everything_there_is()
        try:
            with mock.patch(where, side_effect=Killed):
                self.some_change(data, but=SEVERAL_TRANSACTIONS)
        except Killed:
            assert self.everything_there_is() == before

    # -- how it is done ---------------------------------------------------------------------

    def ask(self, act, *arguments, **named):
        """Ask for something that may be refused; a refusal changes nothing."""
        before = self.everything_there_is()
        try:
            act(*arguments, **named)
        except (NotAllowed, appointments.CannotBook, Resource.DoesNotExist):
            assert self.everything_there_is() == before

    def one(self, model, which, **wanted):
        """One of the rows there are, or None."""
        rows = list(model.objects.filter(**wanted).order_by("pk"))
        return rows[which % len(rows)] if rows else None

    def attempt(self, post, data):
        """One delivery by a worker of its own; with `data` something happens in the middle."""
        self.workers += 1
        self.depth += 1
        self.plans.append(data)
        try:
            return deliver.deliver_one(post, f"worker {self.workers}", clock.now)
        finally:
            self.plans.pop()
            self.depth -= 1

    def meanwhile(self):
        data = self.plans[-1]
        if data is not None and self.depth < 3:
            self.some_change(data)

    def some_change(self, data, but=frozenset()):
        which = data.draw(st.integers(0, 50))
        happens = data.draw(st.sampled_from(sorted(self.changes.keys() - but)))
        self.changes[happens](self, which, data)

    changes = {
        "cancelled": lambda self, which, data: self.cancel(which, DESK, data.draw(SIDES)),
        "moved": lambda self, which, data: self.move(which, DESK, data.draw(JUMPS) + 15),
        "said": lambda self, which, data: self.say(
            which, data.draw(st.sampled_from(sorted(appointments.SAYINGS))), DESK
        ),
        "missed": lambda self, which, data: self.miss(which, Role.CUSTOMER),
        "new address": lambda self, which, data: self.correct_contact(which, data.draw(CONTACTS)),
        "new policy": lambda self, which, data: self.change_policy(which % 2, data.draw(POLICIES)),
        "corrected": lambda self, which, data: self.correct(
            which, data.draw(CORRECTED), data.draw(SIDES)
        ),
        "another worker": lambda self, which, data: self.attempt(
            Post(self, data.draw(ANSWERS)), data
        ),
        "taken for dead": lambda self, which, data: self.recover(),
        "time passes": lambda self, which, data: self.advance(data.draw(JUMPS)),
        "the handle": lambda self, which, data: self.turn(),
        "taken": lambda self, which, data: self.see_to(which, data.draw(st.booleans()), DESK),
        "booked": lambda self, which, data: self.book(
            which % 2, data.draw(AHEADS), data.draw(CONTACTS), False, True, False
        ),
    }

    def everything_there_is(self):
        """Enough of it that no change can hide: nothing changes without an event or evidence."""
        tables = (Appointment, Event, Control, Message, Evidence, Told, Claim)
        return [table.objects.count() for table in tables]

    def enter(self, letter):
        """A letter arrives at the transport: at this moment its leg must still want it."""
        reference, number, control = (
            part.split("=")[1] for part in letter.headers["X-Kept"].split()
        )
        leg = Leg.objects.select_related("case", "appointment").get(
            appointment__reference=reference, number=int(number)
        )
        message = Message.objects.get(id=letter.message_id[1:].split(".")[0])
        case = Case.objects.get(id=message.case)
        assert case.state in PATHS[case.path].control(control).states, (
            f"{control} of {reference} left while its case was {case.state}"
        )
        if case.path == PATH.name:
            self.ledger.append((leg, control, letter.message_id))
        else:
            self.enter_after(case, control, letter)

    def enter_after(self, case, control, letter):
        """A letter that follows an outcome: never to who was not served, or who refused it."""
        if control in {"aftercare", "how_did_it_go"} or control.startswith("next_step"):
            assert case.facts["follows"] == "completed"
        if "List-Unsubscribe" in letter.headers:
            assert case.person_id not in self.refused, "written to in spite of a refusal"
            if case.path == "reactivation":
                assert has_agreed(case.person_id, "marketing"), "invited without agreement"
            ahead = Leg.objects.filter(
                appointment__customer=case.person_id,
                current=True,
                case__state__in=AHEAD,
                start__gt=clock.now(),
            )
            assert not ahead.exists(), "asked to book although a visit is ahead"

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def the_promises_hold_as_far_as_they_can(self):
        self.steps += 1
        if THOROUGH:
            self.every_promise_holds_as_far_as_it_can()
        else:
            self.expect(NOT_YET, [ON_THE_WAY[self.steps % len(ON_THE_WAY)]])

    def every_promise_holds_as_far_as_it_can(self):
        self.expect(NOT_YET, ON_THE_WAY)

    def expect(self, lag, only):
        assert not self.wrong, "\n".join(self.wrong)
        results = run(clock.now(), only=list(only), lag=lag)
        broken = [f"{one.number} {one.name}: {line}" for one in results for line in one.broken]
        assert not broken, "\n".join(broken)

    def finish(self):
        """The worker does all there is to do; then every promise holds without allowance."""
        self.recover()
        for _ in range(100):
            if not self.work_is_left():
                break
            cases.turn_due(clock.now())
            following.receive_offered(clock.now())
            self.deliver_all()
        assert not self.work_is_left(), "the worker never comes to rest"
        self.expect(timedelta(0), range(1, 13))
        self.each_letter_went_out_once()
        self.the_last_letter_is_true()

    def work_is_left(self):
        now = clock.now()
        due = Control.objects.filter(status="planned", fired_at=None, wake_at__lte=now)
        offered = HandOff.objects.filter(status="offered", own=True)
        if offered.exists():
            return True
        return due.exists() or Message.objects.filter(status="queued", wake_at__lte=now).exists()

    def each_letter_went_out_once(self):
        """By the transport's own book: a second copy only where doubt or refusal came between."""
        for message_id in {letter for _, _, letter in self.ledger}:
            copies = sum(1 for _, _, letter in self.ledger if letter == message_id)
            message = Message.objects.get(id=message_id[1:].split(".")[0])
            between = message.evidence.filter(kind__in=["doubt", "retrying"]).count()
            assert copies <= 1 + between, f"{message.control} went out {copies} times"

    def the_last_letter_is_true(self):
        """Who counts as told by mail, and of whom nobody was asked, got the present leg last."""
        last = {leg.appointment_id: leg for leg, _, _ in self.ledger}
        for subject, leg in last.items():
            now = Leg.objects.select_related("case").get(appointment=subject, current=True)
            asked = now.case.escalations.filter(resolved_at=None, kind__in=UNTOLD).exists()
            told = Told.objects.filter(subject=subject, via="email").exists()
            waits = Message.objects.filter(case=now.case_id, status="queued").exists()
            ahead = now.case.state in AHEAD and now.end > clock.now()
            if ahead and told and not asked and not waits:
                assert leg.number == now.number


# A minute at most; what it finds is made small in the time that is left.
@pytest.mark.timeout(6 * 3600 if THOROUGH else 900)
def test_any_history_keeps_all_twelve_promises(db):
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=500 if THOROUGH else 25,
            stateful_step_count=50 if THOROUGH else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_an_arrival_by_mistake_of_somebody_nobody_told_keeps_all_twelve_promises(db):
    """Booked by phone without an e-mail address, recorded as arrived, and taken back."""
    history = History()
    try:
        history.book(0, 120, ("Ole Brandt", "", "+442079460123"), False, True, False)
        history.say(0, "arrived", DESK)
        history.correct(0, "confirmed", Role.CUSTOMER)
        history.every_promise_holds_as_far_as_it_can()
        history.correct(0, "scheduled", Role.CUSTOMER)
        history.finish()
        assert Case.objects.get().state == "scheduled"
        open_ones = Escalation.objects.filter(resolved_at=None)
        assert list(open_ones.values_list("kind", flat=True)) == ["CONFIRMATION_FAILED"]
    finally:
        history.teardown()
