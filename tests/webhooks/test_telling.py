"""Whatever becomes of a case is told to whoever listens, in the transaction in which it happens."""

from datetime import timedelta

import jsonschema_rs
import pytest
from django.db import transaction
from pydantic import TypeAdapter

from kept.accounts.queries import business
from kept.appointments import actions, queries
from kept.cases.queries import Event as History
from kept.core.case import Actor, NotAllowed, Role
from kept.journeys import actions as journeys
from kept.webhooks import actions as webhooks
from kept.webhooks.queries import Delivery, Event
from kept.webhooks.shapes import shape_of
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, leg, now

URL = "https://receiver.example.com/hooks"
CRM = Actor(Role.INTEGRATION, "CRM")


@pytest.fixture
def clinic(db):
    made = Clinic()
    webhooks.create(made.business.id, URL, now())
    made.business = business(made.business.id)
    return made


def types(since=0):
    return [each.event.type for each in deliveries()][since:]


def deliveries():
    return list(Delivery.objects.select_related("event").order_by("id"))


def last(type_):
    return next(each.event for each in reversed(deliveries()) if each.event.type == type_)


def said():
    """Everything told so far; what is told after this is `types(said())`."""
    return len(deliveries())


def test_the_way_of_a_visit_is_told_step_by_step(clinic):
    mia = clinic.book(berlin(3, 10))
    go_to(berlin(3, 10))
    actions.say(mia, "arrived", now(), DESK)
    go_to(berlin(3, 10, 45))
    actions.say(mia, "completed", now(), DESK)
    steps = [each for each in types() if each.startswith("appointment.")]
    assert steps == [
        "appointment.scheduled",
        "appointment.confirmed",
        "appointment.prepared",
        "appointment.attended",
        "appointment.completed",
    ]
    offered = [each for each in types() if each.startswith("hand_off.")]
    assert offered == ["hand_off.offered"] * 3
    assert types().index("appointment.completed") < types().index("hand_off.offered")


def test_a_move_is_one_event_of_one_appointment(clinic):
    mia = clinic.book(berlin(3, 10))
    before = said()
    actions.move(mia, berlin(4, 11), now(), MIA, reason="Her train is late")
    assert types(before) == ["appointment.rescheduled"]
    data = last("appointment.rescheduled").data
    assert data["appointment_id"] == data["root_id"] == str(mia.id)
    assert data["moved"] == {
        "start_from": berlin(3, 10).isoformat(),
        "start_to": berlin(4, 11).isoformat(),
        "leg_from": 1,
    }
    assert (data["leg"], data["state"], data["reason"]) == (2, "scheduled", "Her train is late")


def test_versions_grow_over_the_legs_of_an_appointment(clinic):
    mia = clinic.book(berlin(3, 10))
    actions.move(mia, berlin(4, 11), now(), MIA)
    actions.say(mia, "acknowledged", now(), MIA)
    actions.cancel(mia, now(), MIA, by="customer")
    versions = [each.event.version for each in deliveries()]
    assert versions == sorted(versions)
    assert leg(mia).case.version >= versions[-1] > versions[0] > 0


def test_a_cancellation_says_whose_it_was_and_why(clinic):
    mia = clinic.book(berlin(3, 10))
    actions.cancel(mia, now(), DESK, reason="Ada is ill", by="business")
    data = last("appointment.cancelled").data
    assert data["outcome"]["value"] == "cancelled_by_business"
    assert data["actor"] == {"role": "staff", "name": "desk@example.com"}
    assert data["reason"] == "Ada is ill"


def test_a_private_service_gives_no_name_and_no_reason(db):
    clinic = Clinic(private=True)
    webhooks.create(clinic.business.id, URL, now())
    mia = clinic.book(berlin(3, 10))
    actions.cancel(mia, now(), MIA, by="customer", reason="It is healed")
    data = last("appointment.cancelled").data
    assert data["service"]["name"] == ""
    assert data["reason"] is None


def test_no_name_no_address_and_no_link_of_the_customer_is_told(clinic):
    mia = clinic.book(berlin(3, 10))
    go_to(berlin(3, 12))
    actions.miss(mia, now(), DESK, by="customer")
    told = str([each.event.data for each in deliveries()])
    assert str(mia.customer_id) in told
    for secret in ("Mia", "mia@example.com", mia.token):
        assert secret not in told


