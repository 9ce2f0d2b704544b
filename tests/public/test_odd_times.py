"""Times that no page offers, written into an address by hand."""

import pytest

from kept.public.choice import instant


@pytest.mark.parametrize(
    "text", ["", "soon", "2027-03-03T10:00", "2027-03-03T10:00:30Z", "2027-03-03T10:00:00.5Z"]
)
def test_what_names_no_whole_minute_names_no_time(text):
    assert instant(text) is None


def test_a_whole_minute_is_taken():
    assert instant("2027-03-03T10:00:00Z") is not None
