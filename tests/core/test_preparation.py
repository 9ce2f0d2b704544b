"""What is to be ready before a visit: asked for once, seen by everybody, and never in the way."""

from datetime import timedelta

import pytest

from kept.core import preparation
from kept.core.preparation import ItemError, checked
from tests.core.builders import CUSTOMER, STAFF, Visit, policy

FORM = {"id": "1", "what": "Fill in the form", "by": "customer", "due": "48h"}
CARD = {"id": "2", "what": "Find your insurance card", "by": "customer", "due": "24h"}
LENSES = {"id": "3", "what": "Order the lenses", "by": "business", "due": "72h"}
REMINDER = "preparation_reminder"


def to_prepare(*items, ahead="96h", **how):
    return Visit(ahead, facts={"to_prepare": list(items)}, **how)


def still_open(visit):
    return [item.what for item in preparation.open_items(visit.case.facts)]


def test_who_has_nothing_to_prepare_is_reminded_of_nothing():
    assert to_prepare().became(REMINDER) == "absent"
    assert to_prepare(LENSES).became(REMINDER) == "absent"  # the business prepares that


def test_when_the_first_of_them_is_due_the_customer_is_reminded_once():
    visit = to_prepare(CARD, FORM).until(to_prepare().start)
    assert visit.sent_at(REMINDER) == visit.before("48h")
    assert [post.control for _, post in visit.posted].count(REMINDER) == 1


def test_what_is_ready_is_not_asked_for_and_the_next_one_takes_its_time():
    visit = to_prepare(CARD, FORM, ahead="96h", policy=policy(first_reminder="12h"))
    visit.happens("item_prepared", by=CUSTOMER, item="1")
    assert visit.control(REMINDER).due_at == visit.before("24h")
    visit.happens("item_prepared", by=CUSTOMER, item="2")
    assert visit.became(REMINDER) == "void: item_prepared"
    assert still_open(visit) == []


def test_a_reminder_at_the_same_time_says_it_too():
    visit = to_prepare(CARD)
    assert visit.became(REMINDER) == "skipped: one message with first_reminder"
    visit.until(visit.start)
    assert visit.became("first_reminder") == "done"


def test_booked_late_the_confirmation_says_it():
    visit = to_prepare(FORM, ahead="49h")
    assert visit.became(REMINDER) == "skipped: booked late: superseded by the confirmation"


def test_an_open_item_is_a_flag_and_no_state():
    visit = to_prepare(CARD, LENSES)
    visit.until(visit.before("23h"))
    assert visit.state == "prepared"
    assert still_open(visit) == ["Find your insurance card", "Order the lenses"]


def test_what_was_said_by_mistake_is_taken_back():
    visit = to_prepare(CARD, FORM)
    visit.happens("item_prepared", by=CUSTOMER, item="1")
    visit.happens("item_reopened", by=STAFF, item="1")
    assert still_open(visit) == ["Find your insurance card", "Fill in the form"]
    assert visit.became(REMINDER) == "planned"


def test_after_an_arrival_it_can_still_be_said():
    visit = to_prepare(CARD)
    visit.until(visit.start)
    visit.happens("arrived", by=STAFF)
    visit.happens("item_prepared", by=STAFF, item="2")
    assert still_open(visit) == []


@pytest.mark.parametrize(
    ("by", "item"), [(CUSTOMER, "3"), (CUSTOMER, "9"), (STAFF, "9"), (CUSTOMER, "1")]
)
def test_only_what_is_open_and_ones_own_can_be_ready(by, item):
    visit = to_prepare(FORM, CARD, LENSES)
    visit.happens("item_prepared", by=STAFF, item="1")
    refused = visit.refusal("item_prepared", by=by, item=item)
    assert "not among what is still to be prepared" in str(refused)


def test_what_may_be_said_is_offered_only_while_there_is_something():
    assert "item_prepared" not in to_prepare(LENSES).refusal("missed", by=CUSTOMER).allowed
    assert "item_prepared" in to_prepare(LENSES).refusal("missed", by=STAFF).allowed
    visit = to_prepare(LENSES)
    assert "not among what was said" in str(visit.refusal("item_reopened", by=STAFF, item="3"))
    visit.until(visit.after_end("1m"))
    assert "over" in str(visit.refusal("item_prepared", by=STAFF, item="3"))


def test_who_probably_does_not_come_is_not_asked_to_prepare():
    visit = to_prepare(FORM)
    visit.happens("change_requested", by=CUSTOMER)
    assert visit.became(REMINDER) == "void: change_requested"


def test_its_time_goes_by_the_clock_on_the_wall_where_it_says_so():
    evening = {**FORM, "due": "2d 18:00"}
    visit = to_prepare(evening)
    due = visit.control(REMINDER).due_at
    assert due == visit.start.replace(hour=17, minute=0) - timedelta(days=2)  # 18:00 in Berlin


def test_the_items_of_a_service_are_written_one_way():
    assert checked([{"what": "  Fill in\n the form "}]) == [
        {"what": "Fill in the form", "by": "customer", "due": "24h"}
    ]
    kept = checked([{"what": "Order", "by": "business", "due": "2880m"}])
    assert preparation.as_facts(kept) == [
        {"id": "1", "what": "Order", "by": "business", "due": "48h"}
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a form", "Give a list"),
        ([{"what": "x"}] * 13, "At most 12"),
        (["a form"], "`what`, `by` and `due`"),
        ([{"what": "x", "who": "me"}], "`what`, `by` and `due`"),
        ([{"what": " "}], "Say what"),
        ([{"what": "x" * 201}], "Say what"),
        ([{"what": "x", "by": "me"}], "neither customer nor business"),
        ([{"what": "x", "due": "2d"}], "is not clear"),
    ],
)
def test_an_item_that_cannot_be_is_refused_in_a_sentence(raw, said):
    with pytest.raises(ItemError, match=said):
        checked(raw)


def test_with_nothing_left_to_prepare_the_start_is_what_counts():
    visit = to_prepare()
    assert preparation.first_due(visit.case) == visit.start
