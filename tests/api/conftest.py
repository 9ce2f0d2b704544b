import pytest

from tests.api.house import House, stop_clock


@pytest.fixture
def house(db):
    """A business that can be booked, on a clock that stands still."""
    stop_clock()
    return House().open()
