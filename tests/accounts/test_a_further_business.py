"""Nobody comes into a further business with what they held of an account before."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from kept.accounts import actions, queries

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def found(name, owner):
    return actions.create_business(name, "Europe/Berlin", owner, NOW)


def test_an_account_made_by_another_business_starts_afresh():
    alpha, _ = found("Alpha", "alpha@example.com")
    carol = actions.add_member(alpha, "carol@example.com", "staff")
    link = actions.new_sign_in_link(carol, NOW)
    carol.set_password("known to whoever made the account")
    carol.save()
    browser = Client()
    browser.force_login(carol)
    assert browser.get("/console/").status_code == 200
    _, owner = found("Gamma", "carol@example.com")
    assert owner == carol
    assert not queries.User.objects.get(id=carol.id).has_usable_password()
    assert actions.use_sign_in_link(link, NOW) is None
    assert browser.get("/console/").status_code == 302
    assert actions.use_sign_in_link(actions.new_sign_in_link(owner, NOW), NOW) == carol


def test_somebody_who_is_a_member_already_keeps_their_password():
    alpha, owner = found("Alpha", "alpha@example.com")
    owner.set_password("their own")
    owner.save()
    actions.add_member(alpha, "alpha@example.com", "staff")
    assert queries.User.objects.get(id=owner.id).check_password("their own")


def test_a_business_is_named_on_one_line():
    business, _ = found("Alpha\tStudio", "alpha@example.com")
    assert business.name == "Alpha Studio"
    actions.update_business(business, name="Beta\x1b Studio")
    business.refresh_from_db()
    assert business.name == "Beta Studio"
