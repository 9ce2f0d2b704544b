"""Each letter can be read before a customer does, and sent as a test to oneself alone."""

from datetime import timedelta

import pytest
from django.test import Client

from kept.accounts.queries import Business
from kept.channels.base import TransportError
from kept.clock import actions as clock
from kept.clock.queries import now, real_now
from kept.console import samples
from kept.outbox.queries import Message
from kept.outbox.samples import MOST, Sample
from kept.worker.samples import send_samples
from tests.appointments.clinic import Post
from tests.console.house import NOW, House

LETTERS = "/console/set-up/letters/"
TEN = NOW + timedelta(hours=26)


def send(client, kind="confirmation", query="", **fields):
    return client.post(f"{LETTERS}{kind}/{query}", fields, follow=True)


def test_every_letter_there_is_can_be_read_or_says_what_it_lacks(house, owner):
    index = owner.get(LETTERS).content.decode()
    for kind, (title, _) in samples.TITLES.items():
        assert f"{LETTERS}{kind}/" in index
        assert title in index
        shown = owner.get(f"{LETTERS}{kind}/").context["letter"]
        assert bool(shown.text) != bool(shown.missing), kind
        if shown.text:
            assert "Harbour Clinic" in owner.get(f"{LETTERS}{kind}/html").content.decode()
    assert owner.get(f"{LETTERS}advertisement/").status_code == 404


def test_what_a_letter_lacks_is_said_and_no_test_of_it_is_sent(house, owner):
    assert b"no review page is named" in owner.get(f"{LETTERS}review_ask/").content
    Business.objects.update(address="")
    page = owner.get(f"{LETTERS}invitation/").content.decode()
    assert "cannot be written" in page
    assert "the address of the business is missing" in page
    assert owner.get(f"{LETTERS}invitation/html").status_code == 404
    assert send(owner, "invitation").status_code == 409
    assert not Sample.objects.exists()


def test_a_letter_is_read_about_a_visit_that_is_booked_and_in_another_language(house, owner):
    booked = house.book(TEN)
    real = owner.get(f"{LETTERS}confirmation/?ref={booked.reference}").context["letter"]
    assert real.about.appointment == booked
    assert f"Foot care ({booked.reference})" in real.text.subject
    assert "Mia Wong" in real.text.text
    other = House("Other Studio", "other-").book(TEN, "Olga Other")
    invented = owner.get(f"{LETTERS}confirmation/?ref={other.reference}").context["letter"]
    assert invented.about is None
    assert samples.NAME in invented.text.text
    german = owner.get(f"{LETTERS}confirmation/?language=de").context["letter"]
    assert "Guten Tag" in german.text.text or "Hallo" in german.text.text


def test_a_test_goes_to_who_asks_for_it_and_to_nobody_else(house, owner):
    booked = house.book(TEN)
    before = Message.objects.count()
    asked = {"address": "mia@example.com", "email": "mia@example.com", "to": "mia@example.com"}
    answer = send(owner, query=f"?ref={booked.reference}", **asked)
    assert b"A test is on its way to owner@example.com." in answer.content
    post = Post()
    assert send_samples(post, now()) == 1
    [letter] = post.letters
    assert letter.recipient.address == "owner@example.com"
    assert letter.subject.startswith("[Test] ")
    assert "This is a test." in letter.text
    assert "This is a test." in letter.html
    # The links of a real visit act for its customer: a test is always about an invented one.
    assert booked.token not in letter.text + letter.html
    assert "Mia Wong" not in letter.text + letter.html
    assert Message.objects.count() == before
    assert "accepted by the mail server" in owner.get(f"{LETTERS}confirmation/").content.decode()
    assert send_samples(post, now()) == 0


def test_in_the_demo_it_lies_in_the_inbox_of_who_asked_and_of_nobody_else(house, desk, owner):
    send(owner)
    assert b"[Test]" not in owner.get("/console/inbox/").content  # it has not left yet
    send_samples(Post(), now())
    row = Sample.objects.get()
    assert b"[Test]" in owner.get("/console/inbox/").content
    assert b"This is a test." in owner.get(f"/console/messages/{row.id}/html").content
    assert b"[Test]" not in desk.get("/console/inbox/").content
    assert desk.get(f"/console/messages/{row.id}/html").status_code == 404


def test_nobody_can_be_flooded_with_tests(house, owner, signed_in):
    for _ in range(MOST):
        assert send(owner).status_code == 200
    refused = send(owner)
    assert refused.status_code == 429
    assert b"wait a little" in refused.content
    assert Sample.objects.count() == MOST
    clock.advance(timedelta(minutes=10))
    assert send(owner).status_code == 200


def test_it_is_the_owners_and_each_business_has_its_own(house, desk, owner):
    send(owner)
    assert send(desk).status_code == 403
    other = House("Other Studio", "other-")
    stranger = Client()
    stranger.force_login(other.owner)
    page = stranger.get(f"{LETTERS}confirmation/?service={house.service.id}")
    assert "Your last tests" not in page.content.decode()
    assert page.context["wanted"].service == other.service
    owner.get(f"{LETTERS}confirmation/")
    assert Sample.objects.count() == 1


def became(post, at=None):
    send_samples(post, at or now())
    return Sample.objects.get().status


def broken(**how):
    post = Post()
    post.error = TransportError("no", **how)
    return post


@pytest.mark.parametrize(
    ("how", "status", "left"),
    [
        ({"permanent": True}, Sample.FAILED, 0),
        ({"doubt": True}, Sample.DOUBTFUL, 0),
        ({}, Sample.WAITING, 1),
    ],
    ids=["refused", "perhaps arrived", "away for now"],
)
def test_what_became_of_it_is_kept_and_only_what_surely_did_not_leave_goes_again(
    house, owner, how, status, left
):
    send(owner)
    assert became(broken(**how)) == status
    post = Post()
    became(post)
    assert len(post.letters) == left
    assert b"Your last tests" in owner.get(f"{LETTERS}confirmation/").content


def test_one_that_waited_too_long_goes_no_more_and_one_whose_worker_died_is_in_doubt(house, owner):
    send(owner)
    Sample.objects.update(status=Sample.HANDING_OVER, taken_until=real_now() - timedelta(minutes=1))
    post = Post()
    assert became(post) == Sample.DOUBTFUL
    Sample.objects.update(status=Sample.WAITING, taken_until=None)
    assert became(post, now() + timedelta(minutes=15)) == Sample.EXPIRED
    assert post.letters == []
