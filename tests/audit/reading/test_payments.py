"""Payments of the same customer on the day of the booking: who came, worked out by a rule."""

from decimal import Decimal

import pytest

from kept.audit.figures import Grade
from kept.audit.history import Field, Outcome
from kept.audit.reading import CannotRead, as_toml, ready, rules
from kept.audit.reading.mapping import load
from kept.audit.report import audit
from tests.audit.reading.builders import utc

BOOKINGS = """\
id,status,start_at,created_at,appointment_segments.duration_minutes,customer_id
1,ACCEPTED,2026-10-05T09:00:00Z,2026-10-01T09:00:00Z,45,ANN
2,ACCEPTED,2026-10-06T09:00:00Z,2026-10-01T09:00:00Z,45,BEN
3,NO_SHOW,2026-10-06T10:00:00Z,2026-10-01T09:00:00Z,45,CAT
4,ACCEPTED,2026-10-07T09:00:00Z,2026-10-01T09:00:00Z,45,DAN
5,ACCEPTED,2026-10-07T12:00:00Z,2026-10-01T09:00:00Z,45,DAN
6,ACCEPTED,2026-10-08T22:30:00Z,2026-10-01T09:00:00Z,45,EVE
"""
HEAD = (
    "Date,Time,Time Zone,Gross Sales,Discounts,Net Sales,Tip,Total Collected,Transaction ID,"
    "Payment ID,Event Type,Customer ID,Customer Name,Transaction Status\n"
)


def paid(day, amount, customer, kind="Payment", number="T"):
    return (
        f"{day},2:30:00 PM,Eastern Time (US & Canada),{amount},$0.00,{amount},$5.00,$99.00,"
        f"{number},P,{kind},{customer},Somebody,Complete\n"
    )


PAYMENTS = HEAD + "".join(
    [
        paid("10/05/2026", "$40.00", "ANN", number="T1"),
        paid("10/05/2026", "$20.00", "ANN", number="T2"),
        paid("10/06/2026", "$25.00", "CAT"),  # a fee for not coming
        paid("10/07/2026", "$60.00", "DAN"),  # for which of the two?
        paid("10/09/2026", "$70.00", "EVE"),  # past midnight in Berlin
        paid("10/13/2026", "$12.00", "FAY"),  # something else was bought
        paid("10/05/2026", "$15.00", ""),
        paid("10/05/2026", "-$15.00", "ANN", "Refund"),
    ]
)


def test_who_paid_on_the_day_of_the_booking_came(reader):
    history, found = reader.read(BOOKINGS, PAYMENTS)
    legs = {each.legs[0].start: each.legs[0] for each in found}
    first = legs[utc(2026, 10, 5, 9)]
    assert (first.outcome, first.price) == (Outcome.COMPLETED, Decimal("60.00"))
    assert legs[utc(2026, 10, 6, 9)].outcome is Outcome.UNKNOWN, "who did not pay may have come"
    assert legs[utc(2026, 10, 6, 10)].outcome is Outcome.MISSED, "a fee is no visit"
    assert legs[utc(2026, 10, 8, 22, 30)].outcome is Outcome.COMPLETED
    assert history.source.knows >= {Field.ATTENDED, Field.PRICE}
    assert set(history.source.inferred) == {Field.ATTENDED, Field.OUTCOME, Field.PRICE}


def test_a_payment_that_could_belong_to_several_bookings_belongs_to_none(reader):
    history, found = reader.read(BOOKINGS, PAYMENTS)
    both = [each.legs[0] for each in found if each.legs[0].start.day == 7]
    assert [each.outcome for each in both] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert history.quality.dropped == {
        rules.PAID_FOR_SEVERAL: 1,
        rules.PAID_FOR_NONE: 1,
        rules.PAID_AFTER_ALL: 1,
        rules.PAID_BY_NOBODY: 1,
        rules.NOTHING_PAID: 1,
    }
    assert history.quality.where[rules.PAID_FOR_SEVERAL] == ["1-export.csv line 5"]


def test_what_rests_on_payments_is_inferred_and_says_by_which_rule(reader):
    report = audit(reader.open(BOOKINGS, PAYMENTS))
    for name in ("no_show_rate", "no_show_bounds", "funnel"):
        assert report.figure(name).grade is Grade.INFERRED
    assert report.figure("booked_ahead").grade is Grade.MEASURED
    assert any("paid on the day" in note for note in report.figure("no_show_rate").notes)
    without = audit(reader.open(BOOKINGS))
    assert without.figure("no_show_rate").grade is Grade.BOUNDED
    assert not any("is inferred" in note for note in without.source.notes)


def test_visits_lost_without_a_price_are_not_said_to_be_worth_nothing(reader):
    figure = audit(reader.open(BOOKINGS, PAYMENTS)).figure("revenue_lost")
    assert figure.grade is Grade.UNKNOWABLE
    assert figure.missing == ("the price",)


def test_payments_alone_are_no_history(reader):
    with pytest.raises(CannotRead, match="appointments"):
        reader.open(PAYMENTS)


def test_bookings_and_payments_that_name_customers_differently_are_refused(reader):
    named = BOOKINGS.replace("customer_id", "customer_email")
    with pytest.raises(CannotRead, match="no column in common"):
        reader.open(named, PAYMENTS)


def test_a_map_of_ones_own_may_join_payments(reader, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "own"\n[[part]]\nname = "visits"\nrecognised_by = ["Begin"]\n'
        'columns = { start = "Begin", email = "Mail" }\n[[part]]\nname = "till"\n'
        'recognised_by = ["Paid On"]\njoined_by = "customer and day"\n'
        'columns = { paid_at = "Paid On", price = "Sum", email = "Mail" }\n'
    )
    assert load(own).parts[1].joined
    _, (only,) = reader.read(
        "Begin,Mail\n2026-10-05 09:00,a@example.com\n",
        "Paid On,Mail,Sum\n2026-10-05,A@example.com,30\n",
        mapping=own,
    )
    assert (only.legs[0].outcome, only.legs[0].price) == (Outcome.COMPLETED, Decimal(30))
    again = tmp_path / "again.toml"
    again.write_text(as_toml(ready()["square"]))
    assert [each.joined for each in load(again).parts] == [False, True]
