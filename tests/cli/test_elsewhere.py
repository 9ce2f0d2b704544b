"""The export the demo offers: the same each day, and worth an audit."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from kept.audit.reading import open_files
from kept.audit.report import audit
from kept.cli import elsewhere

TODAY = date(2027, 3, 1)


def test_it_is_the_same_each_time_and_shows_what_an_audit_finds(tmp_path):
    one, other = (elsewhere.write(tmp_path / name, TODAY) for name in ("a.csv", "b.csv"))
    assert one.read_bytes() == other.read_bytes()
    now = datetime(2027, 3, 1, 8, tzinfo=UTC)
    report = audit(open_files([one], zone=ZoneInfo("Europe/London"), now=now))
    assert report.quality.adds_up
    assert {"an exact duplicate", "ends before it starts"} <= set(report.quality.dropped)
    assert report.quality.used > 1000
    [broken] = [each for each in report.breaks if each.appointments]
    assert broken.number == "B6"
    lost, at_risk = report.figure("revenue_lost"), report.figure("revenue_at_risk")
    assert lost.values[0].raw > 5000
    assert at_risk.values[0].raw > 0
