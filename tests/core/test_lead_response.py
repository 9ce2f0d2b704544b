"""A lead, walked through time: from somebody who asks to a booked time, or to a quiet end."""

import pytest

from kept.core.paths import PATHS
from kept.core.paths.lead_response import ENDED, NOT_AGREED, WAITING
from kept.core.policy import DEFAULT_HAND_OFFS, Policy, PolicyError, changed
from tests.core.builders import CUSTOMER, INTEGRATION, STAFF, Asked, later, local, policy

LEAD = PATHS["lead_response"]
NUDGES = ["lead_nudge_first", "lead_nudge_second", "lead_nudge_third", "lead_nudge_fourth"]
STOPS = {
    "a reply": ("replied", CUSTOMER, {}),
    "another enquiry": ("asked_again", CUSTOMER, {}),
    "a booking": ("visit_booked", CUSTOMER, {"origin": "phone"}),
    "a booking elsewhere": ("hand_off_accepted", INTEGRATION, {"to": "appointment"}),
    "a refusal": ("stopped", CUSTOMER, {}),
    "a refusal elsewhere": ("opted_out", CUSTOMER, {"wish": "marketing"}),
    "a person who takes over": ("taken_over", STAFF, {}),
    "a call": ("reached", STAFF, {}),
    "no fit": ("not_a_fit", STAFF, {}),
}


def waiting(state):
    """A lead in this state, two minutes old, that nobody has answered yet."""
    if state == "received":
        return Asked(transport="hangs").after("2m")
    lead = Asked().after("2m")
    if state == "engaged":
        lead.happens("replied", by=CUSTOMER)
    if state == "qualified":
        lead.happens("qualified", by=STAFF)
    assert lead.state == state
    return lead


# In at once


def test_a_lead_is_acknowledged_at_once_and_a_person_is_due():
    lead = Asked()
    assert lead.sent() == ["lead_received"]
    assert lead.state == "acknowledged"
    assert lead.open == {"LEAD_DUE"}
    assert lead.raised[0].due_at == later(lead.start, "5m")


def test_who_comes_at_night_is_due_when_it_opens():
    lead = Asked(due="10h").after("9h")
    assert lead.raised[0].due_at == later(lead.start, "10h")
    assert lead.open == {"LEAD_DUE"}
    assert lead.after("10h").open == {"OWNER_OVERDUE"}


def test_the_letter_alone_makes_it_acknowledged():
    lead = Asked(transport="hangs")
    assert lead.state == "received"
    lead.message("accepted", "lead_ack")
    assert lead.state == "acknowledged"


def test_a_letter_that_is_refused_leaves_the_person_due():
    lead = Asked(transport="refuses")
    assert lead.state == "received"
    assert lead.became("lead_ack") == "failed: mailbox unknown"
    assert lead.open == {"LEAD_DUE"}


def test_a_lead_that_no_letter_reaches_waits_for_a_person():
    lead = Asked(channels=())
    assert lead.became("lead_ack") == "skipped: no channel reaches the customer"
    assert lead.open == {"LEAD_DUE"}
    assert lead.after("200h").sent() == []


def test_who_is_on_the_phone_need_not_be_answered_and_gets_the_link_if_they_want():
    told = Asked("lead_entered", acknowledge=False)
    assert (told.state, told.open, told.sent()) == ("engaged", frozenset(), [])
    assert Asked("lead_entered").sent() == ["lead_received"]


def test_it_is_offered_to_booking_from_the_beginning():
    assert Asked().hand_offs("offered") == ["appointment"]
    assert Asked("lead_entered").hand_offs("offered") == ["appointment"]


# A person is due


@pytest.mark.parametrize("said", ["reached", "not_reached", "responded", "qualified"])
def test_a_person_who_sees_to_it_in_time_keeps_it_from_the_owner(said):
    lead = Asked().after("3m")
    lead.happens(said, by=STAFF)
    assert not lead.open
    assert not lead.after("24h").open


def test_what_nobody_answers_goes_to_the_owner_in_the_place_of_the_first_question():
    lead = Asked().after("6m")
    assert lead.open == {"OWNER_OVERDUE"}
    assert "escalation_replaced" in lead.names()
    lead.happens("reached", by=STAFF)
    assert not lead.open


