import pytest


@pytest.fixture
def house(db):
    """A business that can be booked, on a clock that stands still."""
    # Named on the command line, this file is read before Django is set up.
    from tests.api.house import House, stop_clock

    stop_clock()
    return House().open()
