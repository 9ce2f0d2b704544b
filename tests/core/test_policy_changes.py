"""A policy changes while appointments wait: planned anew, once, and nothing goes out late."""

from dataclasses import replace

from tests.core.builders import Visit, later, policy


def change(visit, **data):
    visit.case = replace(visit.case, policy=policy(**data))
    return visit.happens("policy_changed")


def test_24_hours_become_48_and_the_reminder_moves_with_them_once():
    visit = Visit("96h")
    decision = change(visit, first_reminder="48h")
    assert [control.name for control in decision.controls] == ["first_reminder"]
    assert visit.control("first_reminder").due_at == visit.before("48h")
    visit.until(visit.start)
    assert visit.sent().count("first_reminder") == 1
    assert visit.sent_at("first_reminder") == visit.before("48h")


def test_48_hours_become_24_after_the_reminder_went_and_it_does_not_go_again():
    visit = Visit("96h", policy=policy(first_reminder="48h"))
    visit.until(visit.before("40h"))
    change(visit)
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]


def test_a_reminder_whose_time_the_change_put_into_the_past_goes_at_once():
    visit = Visit("96h")
    visit.until(visit.before("36h"))
    change(visit, first_reminder="48h")
    assert visit.sent() == ["confirmation", "first_reminder"]


def test_switched_off_it_is_skipped_and_switched_on_it_is_back():
    visit = Visit("96h")
    change(visit, switched_off=["first_reminder"])
    assert visit.became("first_reminder") == "skipped: switched off by policy"
    change(visit)
    assert visit.became("first_reminder") == "planned"
    visit.until(visit.start)
    assert visit.sent().count("first_reminder") == 1


def test_what_a_change_skipped_is_planned_again_when_it_is_changed_back_while_it_is_of_use():
    """Typed 2h by mistake, put right a minute later: in between the time of 48h had passed."""
    visit = Visit("96h", policy=policy(first_reminder="48h"))
    visit.until(visit.before("48h1m"))
    change(visit, first_reminder="2h")
    assert visit.became("first_reminder") == "skipped: too late to be of use"
    visit.until(visit.before("47h59m"))
    change(visit, first_reminder="48h")
    assert visit.sent() == ["confirmation", "first_reminder"]
    assert visit.sent_at("first_reminder") == visit.before("47h59m")


def test_switched_on_after_its_time_it_goes_at_once_while_it_is_of_use():
    visit = Visit("96h", policy=policy(switched_off=["first_reminder"]))
    visit.until(visit.before("23h"))
    change(visit)
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]


def test_switched_on_when_it_is_of_no_use_any_more_it_stays_skipped():
    visit = Visit("96h", policy=policy(switched_off=["first_reminder"]))
    visit.until(visit.before("2h"))
    change(visit)
    assert visit.became("first_reminder") == "skipped: switched off by policy"
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "final_reminder"]


def test_a_first_reminder_is_not_brought_back_after_the_final_one():
    early = {"final_reminder": "30h", "first_reminder": "48h"}
    visit = Visit("96h", policy=policy(**early, switched_off=["first_reminder"]))
    visit.until(visit.before("20h"))
    assert visit.sent() == ["confirmation", "final_reminder"]
    change(visit, **early)
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "final_reminder"]


def test_what_a_person_held_is_not_brought_back_by_a_policy():
    visit = Visit("96h")
    visit.happens("change_requested")
    visit.until(visit.before("20h"))
    change(visit, first_reminder="48h")
    visit.happens("acknowledged")
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "final_reminder"]


def test_no_policy_change_confirms_anything_again():
    visit = Visit("96h")
    for hours in range(20, 30):
        change(visit, first_reminder=f"{hours}h")
    assert visit.sent() == ["confirmation"]


def test_a_message_on_its_way_goes_on_its_way():
    visit = Visit("96h")
    visit.transport = "hangs"
    visit.until(visit.before("24h"))
    change(visit, switched_off=["first_reminder"])
    assert visit.withdrawn == []
    visit.message("accepted", "first_reminder")
    assert visit.became("first_reminder") == "done"


def test_quiet_hours_that_begin_while_a_reminder_waits_do_not_send_it_at_night():
    visit = Visit("96h", start=later(Visit().start, "13h30m"))  # 23:30
    visit.until(visit.before("24h1m"))  # 23:29 the evening before
    change(visit, quiet_hours=["08:00", "21:00"])
    assert visit.sent() == ["confirmation"]
    visit.until(visit.start)
    assert visit.sent_at("first_reminder") == visit.before("15h30m")  # 08:00 on the day


def test_nothing_changes_when_the_same_policy_is_saved_again():
    visit = Visit("96h")
    decision = change(visit)
    assert (decision.controls, decision.post, decision.raised) == ((), (), ())


def test_a_duty_that_the_path_no_longer_knows_ends_with_the_old_path():
    visit = Visit("96h")
    old = replace(visit.control("first_reminder"), name="third_reminder")
    visit.case = replace(visit.case, controls=(*visit.case.controls, old))
    visit.until(visit.start)
    assert visit.became("third_reminder") == "void: no longer part of the path"