@pytest.mark.parametrize("kind", ["LEAD_DUE", "OWNER_OVERDUE"])
def test_a_note_counts_as_an_answer(kind):
    lead = Asked().after("6m" if kind == "OWNER_OVERDUE" else "1m")
    lead.happens("escalation_resolved", by=STAFF, kind=kind, reason="called; she will think")
    assert not lead.open
    assert lead.case.facts["touched"]


def test_every_message_that_waits_has_its_own_time():
    lead = Asked().after("1m")
    lead.happens("reached", by=STAFF)
    lead.after("60m").due(answer_by="15m").happens("replied", by=CUSTOMER)
    assert lead.open == {"LEAD_DUE"}
    assert lead.after("76m").open == {"OWNER_OVERDUE"}
    lead.happens("responded", by=STAFF)
    lead.after("120m").due(answer_by="15m").happens("replied", by=CUSTOMER)
    assert lead.after("136m").open == {"OWNER_OVERDUE"}


def test_a_second_message_does_not_give_us_more_time():
    lead = Asked().after("3m")
    lead.happens("replied", by=CUSTOMER)
    assert lead.after("6m").open == {"OWNER_OVERDUE"}
    lead.happens("replied", by=CUSTOMER)
    assert lead.open == {"OWNER_OVERDUE"}


def test_whom_no_letter_reaches_is_tried_three_times():
    lead = Asked(channels=())
    for attempt in range(3):
        lead.due(try_again="24h", answer_by="24h15m").happens("not_reached", by=STAFF)
        assert not lead.open
        lead.until(later(lead.now, "25h"))
        assert bool(lead.open) is (attempt < 2)
    lead.after("800h")
    assert (lead.state, lead.case.facts["result"]) == ("unreachable", "unreachable")


def test_whom_letters_reach_is_not_called_for_ever():
    lead = Asked().due(try_again="24h")
    lead.happens("not_reached", by=STAFF)
    assert not lead.after("30h").open


# Nudges


def test_the_whole_way_of_somebody_who_never_answers():
    lead = Asked()
    lead.happens("not_reached", by=STAFF)
    lead.after("400h")
    assert lead.sent() == ["lead_received", *["lead_nudge"] * 4]
    assert [local(at) for at, _ in lead.posted] == [
        "Wed 10:00",
        "Wed 12:00",
        "Thu 10:00",
        "Sat 10:00",
        "Wed 10:00",
    ]
    assert lead.state == "stale"
    assert not lead.waiting()


def test_who_was_qualified_is_nudged_anew_and_never_gets_more_than_six_letters():
    lead = Asked().after("80h")
    assert len(lead.sent()) == 4
    lead.happens("qualified", by=STAFF, service="x")
    assert lead.case.facts["service"] == "x"
    assert lead.after("400h").sent() == ["lead_received", *["lead_nudge"] * 5]
    assert lead.became("lead_nudge_third", 2) == "void: message_accepted"


def test_who_qualifies_may_keep_the_rest_to_themselves():
    lead = Asked().after("1m")
    lead.happens("qualified", by=STAFF, offer=False)
    assert lead.after("300h").sent() == ["lead_received"]


def test_after_a_written_answer_nothing_is_sent_until_they_are_silent_once_more():
    lead = Asked().after("110m")
    lead.happens("responded", by=STAFF)
    assert lead.after("229m").sent() == ["lead_received"]
    assert lead.after("231m").sent() == ["lead_received", "lead_nudge"]
    assert lead.after("71h").sent() == ["lead_received", "lead_nudge", "lead_nudge"]
    lead.happens("responded", by=STAFF)
    assert len(lead.after("72h").sent()) == 3
    assert len(lead.after("73h").sent()) == 4
    assert lead.after("400h").sent() == ["lead_received", *["lead_nudge"] * 4]


