"""Five paths together: people ask, book, come or do not, answer, refuse, and come again.

The same machine as in `test_histories`, with long times, leads, reviews and wishes. It adds what no
path can promise alone: whoever is written to may be, for that purpose; nobody is asked to review a
visit that did not take place; nobody is invited while a visit is ahead; and the paths that follow
write to one mailbox at most one letter a day, whoever of those who read it is meant.
"""

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from kept.accounts.queries import Business
from kept.appointments import actions as appointments
from kept.appointments.queries import Appointment, Leg
from kept.cases import actions as cases
from kept.cases.queries import Case, HandOff
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import Role
from kept.core.paths import PATHS
from kept.core.paths.appointment import AHEAD
from kept.core.wishes import WISHES
from kept.journeys import actions as following
from kept.journeys import reputation
from kept.leads import actions as leads
from kept.leads.queries import Lead
from kept.outbox.queries import Message
from kept.people.queries import Customer, at_address
from kept.schedule import actions as schedule
from tests.effort import THOROUGH
from tests.promises.house import CUSTOMER, DESK, contact
from tests.promises.test_histories import CONTACTS as OTHERS
from tests.promises.test_histories import History

# Two people read one mailbox, however each of them writes it.
FAMILY = [("Mia Lund", "mia@example.com", ""), ("Leo Lund", "Mia@example.com", "+442079460125")]
CONTACTS = st.one_of(st.sampled_from(FAMILY), OTHERS)
DAYS = st.sampled_from([1, 2, 3, 8, 15, 31, 95, 400])
ENDS = st.sampled_from(["kept", "kept", "kept", "missed", "cancelled", "nothing"])
TURNS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 3, 10]),
        st.sampled_from(
            ["refuses", "agrees", "complains", "books", "was not there", "was there", "is family"]
        ),
        st.sampled_from(WISHES),
    ),
    max_size=3,
)
LIFE = st.tuples(CONTACTS, st.booleans(), st.booleans(), ENDS, TURNS)
SOURCES = st.sampled_from(["form", "api", "phone"])
REMINDERS = frozenset({"first_reminder", "final_reminder"})

PHASES = [Phase.explicit, Phase.generate]
BERLIN = ZoneInfo("Europe/Berlin")


def mailbox(person):
    """What two rows of customers have in common who are written to at one address."""
    return person.business_id, person.email.lower() or person.id


