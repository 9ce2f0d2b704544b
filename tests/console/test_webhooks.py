"""The owner's pages about webhooks: added, tried, changed, looked into, sent once more."""

import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.urls import reverse

from kept.accounts.queries import business
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.webhooks import actions, queries
from kept.webhooks.queries import Delivery, Endpoint
from kept.worker.hooks import deliver_hooks
from tests.console.house import NOW
from tests.webhooks.receiver import listening

URL = "https://hooks.example.com/kept"


def at(name, *ids):
    return reverse(f"console:{name}", args=ids)


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.fixture
def endpoint(house):
    made = actions.create(house.business.id, URL, NOW, description="CRM")
    house.business = business(house.business.id)
    return made


@pytest.fixture
def receiver(settings):
    settings.WEBHOOK_NETWORKS = (ip_network("127.0.0.0/8"),)
    with listening() as found:
        yield found


def test_an_endpoint_is_added_and_its_secret_shown_once(house, owner):
    fields = {"url": URL, "description": "CRM", "form": "standard"}
    answer = owner.post(at("new_webhook"), fields, follow=True)
    made = Endpoint.objects.get()
    assert made.secret in text(answer)
    assert made.secret not in text(owner.get(at("webhook", made.id)))
    assert made.secret not in text(owner.get(at("webhooks")))
    assert "CRM" in text(owner.get(at("webhooks")))


def test_an_address_that_leads_inside_is_refused_at_its_field(house, owner):
    fields = {"url": "https://169.254.169.254/", "form": "standard"}
    answer = owner.post(at("new_webhook"), fields)
    assert answer.status_code == 400
    assert "KEPT_WEBHOOK_NETWORKS" in text(answer)
    assert not Endpoint.objects.exists()


def test_what_it_hears_is_chosen_and_changed(house, owner, endpoint):
    fields = {"url": URL, "form": "cloudevents", "types": ["appointment.completed"]}
    owner.post(at("change_webhook", endpoint.id), fields)
    found = Endpoint.objects.get()
    assert (found.types, found.form) == (["appointment.completed"], "cloudevents")
    assert "appointment.completed" in text(owner.get(at("webhook", endpoint.id)))


def test_a_test_shows_what_came_back(house, owner, receiver):
    receiver.answer = lambda got: (418, {}, b"a <b>teapot</b>")
    made = actions.create(house.business.id, receiver.url, NOW)
    answer = owner.post(at("test_webhook", made.id))
    deliver_hooks("test", clock_queries.now)
    page = text(owner.get(answer["Location"]))
    assert "answered 418" in page
    assert "a &lt;b&gt;teapot&lt;/b&gt;" in page
    assert "webhook.test" in page
    assert made.secret not in page


def test_the_log_tells_of_every_event_and_one_is_sent_once_more(house, owner, receiver):
    made = actions.create(house.business.id, receiver.url, NOW)
    house.business = business(house.business.id)
    booked = house.book()
    deliver_hooks("test", clock_queries.now)
    page = text(owner.get(at("webhook", made.id)))
    assert "appointment.scheduled" in page
    assert "Delivered" in page
    assert booked.reference in page
    event = Delivery.objects.get().event_id
    owner.post(at("replay_event", made.id, event))
    deliver_hooks("test", clock_queries.now)
    assert len(receiver.received) == 2
    day = f"{NOW:%Y-%m-%d}"
    owner.post(at("replay_webhook", made.id), {"day": day, "at": "00:00"})
    deliver_hooks("test", clock_queries.now)
    assert len({each.id for each in receiver.received}) == 1
    assert len(receiver.received) == 3
    assert owner.post(at("replay_webhook", made.id), {"day": "", "at": "x"}).status_code == 400


def test_a_stuck_event_is_given_up(house, owner, receiver):
    receiver.answer = lambda got: (500, {}, b"")
    made = actions.create(house.business.id, receiver.url, NOW)
    house.business = business(house.business.id)
    house.book()
    deliver_hooks("test", clock_queries.now)
    event = Delivery.objects.get().event_id
    assert "Give it up" in text(owner.get(at("webhook_event", made.id, event)))
    owner.post(at("skip_event", made.id, event))
    assert "Give it up" not in text(owner.get(at("webhook_event", made.id, event)))


def test_turned_off_and_on_and_a_new_secret(house, owner, endpoint):
    owner.post(at("disable_webhook", endpoint.id))
    house.book()
    page = text(owner.get(at("webhook", endpoint.id)))
    assert "Turned off by hand." in page
    assert "<b>1</b> event waits" in page
    assert "1 event is now on the way" in text(
        owner.post(at("enable_webhook", endpoint.id), follow=True)
    )
    new = text(owner.post(at("rotate_webhook", endpoint.id), follow=True))
    assert Endpoint.objects.get().secret in new
    assert endpoint.secret not in new
    assert "signed with the old secret too" in new
    owner.post(at("remove_webhook", endpoint.id))
    assert not Endpoint.objects.exists()


def test_an_endpoint_cut_off_is_said_on_every_page_of_the_owner(house, owner, signed_in, receiver):
    receiver.answer = lambda got: (410, {}, b"")
    made = actions.create(house.business.id, receiver.url, NOW, description="CRM")
    house.business = business(house.business.id)
    house.book()
    deliver_hooks("test", clock_queries.now)
    clock.advance(timedelta(minutes=1))
    for page in (owner.get("/console/"), owner.get(at("setup"))):
        assert "Events no longer reach <bdi>CRM</bdi>" in text(page)
        assert at("webhook", made.id) in text(page)
    assert "Events no longer reach" not in text(signed_in(house.desk).get("/console/"))
    assert queries.waiting(house.business.id)