def test_whoever_answers_a_written_answer_is_nudged_no_more():
    lead = Asked().after("1h")
    lead.happens("responded", by=STAFF)
    lead.after("2h").due(answer_by="15m").happens("replied", by=CUSTOMER)
    lead.happens("responded", by=STAFF)
    assert lead.after("300h").sent() == ["lead_received"]


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("state", ["acknowledged", "qualified"])
def test_nudges_end_with(stop, state):
    lead = waiting(state)
    assert {"lead_nudge_first", "lead_nudge_fourth"} <= lead.waiting()
    name, who, data = STOPS[stop]
    lead.happens(name, by=who, **data)
    assert not lead.waiting() & set(NUDGES)
    assert "lead_nudge" not in lead.after("700h").sent()


@pytest.mark.parametrize("stop", STOPS)
def test_a_nudge_already_posted_is_called_back_by(stop):
    lead = waiting("acknowledged")
    lead.transport = "hangs"
    lead.after("3h")
    assert lead.sent()[-1] == "lead_nudge"
    name, who, data = STOPS[stop]
    lead.happens(name, by=who, **data)
    assert ("lead_nudge_first", 1) in lead.withdrawn


def test_a_nudge_keeps_to_the_hours_and_gives_way_to_other_letters():
    lead = Asked(policy=policy(quiet_hours=["08:00", "10:30"])).after("30h")
    assert local(lead.sent_at("lead_nudge")) == "Thu 09:00"


def test_who_has_refused_before_gets_the_answer_and_no_nudges():
    lead = Asked(not_to_write={"marketing": "they refused suggestions"}).after("300h")
    assert lead.sent() == ["lead_received"]
    assert lead.became("lead_nudge_first") == "skipped: they refused suggestions"


def test_a_lead_from_a_missed_call_without_address_gets_no_letters_once_somebody_took_over():
    lead = Asked(channels=())
    lead.happens("taken_over", by=STAFF)
    assert lead.case.facts["taken_over"] == str(STAFF)
    assert lead.open == {"LEAD_DUE"}  # they still wait for a call


def test_who_was_taken_over_gets_no_letters_for_being_qualified_later():
    lead = waiting("acknowledged")
    lead.happens("taken_over", by=STAFF)
    lead.happens("qualified", by=STAFF)
    assert lead.state == "qualified"
    assert lead.after("300h").sent() == ["lead_received"]


def test_whoever_took_a_lead_over_may_give_the_offering_back():
    lead = waiting("acknowledged")
    lead.happens("taken_over", by=STAFF)
    lead.happens("qualified", by=STAFF, offer=True)
    assert lead.after("3h").sent() == ["lead_received", "lead_nudge"]


# Asked again


def test_the_same_enquiry_once_more_changes_nothing_and_is_kept():
    lead = Asked().after("1m")
    lead.happens("enquiry_joined", by=CUSTOMER)
    assert lead.after("3h").sent() == ["lead_received", "lead_nudge"]


@pytest.mark.parametrize("state", sorted(WAITING))
def test_who_asks_again_later_gets_a_letter_and_a_person(state):
    lead = waiting(state)
    lead.transport = "accepts"
    lead.until(later(lead.now, "20m")).due(enquired="0m", answer_by="15m")
    lead.happens("asked_again", by=CUSTOMER)
    assert lead.sent().count("lead_received") == 2
    assert lead.case.facts["unanswered"]
    assert lead.open & {"LEAD_DUE", "OWNER_OVERDUE"}


def test_nobody_can_be_sent_more_than_six_acknowledgements_of_one_lead():
    lead = Asked()
    for _ in range(9):
        lead.until(later(lead.now, "20m")).due(enquired="0m", answer_by="15m")
        lead.happens("asked_again", by=CUSTOMER)
    assert lead.sent() == ["lead_received"] * 6
    assert lead.case.facts["unanswered"]


# The end


@pytest.mark.parametrize("state", sorted(WAITING))
@pytest.mark.parametrize("origin", ["page", "phone", "api", "walk_in", None])
def test_a_booking_through_any_door_accepts_the_lead(state, origin):
    lead = waiting(state)
    lead.happens("visit_booked", about="A1", **({"origin": origin} if origin else {}))
    assert lead.state == "booked"
    assert lead.case.facts["appointment"] == "A1"
    assert lead.hand_offs("accepted") == ["appointment"]
    assert "hand_off_accepted" in lead.names()
    assert not lead.open
    assert not lead.waiting()


