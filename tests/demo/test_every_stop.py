"""Every stop there is, tried in the running demo: whoever is stopped gets no letter more of those
that somebody like them still gets.

What stops is read off the paths (`stops.py`), so a new stop without a trial is found. Each trial
has a person of its own; all of them live through the same weeks, which the clock jumps through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.demo.living import Demo, House
from tests.demo.stops import stops, unreached


def nothing(house, one):
    """It happens of itself."""


@dataclass(frozen=True)
class Trial:
    """A person in this state of a path, and what then happens to them (`wish`: what they refuse).

    `alike`: how they come to that state; somebody else comes there too and is left alone.
    `lasts`: for so long the letters are held back.
    """

    path: str
    state: str
    event: str
    does: Callable = nothing
    wish: str = ""
    alike: str = ""
    lasts: timedelta = timedelta(days=700)

    def __str__(self):
        return " ".join(filter(None, (self.path, self.event, self.wish, self.state)))

    def tries(self, stop):
        """Who opts out refuses; on a path that does not listen, refusing is all there is."""
        events = {self.event} | ({"refused"} if self.event == "opted_out" else set())
        same = (self.path, self.wish) == (stop.path, stop.wish)
        return same and stop.event in events and self.state in stop.states


# What may happen to somebody, through one door or another


def visit(act, **said):
    return lambda house, one: house.api(f"appointments/{one.visit['id']}/{act}", **said)


def says(said, **more):
    return visit("following/said", said=said, **more)


def lead(act, **said):
    return lambda house, one: house.api(f"leads/{one.lead['id']}/{act}", **(said or {"reason": ""}))


def page(path, **fields):
    """They send the form of a page of theirs."""
    return lambda house, one: house.form(f"{one.visit['customer_url']}/{path}", **fields)


def refuses(wish):
    said = {"wish": wish, "given": False, "wording": "Said on the phone."}
    return lambda house, one: house.api(f"people/{one.person}/wishes", **said)


def books_again(house, one):
    house.books(one.who, house.quarter(100, 8, one.number))


def somebody_of_the_same_mailbox_books(house, one):
    other = {**one.who, "name": f"Kit {one.number:02}"}
    house.books(other, house.quarter(101, 8, one.number))


def comes_again(house, one):
    house.visits(one.who)


def asks_again(house, one):
    house.api("leads", customer=one.who, words="Are you there?", source="form")


def books_elsewhere(house, one):
    [offer] = [
        each
        for each in house.api("hand-offs?status=offered&limit=100")["items"]
        if each["lead"] == one.lead["id"]
    ]
    house.api(f"hand-offs/{offer['id']}/accept", reason="")


def takes_a_review_page(house, one):
    page("review", page=house.places["Quayside"]["page"])(house, one)


def is_reviewed(house, one):
    house.api("reviews", site="Example Reviews", rating=4, appointment=one.visit["id"])


def complains_of_the_earlier_one(house, one):
    house.api(f"appointments/{one.earlier['id']}/following/said", said="went_badly")


def loses_the_page(house, one):
    house.api(f"review-pages/{house.places['Hillside']['page']}", method="DELETE")


HAS_NO_ADDRESS = visit("contact", email=None, phone="+442079460166")
WAS_NOT_HERE = visit("correct", state="missed", by="customer", reason="Somebody else was.")
COMPLAINS = page("went", went="went_badly", words="It hurts.")
BELONGS_TO_US = visit("insider", insider=True)
WANTS_NO_CONTACT, WANTS_NO_LETTERS = refuses("contact"), refuses("service")
WANTS_NO_SUGGESTIONS = page("stop")

TRIALS = [
    Trial("appointment", "confirmed", "change_requested", visit("request-change", reason="Ill.")),
    Trial("appointment", "confirmed", "contact_changed", HAS_NO_ADDRESS),
    Trial("appointment", "confirmed", "cancelled", page("1/cancel", reason="")),
    Trial(
        "appointment",
        "confirmed",
        "moved",
        lambda house, one: visit("reschedule", start=house.at(3, 15), freely=True)(house, one),
    ),
    Trial("appointment", "confirmed", "item_prepared", page("1/prepare", item="1", ready="yes")),
    Trial("appointment", "confirmed", "refused", WANTS_NO_CONTACT, "contact"),
    Trial("appointment", "confirmed", "refused", WANTS_NO_LETTERS, "service"),
    Trial("appointment", "prepared", "arrived", visit("arrive", reason="")),
    # Somebody who asked
    *(
        trial
        for state in ("acknowledged", "qualified")
        for trial in (
            Trial("lead_response", state, "asked_again", asks_again),
            Trial("lead_response", state, "replied", lead("replied", words="Next week?")),
            Trial("lead_response", state, "reached", lead("called", reached=True)),
        )
    ),
    Trial("lead_response", "acknowledged", "stopped", lead("stop")),
    Trial("lead_response", "acknowledged", "opted_out", WANTS_NO_CONTACT, "contact"),
    Trial("lead_response", "acknowledged", "opted_out", refuses("marketing"), "marketing"),
    Trial(
        "lead_response",
        "acknowledged",
        "qualified",
        lambda house, one: lead(
            "qualify", service=house.places["Quayside"]["service"], offer=False
        )(house, one),
    ),
    Trial("lead_response", "acknowledged", "taken_over", lead("take-over")),
    Trial("lead_response", "acknowledged", "not_a_fit", lead("not-a-fit")),
    Trial("lead_response", "acknowledged", "gave_up", lead("give-up")),
    Trial("lead_response", "acknowledged", "visit_booked", books_again),
    Trial("lead_response", "acknowledged", "booked_elsewhere", books_elsewhere),
    Trial(
        "lead_response",
        "acknowledged",
        "contact_changed",
        HAS_NO_ADDRESS,
        alike="asked, known",
    ),
    # Somebody who was here
    Trial("follow_up", "open", "went_badly", COMPLAINS),
    Trial("follow_up", "open", "replied", says("replied", words="Thank you.")),
    Trial("follow_up", "open", "declined", says("declined")),
    Trial("follow_up", "open", "opted_out", WANTS_NO_CONTACT, "contact"),
    Trial("follow_up", "open", "opted_out", WANTS_NO_SUGGESTIONS, "marketing"),
    Trial("follow_up", "open", "refused", WANTS_NO_LETTERS, "service"),
    Trial("follow_up", "open", "visit_booked", books_again),
    Trial("follow_up", "open", "outcome_withdrawn", WAS_NOT_HERE),
    Trial("follow_up", "open", "contact_changed", HAS_NO_ADDRESS),
    Trial(
        "follow_up",
        "open",
        "complained_elsewhere",
        complains_of_the_earlier_one,
        alike="visited twice",
    ),
    Trial("follow_up", "open", "visit_booked_nearby", somebody_of_the_same_mailbox_books),
    Trial("follow_up", "next_step", "visit_booked", books_again),
    Trial("follow_up", "recovering", "visit_booked", books_again),
    # A review
    Trial("reputation", "eligible", "left_out", BELONGS_TO_US),
    Trial("reputation", "eligible", "marked_insider", BELONGS_TO_US),
    Trial("reputation", "eligible", "link_missing", loses_the_page, alike="visited, Hillside"),
    Trial("reputation", "eligible", "links_changed", loses_the_page, alike="visited, Hillside"),
    Trial("reputation", "eligible", "held", COMPLAINS, lasts=timedelta(days=13)),
    Trial(
        "reputation",
        "eligible",
        "complained_elsewhere",
        COMPLAINS,
        lasts=timedelta(days=13),
    ),
    Trial("reputation", "eligible", "asked_elsewhere", alike="visited twice"),
    Trial("reputation", "eligible", "opted_out", WANTS_NO_CONTACT, "contact"),
    Trial("reputation", "eligible", "opted_out", refuses("review"), "review"),
    Trial("reputation", "eligible", "outcome_withdrawn", WAS_NOT_HERE),
    Trial("reputation", "eligible", "contact_changed", HAS_NO_ADDRESS),
    Trial("reputation", "asked", "marked_insider", BELONGS_TO_US),
    Trial("reputation", "asked", "opted_out", WANTS_NO_CONTACT, "contact"),
    Trial("reputation", "asked", "opted_out", page("review/stop"), "review"),
    Trial("reputation", "asked", "clicked", takes_a_review_page),
    Trial("reputation", "asked", "review_declined", page("review", do="review_declined")),
    Trial("reputation", "asked", "wrong_person", page("review", do="wrong_person")),
    Trial("reputation", "asked", "reviewed", is_reviewed),
    Trial("reputation", "asked", "outcome_withdrawn", WAS_NOT_HERE),
    # The next visit
    Trial("reactivation", "due_set", "snoozed", page("later", when="180")),
    Trial("reactivation", "due_set", "declined", page("later", when="not_again")),
    Trial("reactivation", "due", "replied", says("replied", words="In autumn.")),
    Trial("reactivation", "due_set", "gone", says("gone", words="Moved away.")),
    Trial("reactivation", "due_set", "opted_out", WANTS_NO_CONTACT, "contact"),
    Trial("reactivation", "due_set", "opted_out", WANTS_NO_SUGGESTIONS, "marketing"),
    Trial(
        "reactivation",
        "due_set",
        "refused",
        WANTS_NO_LETTERS,
        "service",
        alike="visited, Lakeside",  # where the next visit is due by medicine
    ),
    Trial("reactivation", "due_set", "visit_booked", books_again),
    Trial(
        "reactivation",
        "due_set",
        "paused",
        somebody_of_the_same_mailbox_books,
        lasts=timedelta(days=100),  # until that visit is over
    ),
    Trial("reactivation", "due_set", "visited_since", comes_again),
    Trial("reactivation", "due", "enquired_elsewhere", asks_again),
    Trial("reactivation", "snoozed", "enquired_elsewhere", asks_again, alike="snoozed"),
    Trial("reactivation", "lapsed", "enquired_elsewhere", asks_again),
    Trial("reactivation", "due_set", "complained_elsewhere", COMPLAINS),
    Trial("reactivation", "due_set", "outcome_withdrawn", WAS_NOT_HERE),
    Trial("reactivation", "due_set", "contact_changed", HAS_NO_ADDRESS),
]

# How somebody comes to a state, unless a trial says it otherwise, and when it is reached
WAYS = {
    ("appointment", "confirmed"): "booked",
    ("appointment", "prepared"): "booked",
    ("lead_response", "acknowledged"): "asked",
    ("lead_response", "qualified"): "asked, qualified",
    ("follow_up", "recovering"): "missed",
}
AT_ONCE = {"confirmed", "acknowledged", "qualified", "open", "eligible", "due_set"}


def way(trial):
    return trial.alike or WAYS.get((trial.path, trial.state), "visited")


def when(trial):
    """Whoever asks once more within minutes says but more of the same."""
    if trial.event == "asked_again":
        return "an hour later"
    return "at once" if trial.state in AT_ONCE else trial.state


class Somebody:
    """One person, on their way to a state; and the cases that are looked at, by their trials."""

    def __init__(self, house, number, way):
        self.house, self.number, self.cases = house, number, {}
        self.who = {"name": f"Robin {number:02}", "email": f"robin-{number:02}@example.com"}
        self.visit = self.earlier = self.lead = None
        kind, _, how = way.partition(", ")
        getattr(self, f"_{kind.replace(' ', '_')}")(how)
        self.person = (self.lead or self.visit)["customer"]["id"]

    def _booked(self, how):
        self.visit = self.house.books(self.who, self.house.quarter(2, 10, self.number))

    def _missed(self, how):
        self.visit = self.house.books(self.who, self.house.at(0, 10))

    def _visited(self, how):
        self.visit = self.house.visits(self.who, how or "Quayside")
        self.agrees(self.visit)

    def _visited_twice(self, how):
        self.earlier = self.house.visits(self.who)
        self._visited(how)

    def _snoozed(self, how):
        self._visited(how)
        self.house.until(lambda: self.house.stands(self.visit["customer"]["id"], "reactivation"))
        page("later", when="180")(self.house, self)

    def _asked(self, how):
        if how == "known":
            self.visit = self.house.visits(self.who)
        self.lead = self.house.api("leads", customer=self.who, words="A heel.", source="form")
        if how == "qualified":
            service = self.house.places["Quayside"]["service"]
            self.house.until(
                lambda: self.house.stands(self.lead["customer"]["id"], "lead_response")
            )
            lead("qualify", service=service)(self.house, self)

    def agrees(self, visit):
        said = {"wish": "marketing", "given": True, "wording": "Do write to me."}
        self.house.api(f"people/{visit['customer']['id']}/wishes", **said)

    def case(self, trial):
        """The case of this trial, once it stands in the state that was wanted."""
        return self.house.until(lambda: self._standing(trial), f"{self.who}: {trial}")

    def _standing(self, trial):
        about = {None, (self.visit or {}).get("id")}
        return next(
            (
                each["id"]
                for each in self.house.api(f"people/{self.person}")["cases"]
                if (each["path"], each["state"]) == (trial.path, trial.state)
                and each["appointment"] in about
            ),
            None,
        )


class Life:
    """Everybody, and the weeks they live through. Whom the same happens to is one person; of each
    way to get there somebody is left alone."""

    def __init__(self, house):
        self.house, self.tried, self.alone = house, {}, {}
        for trial in TRIALS:
            key = (way(trial), trial.does, when(trial))
            if key not in self.tried:
                self.tried[key] = Somebody(house, len(self.tried), way(trial))
            self.tried[key].cases[trial] = None
        for number, each in enumerate(sorted({way(trial) for trial in TRIALS}), len(self.tried)):
            self.alone[each] = Somebody(house, number, each)

    def stop(self, moment):
        """What stops them happens to everybody whose moment it is."""
        here = [(does, one) for (_, does, at), one in self.tried.items() if at == moment]
        for _, one in here:
            one.cases |= {trial: one.case(trial) for trial in one.cases}
        for does, one in here:
            does(self.house, one)

    def live(self):
        house = self.house
        self.stop("at once")
        house.jumps("hour")
        self.stop("an hour later")
        house.jumps("hour")
        for one in (*self.tried.values(), *self.alone.values()):
            if one.visit and one.visit["state"] == "scheduled" and self.was_due(one):
                visit("miss", by="customer")(house, one)
        self.stop("recovering")
        house.jumps("day")
        house.advances("21h", "--through")
        self.stop("prepared")
        house.jumps("day")
        self.stop("asked")
        house.jumps("day")
        self.stop("next_step")
        for _ in range(4):
            house.jumps("week")
        for each in ("due", "snoozed"):
            self.stop(each)
        house.advances("4h", "--through")  # to a time of day at which people may be invited
        house.advances("45d")
        house.reads()
        house.advances("95d")
        self.stop("lapsed")
        house.advances("15d")
        house.advances("400d")

    def was_due(self, one):
        return one.visit["start"] < self.house.at(1, 0)


LONG_AGO = datetime.min.replace(tzinfo=UTC)


def stopped_at(happened, trial, case):
    """When that happened which stops them; None when it did not. Who refuses before anything was
    asked is left out by that."""
    names = {trial.event} | ({"left_out"} if trial.event == "opted_out" else set())
    for each in happened:
        if trial.event == "refused":
            found = (each["kind"], each["name"], each["status"]) == ("wish", trial.wish, "refused")
        else:
            found = each["case"] == case and each["name"] in names
        if found:
            return datetime.fromisoformat(each["at"])
    return None


def test_every_stop_is_tried():
    found = stops()
    assert len(found) > 50
    assert unreached() == set()
    untried = [str(stop) for stop in found if not any(trial.tries(stop) for trial in TRIALS)]
    assert untried == []


def test_each_trial_tries_a_stop():
    found = stops()
    assert [str(trial) for trial in TRIALS if not any(trial.tries(stop) for stop in found)] == []


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("stops"))
    try:
        yield House(demo)
    finally:
        print("".join(demo.running[0].lines))  # what it said, where the test failed
        demo.stop_everything()


def letters(happened, begin, end, case=None):
    """The letters that reached them between these two moments."""
    return [
        each["name"]
        for each in happened
        if (each["kind"], each["status"]) == ("letter", "accepted")
        and case in (None, each["case"])
        and begin < datetime.fromisoformat(each["at"]) < end
    ]


def what_is_wrong(trial, happened, case, alike):
    """Why a trial shows nothing: it did not happen, it stopped nothing, or nothing was there to be
    stopped. Empty when all is well."""
    at = stopped_at(happened, trial, case)
    if at is None:
        return "it did not happen"
    stopped = frozenset().union(*(each.letters for each in stops() if trial.tries(each)))
    if more := stopped.intersection(letters(happened, at, at + trial.lasts, case)):
        return f"{sorted(more)} went out all the same"
    since = LONG_AGO if trial.does is nothing else at
    if not stopped.intersection(letters(alike, since, at + trial.lasts)):
        return f"nobody else got one of {sorted(stopped)} after {at}, so nothing is shown"
    return ""


@pytest.mark.timeout(600)
def test_whoever_is_stopped_gets_nothing_more(house):
    life = Life(house)
    life.live()
    alike = {each: house.happened(one.person) for each, one in life.alone.items()}
    alike["visited, Hillside"] = alike["visited"]  # at Hillside nobody is asked for a review
    wrong, known = {}, set()
    for one in life.tried.values():
        happened = house.happened(one.person)
        known |= {each["id"] for each in happened if each["kind"] == "letter"}
        for trial, case in one.cases.items():
            wrong[str(trial)] = what_is_wrong(trial, happened, case, alike[way(trial)])
    # What the inbox showed on the way is all on their timelines.
    names = {one.who["name"] for one in life.tried.values()}
    seen = {one for one, (name, _) in house.mail.items() if name in names}
    assert len(seen) > len(names)
    assert seen <= known
    assert len(wrong) == len(TRIALS)
    said = [f"{trial}: {why}" for trial, why in wrong.items() if why]
    assert not said, "\n".join(said)
