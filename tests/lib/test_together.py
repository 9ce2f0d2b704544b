"""Rows of several tables are written together: whole, as Django would write them, or not at all."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from kept.accounts.models import Business, PolicyVersion
from kept.lib import together
from kept.people.models import Customer
from kept.schedule.models import Hours, Resource, Service

NOW = datetime(2027, 3, 1, 7, 0, 0, 123456, tzinfo=UTC)


def business(**details):
    fields = {"name": "Harbour", "slug": "harbour", "time_zone": "Europe/Berlin"}
    return Business(**{**fields, "email": "desk@example.com", "created_at": NOW, **details})


def customer(of, name="Mia Wong"):
    return Customer(business=of, name=name, email="mia@example.com", created_at=NOW)


def test_every_kind_of_value_comes_back_as_it_was_given(db):
    shop = business(name='Łódź "salon", 漢字 \\ \U0001f600\n%s {} $1')
    policy = {"a": [1, None, "ü", {"b": False}], "c": 0.1, "d": 2**53}
    ada = Resource(number=1, business=shop, name="Ada", time_zone="Europe/Berlin")
    care = Service(business=shop, name="Care", duration_minutes=45, price=Decimal("60.10"))
    cut = Service(business=shop, name="Cut", duration_minutes=30, archived_at=NOW)
    together.insert(
        [
            care,
            PolicyVersion(business=shop, number=1, data=policy, created_at=NOW),
            Hours(resource=ada, weekday=0, start=time(9, 30), end=time(0)),
            cut,
            ada,
            shop,
        ]
    )
    assert Business.objects.get().name == shop.name
    assert Business.objects.get().created_at == NOW
    assert PolicyVersion.objects.get().data == policy
    assert (Hours.objects.get().start, Hours.objects.get().end) == (time(9, 30), time(0))
    read = {row.name: row for row in Service.objects.all()}
    assert (read["Care"].price, read["Care"].archived_at) == (Decimal("60.10"), None)
    assert (read["Cut"].price, read["Cut"].archived_at) == (None, NOW)
    assert read["Care"].id == care.id


def test_only_the_named_fields_of_a_row_change_and_no_other_row(db):
    shop = business()
    mia, leo = customer(shop), customer(shop, "Leo Marsh")
    together.insert([shop, mia, leo])
    mia.name, mia.phone, mia.created_at = "Mia 'Wong'\n漢", "+442079460100", NOW + timedelta(1)
    shop.address, shop.name = "12 Canal Street", "not named, so not written"
    with CaptureQueriesContext(connection) as captured:
        together.update(([mia], ("name", "created_at")), ([shop], ("address",)))
    assert len(captured) == (1 if connection.vendor == "postgresql" else 2)
    read = Customer.objects.get(id=mia.id)
    assert (read.name, read.phone, read.created_at) == (mia.name, "", mia.created_at)
    assert Customer.objects.get(id=leo.id).name == "Leo Marsh"
    assert Business.objects.values_list("name", "address").get() == ("Harbour", "12 Canal Street")


def test_what_is_nothing_or_a_document_changes_too(db):
    shop = business()
    care = Service(business=shop, name="Care", duration_minutes=45, price=Decimal("60.10"))
    policy = PolicyVersion(business=shop, number=1, data={"a": 1}, created_at=NOW)
    together.insert([shop, care, policy])
    care.price, care.archived_at, policy.data = None, NOW, {"b": [None, "ü"]}
    policy.id = PolicyVersion.objects.get().id
    together.update(([care], ("price", "archived_at")), ([policy], ("data",)))
    assert Service.objects.values_list("price", "archived_at").get() == (None, NOW)
    assert PolicyVersion.objects.get().data == {"b": [None, "ü"]}


def test_of_one_table_some_rows_may_change_more_than_others(db):
    shop = business()
    mia, leo = customer(shop), customer(shop, "Leo Marsh")
    together.insert([shop, mia, leo])
    for row in (mia, leo):
        row.name, row.phone = row.name.upper(), "+442079460100"
    together.update(([mia], ("name",)), ([leo], ("name", "phone")))
    assert set(Customer.objects.values_list("name", "phone")) == {
        ("MIA WONG", ""),
        ("LEO MARSH", "+442079460100"),
    }


def test_to_change_nothing_costs_nothing(db):
    with CaptureQueriesContext(connection) as captured:
        together.update(([], ("name",)))
    assert len(captured) == 0


def test_postgresql_gets_one_statement_however_many_rows_and_tables(db):
    shop = business()
    people = [customer(shop, f"Person {n}") for n in range(30)]
    with CaptureQueriesContext(connection) as captured:
        together.insert([*people, shop])
    assert Customer.objects.count() == 30
    assert len(captured) == (1 if connection.vendor == "postgresql" else 2)


def test_what_is_written_is_saved_like_any_row(db):
    shop = business()
    together.insert([shop])
    shop.name = "Harbour & Sons"
    shop.save()
    assert Business.objects.get().name == "Harbour & Sons"


def test_nothing_to_write_is_no_statement(db):
    with CaptureQueriesContext(connection) as captured:
        together.insert([])
    assert len(captured) == 0


def test_one_row_that_is_refused_takes_the_others_along(db):
    shop = business()
    twice = business(name="Other")
    with pytest.raises(IntegrityError), transaction.atomic():
        together.insert([customer(shop), shop, twice])
    assert (Business.objects.count(), Customer.objects.count()) == (0, 0)


def test_a_reference_to_nothing_is_refused_at_the_end(house_db):
    with pytest.raises(IntegrityError), transaction.atomic():
        together.insert([customer(business())])
    assert Customer.objects.count() == 0


def test_a_time_that_is_no_instant_is_refused(db):
    # Django only warns (here an error); whoever writes JSON must refuse by themselves.
    with pytest.raises((RuntimeWarning, ValueError), match=r"naive|no offset"):
        together.insert([business(created_at=NOW.replace(tzinfo=None))])
