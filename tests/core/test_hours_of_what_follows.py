"""At what hours the paths around an appointment write, when nobody has set any.

A letter about a visit that is over goes from 8 to 21, what asks for something from 9 to 20, by the
clock of who is written to. What somebody waits for goes at once, and a reminder at its time.
"""

from datetime import UTC, datetime, time

import pytest

from kept.core.path import Tell
from kept.core.paths import PATHS
from kept.core.policy import Policy, PolicyError, changed, from_data
from kept.core.time import Window, common
from tests.core.builders import AfterVisit, Asked, ComesAgain, Visit, local, policy

# A letter that may go at night: what answers somebody, and what a visit must not begin without.
AT_ANY_HOUR = {
    "confirmation",
    "moved_notice",
    "cancelled_notice",
    "lead_ack",
}


def at(day, hour, minute=0):
    """That wall time in Berlin, in March 2027."""
    return datetime(2027, 3, day, hour - 1, minute, tzinfo=UTC)


def test_every_other_letter_of_every_path_names_the_hours_it_keeps_to():
    free = {
        rule.name
        for path in PATHS.values()
        for rule in path.controls
        if isinstance(rule.does, Tell) and not rule.quiet
    }
    assert free == AT_ANY_HOUR


def test_what_asks_for_something_keeps_to_the_narrower_hours():
    for path in PATHS.values():
        for rule in path.controls:
            if isinstance(rule.does, Tell) and rule.does.purpose != "service":
                assert rule.quiet == "asking_hours", rule.name


@pytest.mark.parametrize(
    ("hour", "control", "sent"),
    [
        (10, "aftercare", "Wed 12:00"),
        (20, "aftercare", "Thu 08:00"),  # two hours later is 22:00
        (22, "how_did_it_go", "Fri 08:00"),
        (6, "how_did_it_go", "Thu 08:00"),
        (20, "how_did_it_go", "Thu 20:00"),
        (20, "next_step_first", "Sun 09:00"),  # 20:00 is too late to ask for something
        (7, "next_step_first", "Sat 09:00"),
    ],
)
def test_after_a_visit_in_the_evening_the_morning_is_waited_for(hour, control, sent):
    visit = AfterVisit(opened=at(10, hour), aftercare=True, comes_again=True).after("400h")
    when = {post.control: moment for moment, post in visit.posted}
    assert local(when[control]) == sent


@pytest.mark.parametrize(("hour", "sent"), [(19, "Wed 19:15"), (21, "Thu 08:00")])
def test_who_was_missed_in_the_evening_is_asked_after_in_the_morning(hour, sent):
    visit = AfterVisit("missed_by_customer", opened=at(10, hour)).after("20h")
    assert local(visit.sent_at("missed_you")) == sent


def test_a_lead_is_answered_at_night_and_nudged_in_the_morning():
    lead = Asked(opened=at(10, 23)).after("20h")
    assert [local(when) for when, _ in lead.posted] == ["Wed 23:00", "Thu 09:00"]


def test_an_invitation_put_off_into_the_night_waits_for_the_morning():
    visit = ComesAgain(policy=policy(invitation_first="14d 05:00"))
    visit.day(0)
    assert local(visit.sent_at("invitation")).endswith("09:00")


def test_a_reminder_one_hour_before_an_early_visit_still_goes():
    visit = Visit("72h", start=at(10, 7)).until(at(10, 7))
    assert local(visit.sent_at("final_reminder")) == "Wed 06:00"


def test_the_hours_are_those_of_who_is_written_to():
    visit = AfterVisit(opened=at(10, 10), recipient_zone="America/New_York").after("60h")
    assert local(visit.sent_at("how_did_it_go")) == "Thu 14:00"  # 08:00 over there


def test_what_to_mind_is_said_although_the_question_goes_in_the_same_hour():
    soon = policy(how_did_it_go="3h")
    visit = AfterVisit(opened=at(10, 20), aftercare=True, policy=soon).after("40h")
    assert visit.sent() == ["aftercare", "how_did_it_go"]


# A policy may set other hours


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({}, "Sat 09:00"),
        ({"asking_hours": ["07:00", "20:00"]}, "Sat 07:00"),
        ({"asking_hours": ["00:00", "00:00"]}, "Sat 06:00"),
        ({"asking_hours": ["11:00", "18:00"]}, "Sat 11:00"),
        ({"quiet_hours": ["10:00", "18:00"]}, "Sat 10:00"),  # not even reminders before that
        ({"quiet_hours": ["06:00", "23:00"]}, "Sat 09:00"),  # reminders may, this may not
    ],
)
def test_a_policy_widens_and_narrows_the_hours(data, sent):
    visit = AfterVisit(opened=at(10, 6), comes_again=True, policy=policy(**data)).after("100h")
    assert local(visit.sent_at("next_step")) == sent


def test_hours_that_share_no_minute_are_refused_and_otherwise_taken():
    with pytest.raises(PolicyError, match="have no hour in common") as refused:
        changed(Policy(), {"quiet_hours": ["21:00", "23:00"]})
    assert str(refused.value).startswith("after_visit_hours (08:00 to 21:00) and quiet_hours")
    assert changed(Policy(), {"quiet_hours": ["19:00", "23:00"]}).window("asking_hours") == Window(
        time(19), time(20)
    )


def test_an_old_policy_that_shares_none_with_the_default_keeps_to_what_it_says():
    old = from_data({"quiet_hours": ["21:00", "23:00"]})
    assert old.window("asking_hours") == old.quiet_hours
    assert Policy().window("quiet_hours") is None


DAY = Window(time(8), time(20))


@pytest.mark.parametrize(
    ("other", "both"),
    [
        (("10:00", "12:00"), ("10:00", "12:00")),
        (("06:00", "09:00"), ("08:00", "09:00")),
        (("18:00", "23:00"), ("18:00", "20:00")),
        (("00:00", "00:00"), ("08:00", "20:00")),
        (("05:00", "05:00"), ("08:00", "20:00")),
        (("18:00", "09:00"), ("18:00", "20:00")),  # two stretches: the longer
        (("20:00", "08:00"), None),
    ],
)
def test_the_hours_that_two_windows_share(other, both):
    window = Window(*map(time.fromisoformat, other))
    shared = both and Window(*map(time.fromisoformat, both))
    assert common(DAY, window) == common(window, DAY) == shared
