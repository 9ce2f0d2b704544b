"""Nobody can hold a whole day, and nobody is kept from booking because others hold."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client, RequestFactory, override_settings

from kept.lib.env import SettingError, _trusted_proxies
from kept.public import holding
from kept.public.models import HoldPlace
from kept.public.origin import network_of
from kept.schedule.queries import Claim
from tests.public.house import MIA, MONDAY, TUESDAY_TEN, advance, hidden, open_house, text

STEP = timedelta(minutes=45)
ONE, OTHER = "203.0.113.7", "198.51.100.9"


def hold(house, start, address=ONE, client=None, **query):
    client = client or Client(HTTP_HOST="127.0.0.1")
    sent = {"start": start.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return client.post(f"{house.path}/any/hold", sent, REMOTE_ADDR=address, query_params=query)


def standing(house):
    return Claim.objects.filter(kind="hold", live=True, business=house.business).count()


def starts(number):
    """Times a business with many staff can give at once."""
    return [TUESDAY_TEN + timedelta(days=n // 4, minutes=90 * (n % 4)) for n in range(number)]


def test_one_network_holds_only_a_few_times_however_often_it_begins_anew(db):
    house = open_house()
    answers = [hold(house, start) for start in starts(12)]
    assert {answer.status_code for answer in answers} == {303}
    assert standing(house) == holding.PLACES
    assert all("kept_hold" not in answer.cookies for answer in answers[holding.PLACES :])


def test_another_network_still_holds(db):
    house = open_house()
    for start in starts(12):
        hold(house, start)
    hold(house, starts(13)[-1], OTHER)
    assert standing(house) == holding.PLACES + 1


def test_who_cannot_hold_books_all_the_same(db):
    house = open_house()
    for start in starts(holding.PLACES + 1)[1:]:
        hold(house, start)
    client = Client(HTTP_HOST="127.0.0.1", REMOTE_ADDR=ONE)
    answer = hold(house, TUESDAY_TEN, client=client)
    page = client.get(answer["Location"])
    assert "not held for you: it is yours once you have booked it" in text(page)
    check = client.post(f"{house.path}/any/details", {**hidden(page), **MIA, "step": "check"})
    assert check.status_code == 200
    assert "Nothing is booked until you press the button" in text(check)
    booked = client.post(f"{house.path}/any/details", {**hidden(check), "step": "book"})
    assert booked.status_code == 303
    assert "/a/" in booked["Location"]


def test_who_cannot_hold_is_told_when_the_time_is_taken(db):
    house = open_house()
    for start in starts(holding.PLACES):
        hold(house, start)
    answer = hold(house, starts(1)[0])
    assert answer.status_code == 409
    assert "was just taken" in text(answer)


def test_ones_own_hold_moves_along_and_needs_no_second_place(db):
    house = open_house()
    client = Client(HTTP_HOST="127.0.0.1")
    for start in starts(8):
        assert "kept_hold" in hold(house, start, client=client).cookies
    assert standing(house) == 1
    assert HoldPlace.objects.count() == 1


def test_a_place_is_free_again_when_its_hold_is_over_or_has_become_a_booking(db):
    house = open_house()
    for start in starts(holding.PLACES):
        hold(house, start)
    advance(minutes=11)
    assert "kept_hold" in hold(house, starts(1)[0]).cookies
    assert HoldPlace.objects.count() == holding.PLACES
    visitor = house.visitor()
    for _ in range(holding.PLACES + 1):
        at = TUESDAY_TEN + timedelta(days=6, minutes=30 * 2 * _)
        visitor.client.defaults["REMOTE_ADDR"] = OTHER
        visitor.book(at)
    assert HoldPlace.objects.exclude(origin=HoldPlace.objects.first().origin).count() <= 1


def test_a_hold_of_one_business_takes_no_place_at_another(db):
    house, other = open_house(), open_house("Other Studio")
    for start in starts(holding.PLACES):
        hold(house, start)
    assert "kept_hold" in hold(other, starts(1)[0]).cookies


def test_many_at_the_same_moment_get_no_more(house_db):
    house = open_house(staff=[f"Staff {n}" for n in range(12)])

    def one(_):
        try:
            return hold(house, TUESDAY_TEN).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(one, range(12))) == {303}
    assert 1 <= standing(house) <= holding.PLACES


def test_looking_at_times_and_details_holds_nothing(db):
    house = open_house()
    client = Client(HTTP_HOST="127.0.0.1")
    for path in ("any/", "any/details"):
        client.get(f"{house.path}/{path}", {"start": "2027-03-02T09:00:00Z", "from": "2027-03-02"})
    assert standing(house) == 0
    assert HoldPlace.objects.count() == 0


def test_places_of_yesterday_are_let_go_and_no_address_is_stored(db):
    house = open_house()
    hold(house, TUESDAY_TEN)
    assert ONE not in repr(list(HoldPlace.objects.values()))
    assert holding.forget_places(MONDAY + timedelta(hours=23)) == 0
    assert holding.forget_places(MONDAY + timedelta(hours=25)) == 1


# Where somebody comes from


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        (ONE, "", ONE),
        (ONE, OTHER, ONE),  # nobody is believed who is no proxy of ours
        ("127.0.0.1", ONE, ONE),
        ("::1", ONE, ONE),
        ("127.0.0.1", f"{OTHER}, {ONE}", ONE),  # what the visitor sent along stands to the left
        ("127.0.0.1", f"{OTHER}, 127.0.0.1", OTHER),
        ("127.0.0.1", f"nonsense, {ONE}", ONE),
        ("127.0.0.1", f"{ONE}, nonsense", ""),
        ("127.0.0.1", "", ""),
        ("", "", ""),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:9::1", "", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "", ONE),
        ("::ffff:127.0.0.1", ONE, ONE),
    ],
)
def test_the_network_of_a_visitor(peer, forwarded, network):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)
    assert network_of(request) == network


def test_a_proxy_elsewhere_is_believed_when_it_is_named():
    named = _trusted_proxies({"KEPT_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1"})
    request = RequestFactory().get("/", headers={"X-Forwarded-For": ONE}, REMOTE_ADDR="10.1.2.3")
    assert network_of(request) == "10.1.2.3"
    with override_settings(TRUSTED_PROXIES=named):
        assert network_of(request) == ONE


@pytest.mark.parametrize("named", ["everybody", "10.0.0.1/8", "1.2.3"])
def test_proxies_that_are_none_are_refused_at_the_start(named):
    with pytest.raises(SettingError, match="KEPT_TRUSTED_PROXIES cannot be used"):
        _trusted_proxies({"KEPT_TRUSTED_PROXIES": named})