def test_a_time_that_is_moved_is_no_new_booking():
    lead = Asked().after("1m")
    assert "cannot be done" in lead.refusal("visit_booked", origin="move").detail
    assert lead.state == "acknowledged"


def test_a_lead_that_a_program_refused_is_booked_all_the_same():
    lead = Asked().after("1m")
    lead.happens("hand_off_rejected", by=INTEGRATION, to="appointment", reason="no such service")
    assert "HANDOFF_NOT_ACCEPTED" in lead.open
    lead.happens("visit_booked", origin="page")
    assert (lead.state, lead.hand_offs("rejected")) == ("booked", ["appointment"])
    assert not lead.open


def test_a_program_that_takes_the_lead_over_ends_it_here():
    lead = Asked().after("1m")
    lead.happens("hand_off_accepted", by=INTEGRATION, to="appointment")
    assert (lead.state, lead.case.facts["result"]) == ("booked", "booked elsewhere")


ENDS = {"stopped": "opted_out", "not_a_fit": "not_a_fit", "gave_up": "unreachable"}


@pytest.mark.parametrize("state", sorted(WAITING))
@pytest.mark.parametrize("event", ENDS)
def test_an_end_takes_the_offer_back_and_closes_every_question(state, event):
    lead = waiting(state)
    lead.happens(event, by=STAFF)
    assert (lead.state, lead.case.facts["result"]) == (ENDS[event], ENDS[event])
    assert lead.hand_offs("withdrawn") == ["appointment"]
    assert not lead.open
    assert lead.after("900h").state == ENDS[event]


@pytest.mark.parametrize("agreed", [True, False])
def test_a_stale_lead_goes_to_reactivation_only_with_consent(agreed):
    lead = Asked(hand_offs={} if agreed else NOT_AGREED).after("337h")
    assert lead.state == "stale"
    assert lead.hand_offs("offered") == (["reactivation"] if agreed else [])
    assert lead.after("420h").open == ({"HANDOFF_NOT_ACCEPTED"} if agreed else frozenset())


@pytest.mark.parametrize(("said", "offered"), [("opted_out", []), ("agreed", ["reactivation"])])
def test_what_they_say_of_letters_meanwhile_counts_at_the_end(said, offered):
    lead = Asked(hand_offs={} if said == "opted_out" else NOT_AGREED).after("10h")
    lead.happens(said, wish="marketing")
    assert lead.after("337h").state == "stale"
    assert lead.hand_offs("offered") == offered


def test_the_policy_says_where_a_stale_lead_goes():
    nowhere = policy(hand_offs={**DEFAULT_HAND_OFFS, "stale": []})
    lead = Asked(policy=nowhere, hand_offs={}).after("337h")
    assert (lead.state, lead.hand_offs("offered")) == ("stale", [])
    with pytest.raises(PolicyError, match="follow_up follows only completed"):
        changed(Policy(), {"hand_offs": {**DEFAULT_HAND_OFFS, "stale": ["follow_up"]}})


def test_every_word_from_the_person_begins_the_two_weeks_anew():
    lead = Asked().after("300h")
    lead.due(answer_by="15m").happens("replied", by=CUSTOMER)
    assert lead.after("400h").state == "engaged"
    assert lead.after("640h").state == "stale"


@pytest.mark.parametrize("state", sorted(ENDED))
def test_nothing_may_be_asked_of_a_lead_that_has_ended(state):
    assert LEAD.allowed(state) == ()


def test_who_gives_an_address_afterwards_is_acknowledged_after_all():
    lead = Asked(channels=()).after("1m")
    lead.happens("contact_changed", channels=["email"])
    lead.happens("policy_changed")
    assert lead.sent() == ["lead_received"]
    assert lead.state == "acknowledged"


def test_news_of_messages_is_heard_after_the_end():
    lead = Asked(transport="hangs")
    lead.happens("stopped", by=CUSTOMER)
    for became in ("delivered", "delayed", "incomplete", "doubtful"):
        lead.message(became, "lead_ack")
    assert lead.state == "opted_out"