def test_a_walk_in_begins_at_attended(clinic):
    actions.walk_in(clinic.business, clinic.booking(now(), clinic.ada), now(), DESK)
    assert types()[0] == "appointment.attended"


def test_what_is_undone_is_told_to_nobody(clinic):
    def book_in_vain():
        clinic.book(berlin(3, 10))
        raise RuntimeError("the payment failed")

    with pytest.raises(RuntimeError):
        transaction.atomic(book_in_vain)()
    assert not Event.objects.exists()


def test_what_is_refused_is_told_to_nobody(clinic):
    mia = clinic.book(berlin(3, 10))
    before = said()
    with pytest.raises(NotAllowed):
        actions.say(mia, "completed", now(), DESK)
    assert types(before) == []


def test_a_correction_has_a_name_of_its_own_and_revises_what_was_handed_on(clinic):
    mia = clinic.book(berlin(3, 10))
    go_to(berlin(3, 10, 50))
    actions.miss(mia, now(), DESK, by="customer")
    before = said()
    actions.correct(mia, "completed", now(), DESK, reason="She had been here")
    assert types(before)[0] == "appointment.corrected"
    data = last("appointment.corrected").data
    assert (data["previous_state"], data["state"]) == ("missed", "completed")
    later = set(types(before)[1:])
    assert "hand_off.revised" in later
    revised = last("hand_off.revised").data
    assert revised["revises"] != revised["hand_off"]["id"]
    assert revised["hand_off"]["outcome"] == "completed"


def test_an_outcome_taken_back_withdraws_what_was_handed_on(clinic):
    mia = clinic.book(berlin(3, 10))
    go_to(berlin(3, 10, 50))
    actions.miss(mia, now(), DESK, by="customer")
    offered = {str(each.id) for each in queries.timeline(mia).hand_offs}
    before = said()
    actions.say(mia, "arrived", now(), DESK)
    assert {each for each in types(before) if "hand_off" in each} == {"hand_off.withdrawn"}
    assert last("hand_off.withdrawn").data["hand_off"]["id"] in offered


def test_a_hand_off_carries_the_whole_contract(clinic):
    mia = clinic.book(berlin(3, 10))
    go_to(berlin(3, 10))
    actions.say(mia, "arrived", now(), DESK)
    actions.say(mia, "completed", now(), DESK)
    offer = next(each for each in queries.timeline(mia).hand_offs if each.to == "reputation")
    events = [each.event for each in deliveries() if each.event.type == "hand_off.offered"]
    (event,) = [each for each in events if each.data["hand_off"]["to_path"] == "reputation"]
    told = event.data["hand_off"]
    assert told["id"] == str(offer.id) == offer.payload["id"]
    assert told["accept_by"] == offer.accept_by.isoformat() == offer.payload["accept_by"]
    assert told["offered_at"] == now().isoformat() == offer.payload["offered_at"]
    assert told["service_snapshot"]["name"] == "Foot care"
    assert (told["value"], told["currency"], told["outcome_source"]) == ("60.00", "EUR", "staff")
    assert (told["state"], told["accepted_by"], told["flags"]) == ("offered", None, [])
    before = said()
    actions.answer_hand_off(clinic.business.id, offer.id, now(), CRM, accept=True)
    assert types(before) == ["hand_off.accepted"]
    accepted = last("hand_off.accepted").data["hand_off"]
    assert (accepted["id"], accepted["accepted_by"]) == (told["id"], "integration:CRM")


def test_an_offer_nobody_takes_in_time_is_told_with_what_follows(db):
    clinic = Clinic(policy={"built_in": [], "accept_within": "2h"})
    webhooks.create(clinic.business.id, URL, now())
    clinic.business = business(clinic.business.id)
    mia = clinic.book(berlin(3, 10))
    actions.cancel(mia, now(), MIA, by="customer")
    (offer,) = queries.timeline(mia).hand_offs
    go_to(now() + timedelta(hours=3))
    assert last("hand_off.expired").data["hand_off"]["id"] == str(offer.id)
    assert last("escalation.raised").data["escalation"]["kind"] == "HANDOFF_NOT_ACCEPTED"
    actions.answer_hand_off(
        clinic.business.id, offer.id, now(), CRM, accept=False, reason="Not ours"
    )
    assert last("hand_off.rejected").data["hand_off"]["reason"] == "Not ours"


