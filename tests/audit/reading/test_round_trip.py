"""What Kept writes as an event log is read again as the same history."""

import io

import pytest

from kept.audit.history import Field, Stage
from kept.audit.writing import ocel, xes

TABLE = """\
id,booked_at,start,end,status,service,price,customer,moved_from,confirmed_at,outcome_at,cancelled_at
1,2026-10-01T09:00Z,2026-10-05T10:00Z,2026-10-05T11:00Z,completed,Haircut,45.00 EUR,\
jane@example.com,,2026-10-01T09:00:10Z,2026-10-05T11:02Z,
2,2026-10-01T09:00Z,2026-10-06T10:00Z,2026-10-06T11:00Z,rescheduled,Haircut,45.00 EUR,\
joe@example.com,,,,
3,2026-10-02T09:00Z,2026-10-07T10:00Z,2026-10-07T11:00Z,no show,Haircut,45.00 EUR,\
joe@example.com,2,,2026-10-07T12:00Z,
4,2026-10-02T09:00Z,2026-10-08T10:00Z,2026-10-08T11:00Z,cancelled by business,Colour,,\
jil@example.com,,,,2026-10-03T09:00Z
5,2026-10-02T09:00Z,2026-12-08T10:00Z,2026-12-08T11:00Z,booked,Colour,,jil@example.com,,,,
"""


def said(appointments):
    """What of a history a log can say, in an order of its own."""
    return sorted(
        [
            (
                leg.start,
                leg.end,
                leg.booked_at,
                leg.outcome,
                leg.outcome_at,
                leg.service,
                leg.price,
                leg.entered.get(Stage.CONFIRMED),
            )
            for leg in each.legs
        ]
        for each in appointments
    )


def written(form, reader, folder):
    history = reader.open(TABLE)
    if form == "sqlite":
        ocel.write_sqlite(history, folder / "log.sqlite")
        return (folder / "log.sqlite").read_bytes()
    out = io.StringIO()
    (xes.write if form == "xes" else ocel.write_json)(history, out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["xes", "json", "sqlite"])
def test_a_log_of_our_own_is_read_as_it_was(reader, tmp_path, form):
    known, before = reader.read(TABLE)
    history, after = reader.read(written(form, reader, tmp_path))
    assert said(after) == said(before)
    assert history.source.knows >= known.source.knows - {Field.CHANNEL}
    assert history.source.currency == known.source.currency
    persons = sorted(len([e for e in after if e.person == each.person]) for each in after)
    assert persons == [1, 1, 2, 2]
