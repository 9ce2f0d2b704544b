"""A row made quickly is the row that Django would have made."""

from datetime import UTC, datetime

import pytest

from kept.accounts.models import Business
from kept.appointments.models import Leg
from kept.cases.models import Case, Control
from kept.lib.rows import new_row
from kept.people.models import Customer
from kept.schedule.models import Claim

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)


def columns(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (Customer, {"name": "Ada", "created_at": NOW}),
        (Control, {"name": "confirmation", "due_at": NOW, "wake_at": NOW}),
        (Claim, {"resource": 1, "start": 10, "end": 20, "kind": "leg"}),
    ],
)
def test_it_has_what_was_given_and_the_defaults_of_the_rest(table, values):
    quick, slow = new_row(table, **values), table(**values)
    theirs = columns(slow) | {"id": quick.id}
    assert columns(quick) == theirs
    assert (quick._state.adding, quick._state.db) == (slow._state.adding, slow._state.db)


def test_each_has_an_id_of_its_own():
    assert new_row(Customer).id != new_row(Customer).id
    assert new_row(Customer, id=None).id is None


def test_what_it_belongs_to_is_remembered_beside_its_id():
    shop = Business(name="Harbour")
    row = new_row(Customer, business=shop)
    assert (row.business_id, row.business) == (shop.id, shop)
    assert new_row(Case, person=None).person_id is None


def test_one_of_a_pair_knows_the_other():
    case = new_row(Case)
    leg = new_row(Leg, case=case)
    assert (leg.case_id, leg.case, case.leg) == (case.id, case, leg)


def test_what_its_table_has_not_is_refused():
    with pytest.raises(TypeError, match="nickname"):
        new_row(Customer, nickname="Ada")


def test_it_is_saved_as_any_other(db):
    shop = Business.objects.create(
        name="Harbour", slug="h", time_zone="Europe/Berlin", email="h@example.com", created_at=NOW
    )
    new_row(Customer, business=shop, name="Ada", created_at=NOW).save()
    assert Customer.objects.get().name == "Ada"
