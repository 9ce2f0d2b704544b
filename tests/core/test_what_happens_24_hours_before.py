"""The normal path, moment by moment: what happens when nothing goes wrong and nobody has to act."""

from tests.core.builders import STAFF, START, Visit, local, policy


def test_what_happens_at_the_moment_of_booking():
    visit = Visit("72h", transport="hangs")
    assert visit.state == "scheduled"
    assert visit.sent() == ["confirmation"]
    assert visit.waiting() == {
        "confirmation",
        "first_reminder",
        "preparation",
        "final_reminder",
        "outcome_due",
        "unresolved",
    }


def test_the_appointment_is_confirmed_when_a_transport_takes_the_confirmation_and_not_before():
    visit = Visit("72h", transport="hangs")
    visit.message("accepted", "confirmation", channel="email")
    assert visit.state == "confirmed"
    assert visit.told[-1].via == "email"
    assert visit.told[-1].evidence == "accepted"
    assert visit.became("confirmation") == "done"


def test_what_happens_24_hours_before():
    visit = Visit("72h")
    visit.until(visit.before("24h1s"))
    assert visit.state == "confirmed"
    assert visit.sent() == ["confirmation"]

    visit.until(visit.before("24h"))

    assert visit.sent() == ["confirmation", "first_reminder"]
    assert visit.state == "prepared"
    assert visit.open == frozenset()


def test_what_happens_1_hour_before():
    visit = Visit("72h")
    visit.until(visit.before("1h1s"))
    assert visit.sent() == ["confirmation", "first_reminder"]
    visit.until(visit.before("1h"))
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]
    assert visit.waiting() == {"outcome_due", "unresolved"}


def test_what_happens_after_the_end_when_nobody_says_anything():
    visit = Visit("72h")
    visit.until(visit.after_end("14m"))
    assert visit.open == frozenset()
    visit.until(visit.after_end("15m"))
    assert visit.open == {"OUTCOME_DUE"}
    assert visit.raised[-1].owner == "staff"
    visit.until(visit.after_end("48h"))
    assert visit.open == {"UNRESOLVED"}
    assert local(visit.control("unresolved").due_at) == "Wed 18:00"
    assert visit.state == "prepared"  # attendance is never assumed


def test_what_happens_after_completion():
    visit = Visit("72h").until(START)
    visit.happens("arrived", by=STAFF)
    visit.until(visit.after_end("5m"))
    visit.happens("completed", by=STAFF)
    assert visit.state == "completed"
    assert visit.hand_offs("offered") == ["follow_up", "reactivation", "reputation"]
    assert visit.case.facts["outcome"] == {
        "value": "completed",
        "at": visit.now.isoformat(),
        "actor": "staff:Grace",
        "source": "staff",
    }
    assert visit.became("outcome_due") == "void: completed"
    assert visit.waiting() == {"hand_offs"}


def test_the_normal_path_asks_nothing_of_anybody():
    visit = Visit("72h").until(START)
    visit.happens("arrived", by=STAFF)
    visit.happens("completed", by=STAFF)
    for path in ("follow_up", "reactivation", "reputation"):
        visit.happens("hand_off_accepted", to=path)
    visit.until(visit.after_end("1000h"))
    assert visit.raised == []
    assert visit.waiting() == set()
    assert visit.became("hand_offs") == "void: hand_off_accepted"


def test_without_any_reminder_the_state_goes_its_way_all_the_same():
    visit = Visit("72h", policy=policy(switched_off=["first_reminder", "final_reminder"]))
    visit.until(START)
    assert visit.state == "prepared"
    assert visit.became("first_reminder") == "skipped: switched off by policy"
    visit.until(visit.after_end("24h"))
    assert visit.open == {"UNRESOLVED"}


def test_the_customer_is_prepared_only_after_the_reminder_has_left():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.before("23h"))
    assert visit.state == "confirmed"
    visit.message("accepted", "first_reminder")
    assert visit.state == "prepared"


def test_the_day_before_at_18_is_a_moment_of_the_wall_clock():
    visit = Visit("72h", policy=policy(first_reminder="1d 18:00"))
    assert local(visit.control("first_reminder").due_at) == "Tue 18:00"
    assert local(visit.control("preparation").due_at) == "Tue 10:00"


def test_who_has_not_answered_is_called_when_the_policy_asks_for_it():
    visit = Visit("72h", policy=policy(ask_acknowledgement=True))
    visit.until(visit.before("24h"))
    assert visit.open == {"UNACKED"}


def test_who_has_answered_is_left_alone_and_is_not_asked_again():
    visit = Visit("72h", policy=policy(ask_acknowledgement=True))
    visit.happens("acknowledged")
    visit.until(START)
    assert visit.became("acknowledgement") == "skipped: no need"
    assert len(visit.said("control_skipped")) == 1
    assert visit.raised == []