class FivePaths(History):
    """What the five paths do together. Most visits take place here, or little would follow."""

    def __init__(self):
        super().__init__()
        self.reached = set()  # (mailbox, day)
        self.asked_at = {}  # mailbox -> when it was last asked for a review
        self.wishes = {}  # (customer, wish) -> whether they agree, by their own last word
        for house in self.houses:
            Business.objects.filter(id=house.business.id).update(address="4 Quay Street, Riverton")
            house.business.refresh_from_db()
            page = f"https://reviews.example.com/{house.business.slug}"
            reputation.add_link(house.business.id, "Reviews", page, clock.now(), DESK)
            comes_again = schedule.ServiceDetails(
                "Cleaning",
                30,
                staff=[one.id for one in house.staff],
                aftercare="Rinse with water today.",
                comes_again_days=40,
            )
            house.service = schedule.create_service(house.business.id, comes_again)

    # -- what people do -----------------------------------------------------------------------

    @initialize(lives=st.lists(LIFE, min_size=1, max_size=3))
    def people_have_a_past(self, lives):
        """Without visits behind them most people have nothing that could follow."""
        for who, asks, agrees, ends, turns in lives:
            if asks:
                self.enquire(0, who, "form", agrees)
                self.work()
            self.book(0, 24 * 60, who, False, True, False)
            self.work()
            self.end(ends)
            self.work()
            for days, turn, wish in turns:
                self.live_on(days, stepwise=True)
                self.take_a_turn(turn, wish, who)

    def take_a_turn(self, turn, wish, who):
        """Whoever was here last thinks better of something."""
        last = Appointment.objects.order_by("pk").last()
        number = list(Customer.objects.order_by("pk")).index(last.customer)
        if turn in ("refuses", "agrees"):
            self.wish(number, wish, given=turn == "agrees")
        elif turn == "complains":
            self.complain(last)
        elif turn == "books":
            self.book(0, 8 * 24 * 60, who, False, True, False)
        elif turn == "is family":
            self.belong_to_the_house(number, insider=True)
        else:
            now, to = clock.now(), "completed" if turn == "was there" else "missed"
            by = Role.CUSTOMER
            self.ask(appointments.correct, last, to, now, DESK, reason="a slip", by=by)

    def complain(self, appointment):
        if case := self.one(Case, 0, path="follow_up", subject=appointment.id):
            self.ask(following.say, case.business_id, case.id, "went_badly", clock.now(), CUSTOMER)

    def end(self, how):
        """The visit that is next is kept or not."""
        leg = self.next_visit(0)
        if leg is None or how == "nothing":
            return
        if how == "cancelled":
            self.ask(appointments.cancel, leg.appointment, clock.now(), CUSTOMER, by=Role.CUSTOMER)
        elif how == "missed":
            self.be_there(leg.end)
            self.ask(appointments.miss, leg.appointment, clock.now(), DESK, by=Role.CUSTOMER)
        else:
            self.serve(0)

    @rule(house=st.integers(0, 1), who=CONTACTS, source=SOURCES, agrees=st.booleans())
    def enquire(self, house, who, source, agrees):
        business = self.houses[house].business
        words = "Yes, write to me again." if agrees else ""
        asked = leads.Asked(contact(*who), source, "Have you a time for me?", agrees=words)
        taken = leads.receive(business, asked, clock.now(), CUSTOMER)
        if agrees and not taken.before:
            self.wishes[taken.lead.customer_id, "marketing"] = True

    @rule(which=st.integers(0), what=st.sampled_from(sorted(leads.SAYINGS)))
    def say_of_a_lead(self, which, what):
        if lead := self.one(Lead, which):
            self.ask(leads.say, lead.business_id, lead.pk, what, clock.now(), DESK)

    @rule(which=st.integers(0))
    def serve(self, which):
        """Somebody comes, and the desk says so."""
        leg = self.next_visit(which)
        if leg is None:
            return
        self.be_there(leg.start)
        self.ask(appointments.say, leg.appointment, "arrived", clock.now(), DESK)
        self.be_there(leg.end)
        self.ask(appointments.say, leg.appointment, "completed", clock.now(), DESK)
        self.work()

    def next_visit(self, which):
        open_ones = Leg.objects.filter(current=True, case__state__in=AHEAD | {"attended"})
        ahead = list(open_ones.order_by("-start", "pk"))
        return ahead[which % len(ahead)] if ahead else None

    def be_there(self, instant):
        clock_actions.advance(max(instant - clock.now(), timedelta(0)))

    @rule(which=st.integers(0), wish=st.sampled_from(WISHES), given=st.booleans())
    def wish(self, which, wish, given):
        if one := self.one(Customer, which):
            now = clock.now()
            following.record_wish(one.id, wish, now, CUSTOMER, given=given, source="desk")
            self.wishes[one.id, wish] = given

    @rule(which=st.integers(0))
    def refuse_suggestions(self, which):
        self.wish(which, "marketing", given=False)

    @rule(which=st.integers(0))
    def agree_to_suggestions(self, which):
        self.wish(which, "marketing", given=True)

    @rule(which=st.integers(0), insider=st.booleans())
    def belong_to_the_house(self, which, insider):
        if one := self.one(Customer, which):
            now = clock.now()
            self.ask(reputation.mark_insider, one.business_id, one.id, insider, now, DESK)

    @rule(which=st.integers(0), rating=st.integers(1, 5))
    def see_a_review(self, which, rating):
        if one := self.one(Appointment, which):
            seen = reputation.Seen("Reviews", rating, "As it was.", appointment=one.id)
            reputation.record_review(one.business, seen, clock.now(), DESK)

    # -- what time does -----------------------------------------------------------------------

    @rule(days=DAYS, stepwise=st.booleans())
    def live_on(self, days, stepwise):
        """The worker is at work all the while, or comes back after a long absence."""
        for _ in range(min(days, 10) if stepwise else 1):
            clock_actions.advance(timedelta(days=1 if stepwise else days))
            self.work()

    def work(self):
        for _ in range(100):
            if not self.work_is_left():
                return
            cases.turn_due(clock.now())
            following.receive_offered(clock.now())
            self.deliver_all()
        raise AssertionError("the worker never comes to rest")

    # -- what must hold -----------------------------------------------------------------------

    def enter(self, letter):
        message = Message.objects.get(id=letter.message_id[1:].split(".")[0])
        case = Case.objects.get(id=message.case)
        self.may_be_written(case, message)
        self.note_the_day(case, message.control)
        if case.path == "lead_response":
            assert case.state in PATHS[case.path].control(message.control).states
            return
        super().enter(letter)

    def may_be_written(self, case, message):
        """Nobody is written what they refused, by their own last word."""
        purpose = PATHS[case.path].control(message.control).does.purpose
        neighbour = case.path != "appointment" and message.control != "lead_ack"
        if neighbour or message.control in REMINDERS:
            for wish in (purpose, "contact"):
                said = self.wishes.get((case.person_id, wish), True)
                assert said, f"{case.path}.{message.control} to somebody who refused {wish}"
        if case.path == "reactivation" and message.control.startswith("invitation"):
            assert self.wishes.get((case.person_id, "marketing")), "invited without agreement"

    def enter_after(self, case, control, letter):
        ahead = Leg.objects.filter(
            appointment__customer__in=at_address(case.person),
            current=True,
            case__state__in=AHEAD,
            start__gt=clock.now(),
        )
        if PATHS[case.path].control(control).does.purpose == "marketing":
            assert not ahead.exists(), f"{control}: asked to book although a visit is ahead"
        if case.path == "reputation":
            self.was_seen_to_be_served(case)
            if control == "review_ask":
                self.is_asked_once(case)

    def note_the_day(self, case, control):
        """What gives way to others reaches a mailbox once a day, by the clock of the house."""
        rule = PATHS[case.path].control(control)
        if rule.gives_way and not self.several_a_day(case):
            at = (mailbox(case.person), clock.now().astimezone(BERLIN).date())
            assert at not in self.reached, f"{control} is a second letter to {at[0]} that day"
            self.reached.add(at)

    def is_asked_once(self, case):
        last = self.asked_at.get(mailbox(case.person))
        least = timedelta(days=30)  # of whatever policy there may be
        assert last is None or clock.now() - last >= least, "asked for a review again"
        self.asked_at[mailbox(case.person)] = clock.now()

    def was_seen_to_be_served(self, case):
        """The visit counts as completed at this moment, and not by a guess."""
        now = Leg.objects.select_related("case").get(appointment=case.subject, current=True)
        assert now.case.state == "completed", f"asked for a review of a {now.case.state} visit"
        assert not case.facts.get("assumed")

    def finish(self):
        """Life goes on for a season before the books are closed."""
        self.recover()
        for days in (1, 1, 1, 2, 3, 5, 8, 15, 15):
            self.live_on(days, stepwise=False)
        super().finish()
        self.one_letter_a_day()
        self.reviews_are_asked_for_once()

    def one_letter_a_day(self):
        """Of the letters that give way to others, no two to one mailbox on one day."""
        posted = Counter()
        for message in Message.objects.exclude(status=Message.WITHDRAWN):
            case = Case.objects.get(id=message.case)
            rule = PATHS[case.path].control(message.control)
            if rule.gives_way and not self.several_a_day(case):
                day = message.created_at.astimezone(BERLIN).date()
                posted[mailbox(case.person), day] += 1
        assert max(posted.values(), default=0) <= 1, posted.most_common(1)

    def several_a_day(self, case):
        """The business wanted it at some time."""
        return any(version.data.get("several_a_day") for version in case.business.policies.all())

    def reviews_are_asked_for_once(self):
        """One outcome of one visit opens one case on each path, whatever happened in between."""
        received = Counter(
            Case.objects.exclude(path__in=["appointment", "lead_response"])
            .filter(facts__has_key="hand_off")
            .values_list("path", "subject", "number")
        )
        assert max(received.values(), default=0) <= 1
        offered = Counter(HandOff.objects.values_list("case", "to", "version"))
        assert max(offered.values(), default=0) <= 1


@pytest.mark.timeout(900)
def test_five_paths_together_keep_all_twelve_promises_and_write_to_nobody_who_refused(db):
    run_state_machine_as_test(
        FivePaths,
        settings=settings(
            max_examples=300 if THOROUGH else 12,
            stateful_step_count=50 if THOROUGH else 10,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_machine_reaches_every_path(db):
    """What is never walked would prove nothing: one life, from an enquiry to an invitation."""
    life = FivePaths()
    try:
        life.enquire(0, ("Mia Lund", "mia@example.com", ""), "form", True)
        life.work()
        life.book(0, 24 * 60, ("Mia Lund", "mia@example.com", ""), False, True, False)
        life.work()
        life.serve(0)
        for days in (1, 2, 3, 8, 15, 31):
            life.live_on(days, stepwise=True)
        written = {
            PATHS[case.path].name
            for case in Case.objects.filter(
                id__in=Message.objects.filter(status="accepted").values("case")
            )
        }
        assert written == set(PATHS), f"no letter of {set(PATHS) - written}"
        assert Lead.objects.get().case.state == "booked"
        life.cancel(0, CUSTOMER, Role.CUSTOMER)
        life.finish()
    finally:
        life.teardown()
