"""`kept reactivation`: what invitations bring."""

import pytest

pytestmark = pytest.mark.one_database


def test_it_says_why_nothing_can_be_said_yet(studio):
    found = studio.kept("reactivation", "--json").json
    assert found["invited"]["returned"]["of"] == 0
    assert found["difference"] is None
    assert "Too few people" in studio.kept("reactivation").out
