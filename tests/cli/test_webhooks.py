"""`kept webhooks`: who hears of what happens."""

import pytest

pytestmark = pytest.mark.one_database

ADD = """
from kept.accounts import queries as accounts
from kept.clock.queries import now
from kept.webhooks import actions
business = accounts.businesses()[0]
made = actions.create(business.id, "https://hooks.example.com/", now(), description="CRM")
actions.disable(business.id, made.id, now())
print(made.secret)
"""


def test_it_names_each_endpoint_and_no_secret(studio):
    assert "No program hears" in studio.kept("webhooks").out
    secret = studio.python(ADD)
    told, data = studio.kept("webhooks"), studio.kept("webhooks", "--json")
    assert "CRM  disabled (Turned off by hand.)  0 waiting" in told.out
    (row,) = data.json
    assert (row["business"], row["waiting"]) == ("my-studio", 0)
    assert row["disabled_by"] == "by_hand"
    assert secret not in told.out + data.out
    assert (
        "There is no business 'quay'"
        in studio.kept("webhooks", "--business", "quay", code=1).sentence
    )
