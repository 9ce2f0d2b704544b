"""What the tests of the console share: a house on a standing clock, and browsers signed in."""

import pytest


@pytest.fixture
def house(db):
    # Imported here: Django is not set up yet when pytest reads this file.
    from tests.console.house import House, start_clock

    start_clock()
    return House()


@pytest.fixture
def signed_in():
    """`signed_in(user)`: a client that is signed in as this user."""
    from django.test import Client

    def client(user, **options):
        browser = Client(**options)
        browser.force_login(user)
        return browser

    return client


@pytest.fixture
def owner(house, signed_in):
    return signed_in(house.owner)


@pytest.fixture
def desk(house, signed_in):
    return signed_in(house.desk)


@pytest.fixture
def ada(house, signed_in):
    """A member of staff, who sees their own day."""
    return signed_in(house.worker)
