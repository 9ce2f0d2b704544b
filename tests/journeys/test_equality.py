"""Whether everybody is asked alike is counted, and shown."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kept.appointments import actions as appointments
from kept.core.case import Role
from kept.journeys import actions, equality, queries, reputation
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, now

PAGE = "https://reviews.example.com/harbour"
PEOPLE = ("Mia Wong", "Leo Ek", "Ana Ruiz", "Tom Hall", "Eva Lund", "Kim Day")


@pytest.fixture
def clinic(db):
    made = Clinic()
    reputation.add_link(made.business.id, "Example Reviews", PAGE, now(), DESK)
    return made


def served(clinic, names=PEOPLE, **more):
    """Everybody is served on 2 March, by Ada and Ben in turn."""
    staff = (clinic.ada, clinic.ben)
    booked = [
        clinic.book(berlin(2, 9 + at // 2), staff=staff[at % 2], name=name, **more)
        for at, name in enumerate(names)
    ]
    go_to(berlin(2, 17))
    for each in booked:
        appointments.say(each, "completed", now(), DESK)
    go_to(now())
    return booked


def report(clinic):
    return equality.equality(clinic.business.id, now() - timedelta(days=90), now())


def test_everybody_is_counted_with_the_reason_why_not(clinic):
    _, leo, ana, tom, *_ = served(clinic)
    reputation.mark_insider(clinic.business.id, leo.customer_id, True, now(), DESK)
    how = {"given": False, "source": "letter"}
    actions.record_wish(ana.customer_id, "review", now(), MIA, **how)
    appointments.correct(tom, "missed", now(), DESK, reason="mistaken", by=Role.CUSTOMER)
    assert report(clinic).everybody.waiting == 3
    go_to(now() + timedelta(days=3))
    whole = report(clinic).everybody
    assert (whole.visits, whole.asked, whole.waiting) == (5, 3, 0)
    assert whole.reasons == {"insider": 1, "refused": 1}
    assert (whole.share.count, whole.share.of) == (3, 5)
    assert 0.2 < whole.share.low < 0.6 < whole.share.high < 0.9


def test_it_is_counted_by_service_staff_and_answer(clinic):
    mia, leo, ana, tom, *_ = served(clinic)
    business = clinic.business.id
    for glad in (mia, tom):
        actions.say(business, queries.current(glad.id).id, "went_well", now(), MIA)
    actions.say(business, queries.current(leo.id).id, "went_badly", now(), MIA)
    for told in (ana, tom):  # a complaint is one, wherever it was told, and whatever else was said
        appointments.say(told, "complained", now(), DESK, reason="It hurts.")
    go_to(now() + timedelta(days=16))
    found = report(clinic)
    assert [(g.name, g.visits, g.asked) for g in found.by_answer] == [
        ("no answer", 2, 2),
        ("went badly", 3, 3),
        ("went well", 1, 1),
    ]
    assert [(g.name, g.visits, g.asked) for g in found.by_staff] == [("Ada", 3, 3), ("Ben", 3, 3)]
    assert [g.name for g in found.by_service] == ["Foot care"]
    assert found.unequal == []


def test_who_is_asked_less_than_the_others_shows():
    ada = [equality.Visit("Foot care", "Ada", "no answer", "asked")] * 9
    ben = [equality.Visit("Foot care", "Ben", "no answer", "insider")] * 9
    one, other = equality.groups([*ada, *ben], lambda visit: visit.staff)
    assert [(each.name, each.less) for each in (one, other)] == [("Ada", False), ("Ben", True)]
    few = equality.groups([*ada[:2], *ben[:2]], lambda visit: visit.staff)
    assert not any(each.less for each in few)  # so few say nothing


def test_who_was_just_asked_is_named_and_left_out_of_the_share():
    visits = [equality.Visit("Foot care", "Ada", "no answer", "asked recently")] * 9
    asked = equality.Visit("Foot care", "Ada", "no answer", "asked")
    [ada] = equality.groups([asked, *visits], lambda visit: visit.staff)
    assert (ada.share.count, ada.share.of, ada.reasons) == (1, 1, {"asked recently": 9})


def test_visits_nobody_saw_and_those_of_others_are_not_counted(clinic):
    other = Clinic(name="Other House")
    served(other)
    clinic.book(berlin(4, 10))
    go_to(berlin(5, 10))
    assert report(clinic).everybody.visits == 0
    assert report(clinic).everybody.share is None


def test_what_is_handed_to_nobody_is_said_so(clinic):
    policy = {"built_in": ["follow_up"]}
    appointments.change_policy(clinic.business, policy, now(), DESK)
    served(clinic)
    assert report(clinic).everybody.reasons == {"not handed on": 6}


ANSWERS = st.sampled_from(["went_well", "went_badly", ""])


@given(st.lists(st.tuples(ANSWERS, st.integers(1, 47)), min_size=4, max_size=4))
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_people_answer_everybody_is_asked_in_the_same_words(db, answers):
    with transaction.atomic():
        clinic = Clinic()
        reputation.add_link(clinic.business.id, "Example Reviews", PAGE, now(), DESK)
        booked = served(clinic, PEOPLE[:4])
        letters = _answered(clinic, booked, answers)
        assert len(letters) == 4
        assert len({_without_names(letter) for letter in letters}) == 1
        transaction.set_rollback(True)


def _answered(clinic, booked, answers):
    """The asks that went out until everybody's time was over, whatever was answered when."""
    start, post = now(), None
    for at, each in sorted(zip(answers, booked, strict=True), key=lambda pair: pair[0][1]):
        said, hours = at
        post = go_to(start + timedelta(hours=hours), post)
        if said:
            case = queries.current(each.id)
            actions.say(clinic.business.id, case.id, said, now(), MIA)
    post = go_to(start + timedelta(days=20), post)
    return [each for each in post.letters if "control=review_ask" in each.headers["X-Kept"]]


def _without_names(letter):
    """The words alone: without who it is for, its link and its reference."""
    reference = letter.headers["X-Kept"].split()[0].removeprefix("ref=")
    text = letter.text.replace(letter.recipient.name, "").replace(reference, "")
    return "\n".join(line for line in text.splitlines() if "/a/" not in line)
