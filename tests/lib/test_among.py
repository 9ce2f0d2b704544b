"""Hundreds of ids are looked for at once, whatever the database."""

from datetime import UTC, datetime

from kept.accounts.models import Business
from kept.lib.among import among
from kept.lib.ids import new_id
from kept.people.models import Customer

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)


def people(*names):
    shop = Business.objects.create(
        name="Harbour", slug="harbour", time_zone="Europe/Berlin", created_at=NOW
    )
    made = [Customer(business=shop, name=name, created_at=NOW) for name in names]
    return Customer.objects.bulk_create(made)


def found(column, ids):
    return set(Customer.objects.filter(among(column, ids)).values_list("name", flat=True))


def test_those_whose_id_is_among_these_and_no_others(db):
    mia, leo, _ = people("Mia Wong", "Leo Marsh", "Zoe Reed")
    assert found("id", {mia.id, leo.id, new_id()}) == {"Mia Wong", "Leo Marsh"}


def test_a_row_refers_to_one_of_these(db):
    mia, _ = people("Mia Wong", "Leo Marsh")
    assert found("business_id", [mia.business_id]) == {"Mia Wong", "Leo Marsh"}
    assert found("business_id", [new_id()]) == set()


def test_nothing_is_among_none(db):
    people("Mia Wong")
    assert found("id", set()) == set()
