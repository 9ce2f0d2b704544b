"""The one closing line of `./run test`."""

import pytest

import suite

REPORT = """<testsuites><testsuite tests="10" failures="1" errors="2" skipped="3"/></testsuites>"""


def test_the_closing_line_sums_up(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    tally = suite.read_tally(report, exit_code=1)
    tally.add(suite.Tally(passed=5))
    assert str(tally) == "9 passed, 3 failed, 3 skipped"


@pytest.mark.parametrize(("exit_code", "failed"), [(0, 0), (5, 0), (2, 1), (-9, 1)])
def test_a_run_that_ended_badly_counts_as_failed(tmp_path, exit_code, failed):
    assert suite.read_tally(tmp_path / "none.xml", exit_code).failed == failed
