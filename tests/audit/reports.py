"""A report made by hand: one of everything that can be drawn."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kept.audit.figures import Break, Chart, Figure, Grade, Report, Shape, Table, Value
from kept.audit.history import Field, Source
from kept.audit.quality import Quality

BERLIN = ZoneInfo("Europe/Berlin")
MADE = datetime(2027, 4, 1, 7, 30, tzinfo=UTC)


def count(name, number):
    return Value(name, number, f"{number:,}", "count")


def share(name, ten_thousandths):
    return Value(name, ten_thousandths, f"{ten_thousandths / 100:.1f} %", "share")


def money(name, amount):
    return Value(name, Decimal(amount), f"€{Decimal(amount):,.2f}", "money")


def words(name, said):
    return Value(name, said, said, "text")


def first_break():
    rows = [("Confirmation", 31), ("Preparation", 12), ("Outcome", 54), ("Hand-off", 3)]
    return Table(
        ("stage", "appointments"),
        tuple((words("stage", name), count("appointments", many)) for name, many in rows),
        "The stage at which an appointment first broke",
    )


def headline():
    return Figure(
        "M30",
        "governed_share",
        "governed",
        "How many appointments went through without a break?",
        "Of 400 appointments 300 (75 %) went through without a break; most of the others broke "
        "first where nobody wrote down what became of the visit.",
        Grade.MEASURED,
        values=(share("governed", 7500), count("appointments", 400), count("broken", 100)),
        table=first_break(),
        chart=Chart(Shape.BARS, "stage", ("appointments",)),
        behind=("KX7-M2PT9", "KX8-AAAAA"),
        behind_of=100,
    )


def no_show():
    rows = [
        ("up to 1 day", 120, 500, 210, 1120),
        ("2 to 7 days", 140, 1000, 610, 1590),
        ("more than 7 days", 90, 2000, 1310, 2940),
    ]
    columns = ("booked ahead", "visits", "not come", "from", "to")
    return Figure(
        "M13",
        "no_show_by_lead",
        "attendance",
        "Who books early, do they come less often?",
        "Of those who booked more than a week ahead about one in five did not come.",
        Grade.BOUNDED,
        values=(share("not come", 1050), share("at least", 900), share("at most", 1400)),
        table=Table(
            columns,
            tuple(
                (
                    words("booked ahead", name),
                    count("visits", visits),
                    share("not come", rate),
                    share("from", low),
                    share("to", high),
                )
                for name, visits, rate, low, high in rows
            ),
            hidden=2,
        ),
        chart=Chart(Shape.RANGE, "booked ahead", ("not come",), "from", "to"),
        notes=("Intervals are Wilson's, 95 %.",),
    )


def by_month():
    columns = ("month", "came", "did not come", "nobody said")
    rows = [("January 2027", 110, 9, 14), ("February 2027", 120, 12, 2), ("March 2027", 90, 20, 0)]
    return Figure(
        "M11",
        "unresolved",
        "attendance",
        "Of how many visits does nobody know what became of them?",
        "Of 16 visits nobody wrote down whether they took place.",
        Grade.MEASURED,
        values=(count("without an outcome", 16),),
        table=Table(
            columns,
            tuple((words("month", row[0]), *map(count, columns[1:], row[1:])) for row in rows),
        ),
        chart=Chart(Shape.STACK, "month", columns[1:]),
        behind=("KX7-M2PT9",),
        behind_of=16,
    )


def funnel():
    rows = [("Scheduled", 400), ("Confirmed", 369), ("Prepared", 350), ("Attended", 320)]
    return Figure(
        "M01",
        "funnel",
        "the path",
        "How far do appointments come?",
        "Of 400 appointments 320 were attended.",
        Grade.MEASURED,
        table=Table(
            ("stage", "appointments"),
            tuple((words("stage", name), count("appointments", many)) for name, many in rows),
        ),
        chart=Chart(Shape.FUNNEL, "stage", ("appointments",)),
    )


def lost():
    return Figure(
        "M19",
        "revenue_lost",
        "money",
        "What did missed visits cost?",
        "Visits worth €2,460.00 by list price were missed or cancelled too late to be refilled.",
        Grade.MEASURED,
        values=(money("lost", "2460.00"),),
        notes=("List price, not margin.",),
    )


def at_risk():
    return Figure(
        "M20",
        "revenue_at_risk",
        "money",
        "What may the coming weeks cost?",
        "Between €310.00 and €620.00 of what is booked may be lost, at the rates seen so far.",
        Grade.INFERRED,
        values=(money("at least", "310.00"), money("at most", "620.00")),
    )


def speed():
    return Figure(
        "M24",
        "speed_to_lead",
        "enquiries",
        "How fast is somebody who asks answered?",
        "This cannot be known from this file.",
        Grade.UNKNOWABLE,
        missing=(Field.ENQUIRIES.value,),
    )


def breaks():
    return (
        Break(
            "B6",
            "Nobody wrote down what became of the visit",
            "Outcome",
            Grade.MEASURED,
            57,
            54,
            Decimal("1840.00"),
            Decimal("120.50"),
            "57 visits had no outcome a day after their end.",
            "Let Kept ask for the outcome, and put it before a person after two hours.",
            "outcome_grace=2h",
            behind=("KX7-M2PT9",),
            behind_of=57,
        ),
        Break(
            "B1",
            "No confirmation within a minute",
            "Confirmation",
            Grade.MEASURED,
            31,
            31,
            None,
            Decimal("310.00"),
            "31 customers were not told at once.",
            "Confirm by e-mail at the moment of booking.",
        ),
        Break(
            "B4",
            "A message left after a change",
            "Preparation",
            Grade.MEASURED,
            0,
            0,
            None,
            None,
            "No message left after a change.",
            "",
        ),
        Break(
            "B9",
            "A hand-off nobody accepted",
            "Hand-off",
            Grade.UNKNOWABLE,
            0,
            0,
            None,
            None,
            "This cannot be known from this file.",
            "",
            missing=(Field.HAND_OFFS.value,),
        ),
    )


def quality():
    found = Quality(read=1204, used=1198)
    found.drop("it ends before it starts", "line 17")
    for line in range(20, 25):
        found.drop("the same row once more", f"line {line}")
    found.note("booked after it took place", "line 99")
    return found


def source(*, own=False):
    return Source(
        "bookings.csv",
        "own" if own else "csv",
        BERLIN,
        MADE,
        frozenset({Field.BOOKED_AT, Field.MISSED, Field.PRICE}),
        "EUR",
        own,
        ("“No-show” includes late cancellations here.",),
    )


def report(**changes):
    """The whole report; `changes` replace its parts."""
    made = Report(
        source(),
        quality(),
        MADE,
        datetime(2027, 1, 4, 8, tzinfo=UTC),
        datetime(2027, 3, 31, 15, tzinfo=UTC),
        headline(),
        breaks(),
        (funnel(), no_show(), by_month(), lost(), at_risk(), speed()),
        ("There is no cancelled row in this file: cancellations may be missing from it.",),
    )
    return replace(made, **changes)