def test_what_needs_a_person_is_told_until_it_is_resolved(clinic):
    mia = clinic.book(berlin(3, 10), contact={"phone": "+442079460123"})
    assert "escalation.raised" in types()
    (open_,) = queries.timeline(mia).escalations
    actions.take_escalation(clinic.business.id, open_.id, now(), DESK)
    actions.release_escalation(clinic.business.id, open_.id, now(), DESK)
    actions.resolve_escalation(clinic.business.id, open_.id, "She knows", now(), DESK)
    found = [each for each in types() if each.startswith("escalation.")]
    assert found == [f"escalation.{each}" for each in ("raised", "taken", "released", "resolved")]
    assert last("escalation.resolved").data["escalation"]["kind"] == open_.kind


def test_what_follows_an_appointment_is_told_too(clinic):
    mia = clinic.book(berlin(3, 10))
    go_to(berlin(3, 10))
    actions.say(mia, "arrived", now(), DESK)
    actions.say(mia, "completed", now(), DESK)
    journeys.receive_offered(now())
    assert "follow_up.open" in types()
    data = last("follow_up.open").data
    assert data["appointment_id"] == str(mia.id)
    assert last("hand_off.accepted").data["hand_off"]["accepted_by"] == "system"


def test_an_endpoint_hears_only_what_it_has_chosen(db):
    clinic = Clinic()
    chosen = webhooks.create(clinic.business.id, URL, now(), types=["appointment.cancelled"])
    mia = clinic.book(berlin(3, 10))
    assert not Event.objects.exists()
    actions.cancel(mia, now(), MIA, by="customer")
    assert types() == ["appointment.cancelled"]
    webhooks.change(clinic.business.id, chosen.id, now(), types=[])
    clinic.business = business(clinic.business.id)
    clinic.book(berlin(3, 12))
    assert "appointment.scheduled" in types()


def test_every_endpoint_of_the_business_hears_it_and_none_of_another(clinic):
    webhooks.create(clinic.business.id, URL + "/2", now())
    other = Clinic(name="Other Clinic")
    webhooks.create(other.business.id, URL, now())
    clinic.book(berlin(3, 10))
    heard = Delivery.objects.filter(event__type="appointment.scheduled")
    assert {each.business_id for each in heard} == {clinic.business.id}
    assert {each.endpoint.business_id for each in heard} == {clinic.business.id}
    assert heard.count() == 2


def test_every_event_has_the_shape_that_is_documented(clinic):
    mia = clinic.book(berlin(3, 10))
    leo = clinic.book(berlin(3, 12), name="Leo Marsh", contact={"phone": "+442079460123"})
    actions.move(mia, berlin(4, 11), now(), MIA)
    go_to(berlin(4, 10))
    actions.say(mia, "running_late", now(), MIA, data={"minutes": 10})
    go_to(berlin(4, 11))
    actions.say(mia, "arrived", now(), DESK)
    actions.say(mia, "completed", now(), DESK)
    actions.correct(mia, "missed", now(), DESK, reason="It was Lea", by="customer")
    go_to(berlin(4, 11) + timedelta(days=3))
    found = {each.event.type for each in deliveries()}
    families = {each.partition(".")[0] for each in found}
    assert families == {"appointment", "follow_up", "message", "escalation", "hand_off"}
    assert leo.id
    for each in deliveries():
        schema = TypeAdapter(shape_of(each.event.type)).json_schema()
        jsonschema_rs.validate({**schema, "unevaluatedProperties": False}, each.event.data)


def test_a_business_nobody_listens_to_writes_nothing_down(db):
    clinic = Clinic()
    clinic.book(berlin(3, 10))
    assert not business(clinic.business.id).heard
    assert not Event.objects.exists()
    assert History.objects.exists()


def test_the_last_endpoint_gone_nobody_listens(clinic):
    (endpoint,) = {each.endpoint_id for each in _after_a_booking(clinic)}
    webhooks.remove(clinic.business.id, endpoint)
    assert not business(clinic.business.id).heard
    assert not Delivery.objects.exists()


def _after_a_booking(clinic):
    clinic.book(berlin(3, 10))
    return deliveries()


def test_a_booking_begun_before_the_first_endpoint_was_made_and_written_after_it_is_told(db):
    clinic = Clinic()
    assert not clinic.business.heard  # as a request has read it with its key
    webhooks.create(clinic.business.id, URL, now())
    mia = clinic.book(berlin(3, 10))
    assert types()[0] == "appointment.scheduled"
    assert {each.subject for each in deliveries()} == {mia.id}
