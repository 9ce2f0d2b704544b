"""Each figure over a handful of appointments whose answer can be counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kept.audit.figures import Grade
from kept.audit.history import (
    Act,
    Appointment,
    Asked,
    Duty,
    Enquiry,
    Field,
    Invitation,
    Outcome,
    Review,
    Sent,
    Stage,
)
from kept.audit.report import audit
from tests.audit.building import DAY, HOUR, MINUTE, NOW, Given, clean, leg, one, source

START = NOW - 60 * DAY


def values(made, name, where=None, enquiries=()):
    figure = audit(Given(made, where, enquiries)).figure(name)
    return {each.name: each.raw for each in figure.values}


def each(*legs, person=None) -> list[Appointment]:
    """An appointment of each leg, all of one person or of one each."""
    return [one(made, person=n if person is None else person) for n, made in enumerate(legs)]


def test_recovery_is_three_rates():
    moved = Appointment((leg(START, Outcome.RESCHEDULED), leg(START + 20 * DAY)), 1)
    moved_away = Appointment((leg(START, Outcome.RESCHEDULED), leg(START + 31 * DAY)), 2)
    came_back = each(leg(START, Outcome.MISSED), leg(START + 30 * DAY), person=3)
    stayed_away = each(leg(START, Outcome.MISSED), leg(START + 31 * DAY), person=4)
    gave_back = each(leg(START, Outcome.CANCELLED), leg(START - DAY), person=5)
    too_early_to_say = each(leg(NOW - 29 * DAY, Outcome.MISSED), person=6)
    made = [moved, moved_away, *came_back, *stayed_away, *gave_back, *too_early_to_say]
    for name, expected in (
        ("recovery_after_move", (1, 2)),
        ("recovery_after_miss", (1, 2)),
        ("recovery_after_cancellation", (1, 1)),  # came a day earlier instead
    ):
        found = values(made, name)
        assert (found["recovered"], found["lost"]) == expected


def test_coming_again_counts_what_was_booked_within_two_weeks():
    soon = each(leg(START), leg(START + 40 * DAY, lead=27 * DAY), person=1)
    later = each(leg(START), leg(START + 40 * DAY, lead=25 * DAY), person=2)
    found = values([*soon, *later], "rebooking")
    assert (found["rebooked"], found["visits"]) == (1, 4)


def test_a_time_is_refilled_by_half_of_it_booked_afterwards_with_the_same_person_at_work():
    gone = leg(START, Outcome.CANCELLED, ended=START - DAY)
    half = leg(START + 30 * MINUTE, lead=20 * HOUR)

    def refilled(other):
        return values(each(gone, other), "refilled_slots")["refilled"]

    assert refilled(half) == 1
    assert refilled(leg(START + 31 * MINUTE, lead=20 * HOUR)) == 0
    assert refilled(replace(half, staff="Ben")) == 0
    assert refilled(replace(half, booked_at=START - 2 * DAY)) == 0
    assert refilled(replace(half, outcome=Outcome.MISSED)) == 0
    short = replace(gone, outcome_at=START - 2 * HOUR)
    assert "given_back" not in values(each(short, half), "refilled_slots")


def test_what_is_at_risk_takes_the_rate_of_the_same_service_booked_equally_far_ahead():
    past = [clean(n, Outcome.MISSED if n % 4 == 0 else Outcome.COMPLETED) for n in range(40)]
    other = [clean(n + 40, service="Colour") for n in range(40)]
    ahead = one(leg(NOW + 2 * DAY, Outcome.AHEAD, price=Decimal(100)))
    found = values([*past, *other, ahead], "revenue_at_risk")
    assert (found["at_risk"], found["booked"]) == (25, 100)
    unknown = [clean(n + 80, Outcome.UNKNOWN) for n in range(10)]
    found = values([*past, *other, *unknown, ahead], "revenue_at_risk")
    assert (found["low"], found["at_risk"], found["high"]) == (20, 25, 40)


def test_the_time_used_is_of_the_time_offered():
    class Offering(Given):
        def offered_minutes(self, begin, end):
            assert (begin, end) == (START, NOW)
            return {"Ada": 240, "Ben": 60}

    made = each(leg(START), leg(START + DAY, Outcome.MISSED), leg(START + 2 * DAY, minutes=15))
    report = audit(Offering(made), begin=START)
    found = {value.name: value.raw for value in report.figure("utilisation").values}
    assert found["used"] == 2500
    assert found["booked"] == 4500
    assert [[cell.text for cell in row] for row in report.figure("utilisation").table.rows] == [
        ["Ada", "31.3 %", "31.3 %", "56.3 %", "4"],
        ["Ben", "0 %", "0 %", "0 %", "1"],
    ]


def test_how_soon_it_is_confirmed():
    late = leg(START)
    late = replace(late, entered={Stage.CONFIRMED: late.booked_at + HOUR})
    never = replace(leg(START), entered={}, messages=())
    found = values(each(leg(START), late, never), "confirmation_immediacy")
    assert (found["within_a_minute_number"], found["booked"], found["never"]) == (1, 3, 1)
    assert (found["p50"], found["p90"]) == (5, 3600)


def test_who_has_said_nothing_a_day_before():
    silent = leg(START)
    yes = replace(silent, acknowledged_at=START - 2 * DAY)
    too_late = replace(silent, acknowledged_at=START - 2 * HOUR)
    gone = leg(START, Outcome.CANCELLED)
    same_day = leg(START, lead=2 * HOUR)
    found = values(each(silent, yes, too_late, gone, same_day), "unacknowledged")
    assert (found["unacknowledged"], found["visits"]) == (2, 3)


def test_every_duty_by_what_became_of_it():
    due = START - DAY
    made = replace(
        leg(START),
        duties=(
            Duty("first_reminder", due, "done", due + 5 * MINUTE),
            Duty("first_reminder", due, "done", due + 6 * MINUTE),
            Duty("first_reminder", due, "skipped"),
            Duty("first_reminder", due, "skipped", justified=False),
            Duty("final_reminder", due, "expired"),
            Duty("final_reminder", due, "void"),
            Duty("final_reminder", NOW, "planned"),
        ),
    )
    found = values([one(made)], "reminder_integrity")
    assert [found[name] for name in ("on_time", "late", "not_needed", "missed")] == [1, 1, 1, 2]


def test_messages_that_nobody_should_have_got():
    made = replace(
        leg(START),
        messages=(
            Sent("final_reminder", START + MINUTE),
            Sent("aftercare", START + DAY, refused=True),
            Sent("first_reminder", START - DAY, quiet=True, void_at=START),
        ),
    )
    found = values([one(made)], "messages_out_of_place")
    assert list(found.values()) == [1, 1, 1]
    assert values([one(made)], "messages_after_change")["messages_after_change"] == 0


def test_what_is_left_to_people():
    asked = (
        Asked("UNACKED", START - DAY, START - HOUR, START - 2 * HOUR, "Mia"),
        Asked("UNACKED", START - HOUR, START, None, ""),
    )
    acts = (Act("booked", START, False), Act("confirmed", START, True, True), Act("x", START, True))
    made = [one(replace(leg(START), asked=asked, acts=acts))]
    questions = values(made, "open_questions")
    assert (questions["asked"], questions["open"], questions["without_owner"]) == (2, 1, 1)
    assert questions["asked_again_share"] == 5000
    memory = values(made, "memory_dependence")
    assert [memory[name] for name in ("needless", "by_hand", "steps", "overdue")] == [1, 2, 3, 1]


def test_enquiries():
    then = NOW - 20 * DAY

    def asked(minutes, booked=None, attended=None):
        touched = None if minutes is None else then + minutes * MINUTE
        return Enquiry("E", then, "page", None, touched, None, booked, attended)

    every = [asked(5), asked(60, then, True), asked(61, then, False), asked(None)]
    old = replace(asked(1), received_at=START)
    report = audit(Given([], None, [*every, old]), begin=then)
    speed = {value.name: value.raw for value in report.figure("speed_to_lead").values}
    assert (speed["enquiries"], speed["within_5_minutes"], speed["within_1_hour"]) == (
        4,
        2500,
        5000,
    )
    assert (speed["never"], speed["wall_clock_p50"]) == (2500, 3600)
    booked = {value.name: value.raw for value in report.figure("enquiries_booked").values}
    assert (booked["booked"], booked["due"], booked["came"]) == (2, 2, 1)


class Beside(Given):
    def invitations(self):
        due = NOW - 40 * DAY
        for number in range(100):
            back = due + DAY if number % (2 if number < 60 else 4) == 0 else None
            yield Invitation("P", due, number >= 60, back)
        yield Invitation("P", NOW - DAY)

    def reviews(self):
        for number in range(100):
            content = number % 2 == 0
            yield Review("V", asked=content or number % 20 == 1, content=content)
        yield Review("V", asked=None)


def test_invitations_stand_beside_those_left_alone():
    found = audit(Beside([])).figure("invitations")
    assert found.answer.startswith("30 of 60 of the invited booked within 30 days (50 %)")
    assert "25 % of those left alone" in found.answer


def test_asking_the_content_only_is_seen():
    found = audit(Beside([])).figure("review_equality")
    assert found.answer.endswith("were asked less often, which is not allowed.")
    assert found.values[3].raw == 1


def test_new_is_who_has_no_earlier_appointment():
    made = [one(leg(START + n * HOUR, Outcome.MISSED), person=n % 40) for n in range(80)]
    table = audit(Given(made)).figure("no_show_by_returning").table
    assert [(row[0].text, row[-1].raw) for row in table.rows] == [
        ("first visit", 40),
        ("came before", 40),
    ]


def test_ages_of_what_nobody_wrote_down():
    ages = (HOUR, 2 * DAY, 8 * DAY, 31 * DAY, 100 * DAY)
    made = each(*(leg(NOW - age - HOUR, Outcome.UNKNOWN) for age in ages))
    table = audit(Given(made)).figure("unresolved_share").table
    assert [row[1].raw for row in table.rows] == [1, 1, 1, 1, 1]


def test_a_funnel_counts_what_is_over():
    made = [clean(0), clean(1, Outcome.MISSED), clean(2, Outcome.AHEAD)]
    found = values(made, "funnel")
    assert list(found.values()) == [2, 2, 2, 1, 1, 1]
    bare = values(made, "funnel", source(Field.STAGES))
    assert list(bare.values()) == [2, 1, 1, 1]
    unknown = values([*made, clean(3, Outcome.UNKNOWN)], "funnel")
    assert (unknown["completed"], unknown["completed_at_most"]) == (1, 2)


def test_a_calendar_without_outcomes_says_how_far_ahead_it_is_filled_and_when():
    bare = source(knows=frozenset({Field.BOOKED_AT}))
    start = START.replace(hour=9, minute=45)
    made = each(
        leg(start, lead=3 * HOUR),
        leg(start + 30 * MINUTE, lead=3 * DAY),
        leg(start + 45 * MINUTE, lead=40 * DAY),
        leg(start + DAY, Outcome.CANCELLED, lead=3 * DAY),
        replace(leg(start), booked_at=None),
    )
    found = values(made, "booked_ahead", bare)
    assert (found["known"], found["unknown"]) == (4, 1)
    assert found["booked_ahead_p50"] == (3 * DAY).total_seconds()
    rows = audit(Given(made, bare)).figure("booked_ahead").table.rows
    assert [row[1].raw for row in rows] == [1, 0, 2, 0, 0, 0, 1]
    rows = audit(Given(made, bare)).figure("filled_hours").table.rows
    first = start.astimezone(bare.zone).hour
    assert [(row[0].text, row[1].raw) for row in rows] == [
        (f"{first:02d}:00", 2),
        (f"{first + 1:02d}:00", 2),
    ]
    refused = audit(Given(made, source(Field.BOOKED_AT))).figure("booked_ahead")
    assert refused.grade is Grade.UNKNOWABLE


def test_what_nobody_wrote_down_may_have_taken_place():
    known = each(leg(START, Outcome.MISSED), leg(START + 9 * DAY), person=1)
    unknown = [*known, clean(160, Outcome.UNKNOWN)]

    def said(made, name):
        figure = audit(Given(made)).figure(name)
        return figure.answer, figure.grade

    assert said(known, "funnel") == (
        "Of 2 appointments that are over, 1 took place (50 %).",
        Grade.MEASURED,
    )
    assert said(unknown, "funnel") == (
        "Of 3 appointments that are over, 1 is known to have taken place (33.3 %). "
        "Of 1 more nobody knows.",
        Grade.BOUNDED,
    )
    assert said(known, "recovery_after_miss")[1] is Grade.MEASURED
    assert said(unknown, "recovery_after_miss")[1] is Grade.BOUNDED


def test_what_the_unknown_visits_were_moves_what_was_lost_both_ways():
    """One that took place used a time that was cancelled late; one that did not is lost too."""
    cancelled = leg(START, Outcome.CANCELLED, ended=START - 5 * HOUR)
    instead = leg(START, Outcome.UNKNOWN, lead=3 * HOUR, price=Decimal(40))
    found = values(each(cancelled, instead), "revenue_lost")
    assert (found["at_least"], found["lost"], found["at_most"]) == (0, 60, 100)
    figure = audit(Given(each(cancelled, instead))).figure("refilled_slots")
    known = {value.name: value.raw for value in figure.values}
    assert (known["low"], known["refilled_share"], known["high"]) == (0, 0, 10_000)
    assert figure.grade is Grade.BOUNDED
    assert figure.answer.endswith("it is between 0 % and 100 %.")


def test_hours_of_which_nobody_knows_may_have_been_used():
    class Offering(Given):
        def offered_minutes(self, begin, end):
            return {"Ada": 240}

    made = each(leg(START), leg(START + DAY, Outcome.UNKNOWN))
    figure = audit(Offering(made), begin=START).figure("utilisation")
    found = {value.name: value.raw for value in figure.values}
    assert (found["low"], found["used"], found["high"]) == (2500, 2500, 5000)
    assert figure.grade is Grade.BOUNDED


def test_of_who_asked_and_booked_the_unknown_visits_move_the_share_that_came():
    asked = [
        Enquiry("E", NOW, booked_at=NOW, attended=True),
        Enquiry("E", NOW, booked_at=NOW, unknown=True),
    ]
    found = values([], "enquiries_booked", enquiries=asked)
    assert (found["came_at_least"], found["came_at_most"]) == (5000, 10_000)


def test_of_a_file_nobody_says_who_wrote_an_outcome_down():
    own = audit(Given([clean(0)], source(own=True))).figure("assumed_share")
    file = audit(Given([clean(0)])).figure("assumed_share")
    assert own.answer == "None: whatever outcome is written down, somebody wrote it."
    assert file.answer.startswith("None is marked as assumed;")


def test_only_some_prices_are_said_to_be_only_some():
    made = [clean(0, Outcome.MISSED), clean(1, Outcome.MISSED, price=None)]
    figure = audit(Given(made)).figure("revenue_lost")
    assert figure.values[0].raw == Decimal(60)
    assert figure.notes == ("Only 1 of 2 (50 %) have a price; the others are not in these sums.",)


def test_nothing_known_is_said_so():
    made = [clean(n, Outcome.UNKNOWN) for n in range(3)]
    assert audit(Given(made)).figure("no_show_rate").answer == (
        "Nobody knows: of all 3 visits the outcome is unknown."
    )


def test_a_late_cancellation_goes_by_the_terms_of_the_booking():
    strict = leg(START, Outcome.CANCELLED, ended=START - 3 * HOUR)
    mild = replace(strict, late_window=120)
    none = replace(strict, late_window=None)
    at_the_limit = replace(strict, outcome_at=START - timedelta(hours=24))
    found = values(each(strict, mild, none, at_the_limit), "late_cancellations")
    assert (found["late"], found["cancelled"]) == (2, 4)
