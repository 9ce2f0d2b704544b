"""Event logs: what happened to a case becomes an appointment, whatever the form of the log."""

import gzip
import json
import sqlite3

import pytest

from kept.audit.figures import Grade
from kept.audit.history import Field, Outcome, Stage
from kept.audit.reading import CannotRead, rules
from kept.audit.reading.instants import ASSUMED_ZONE, NO_TIME
from kept.audit.report import audit
from tests.audit.reading.builders import utc

# One case as every form below tells it: (activity, time, what stands beside it).
START, END = "2026-10-05T10:00:00+00:00", "2026-10-05T11:00:00+00:00"
BOOKED = ("booked", "2026-10-01T09:00:00+00:00", {"start": START, "end": END, "price": "45.00"})
STORY = [
    BOOKED,
    ("confirmed", "2026-10-01T09:00:20+00:00", {}),
    ("reminded", "2026-10-04T10:00:00+00:00", {}),
    ("attended", "2026-10-05T09:58:00+00:00", {}),
    ("completed", "2026-10-05T11:02:00+00:00", {}),
]
MOVED = [
    BOOKED,
    ("moved", "2026-10-02T09:00:00+00:00", {"start": "2026-10-06T10:00:00+00:00", "end": ""}),
    ("missed", "2026-10-06T10:30:00+00:00", {}),
]


def table(*stories):
    lines = ["case_id,activity,timestamp,resource,start,end,price"]
    for number, story in enumerate(stories, 1):
        for name, at, beside in story:
            facts = ",".join(beside.get(key, "") for key in ("start", "end", "price"))
            lines.append(f"case-{number},{name},{at},desk,{facts}")
    return "\n".join(lines) + "\n"


def xes(*stories, prefix="", namespace=' xmlns="http://www.xes-standard.org/"', head=""):
    def attribute(key, value):
        return f'<{prefix}string key="{key}" value="{value}"/>' if value else ""

    traces = []
    for number, story in enumerate(stories, 1):
        events = "".join(
            f"<{prefix}event>"
            + attribute("concept:name", name)
            + f'<{prefix}date key="time:timestamp" value="{at}"/>'
            + attribute("org:resource", "desk")
            + "".join(attribute(key, value) for key, value in beside.items())
            + f"</{prefix}event>\n"
            for name, at, beside in story
        )
        name = attribute("concept:name", f"case-{number}")
        traces.append(f"<{prefix}trace>{name}\n{events}</{prefix}trace>\n")
    ignored = f'<{prefix}global scope="event">{attribute("concept:name", "x")}</{prefix}global>'
    body = "".join(traces)
    return f'<?xml version="1.0"?>\n{head}<{prefix}log{namespace}>{ignored}{body}</{prefix}log>\n'


def ocel_events(stories):
    return [
        (name, at, beside, f"appointment-{number}")
        for number, story in enumerate(stories, 1)
        for name, at, beside in story
    ]


def ocel_json(*stories):
    events = [
        {
            "id": f"e{n}",
            "type": name,
            "time": at,
            "attributes": [{"name": key, "value": value} for key, value in beside.items()],
            "relationships": [{"objectId": case, "qualifier": "of"}],
        }
        for n, (name, at, beside, case) in enumerate(ocel_events(stories))
    ]
    objects = [
        {"id": f"appointment-{n}", "type": "appointment"} for n in range(1, len(stories) + 1)
    ]
    return json.dumps({"objectTypes": [], "eventTypes": [], "events": events, "objects": objects})


def ocel_xml(*stories):
    events = "".join(
        f'<event id="e{n}" type="{name}" time="{at}"><attributes>'
        + "".join(f'<attribute name="{key}">{value}</attribute>' for key, value in beside.items())
        + f'</attributes><objects><relationship object-id="{case}" qualifier="of"/></objects>'
        + "</event>"
        for n, (name, at, beside, case) in enumerate(ocel_events(stories))
    )
    objects = "".join(
        f'<object id="appointment-{n}" type="appointment"><attributes/></object>'
        for n in range(1, len(stories) + 1)
    )
    kinds = "<object-types><object-type name='appointment'/></object-types><event-types/>"
    return f"<log>{kinds}<objects>{objects}</objects><events>{events}</events></log>"


def ocel_sqlite(path, *stories):
    path.unlink(missing_ok=True)
    log = sqlite3.connect(path)
    log.executescript(
        """
        CREATE TABLE event (ocel_id TEXT, ocel_type TEXT);
        CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);
        CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT);
        CREATE TABLE object_object
            (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT);
        CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);
        CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT);
        CREATE TABLE object_Appointment (ocel_id TEXT, ocel_time TEXT, ocel_changed_field TEXT);
        INSERT INTO object_map_type VALUES ('appointment', 'Appointment');
        """
    )
    told = ocel_events(stories)
    for name in dict.fromkeys(name for name, *_ in told):
        log.execute(f"CREATE TABLE event_{name} (ocel_id, ocel_time, start, end, price)")
        log.execute("INSERT INTO event_map_type VALUES (?, ?)", (name, name))
    for n in range(1, len(stories) + 1):
        log.execute("INSERT INTO object_Appointment VALUES (?, '', NULL)", (f"appointment-{n}",))
    for n, (name, at, beside, case) in enumerate(told):
        facts = [beside.get(key) for key in ("start", "end", "price")]
        log.execute(f"INSERT INTO event_{name} VALUES (?, ?, ?, ?, ?)", (f"e{n}", at, *facts))
        log.execute("INSERT INTO event_object VALUES (?, ?, 'of')", (f"e{n}", case))
    log.commit()
    log.close()
    return path.read_bytes()


def written(form, tmp_path, *stories):
    if form == "sqlite":
        return ocel_sqlite(tmp_path / "written.sqlite", *stories)
    return {"csv": table, "xes": xes, "json": ocel_json, "xml": ocel_xml}[form](*stories)


FORMS = pytest.mark.parametrize("form", ["csv", "xes", "json", "xml", "sqlite"])


@FORMS
def test_every_form_tells_the_same_story(reader, tmp_path, form):
    history, (first, second) = reader.read(written(form, tmp_path, STORY, MOVED))
    (leg,) = first.legs
    assert (leg.start, leg.end) == (utc(2026, 10, 5, 10), utc(2026, 10, 5, 11))
    assert (leg.booked_at, leg.outcome) == (utc(2026, 10, 1, 9), Outcome.COMPLETED)
    assert leg.entered[Stage.CONFIRMED] == utc(2026, 10, 1, 9, 0, 20)
    assert leg.outcome_at == leg.entered[Stage.COMPLETED] == utc(2026, 10, 5, 11, 2)
    assert str(leg.price) == "45.00"
    assert len(leg.messages) == 1
    old, new = second.legs
    assert (old.outcome, old.outcome_at) == (Outcome.RESCHEDULED, utc(2026, 10, 2, 9))
    assert (new.start, new.outcome) == (utc(2026, 10, 6, 10), Outcome.MISSED)
    assert history.source.knows >= {Field.ATTENDED, Field.MISSED, Field.MOVES, Field.STAGES}
    assert Field.CANCELLED not in history.source.knows


@FORMS
def test_every_form_counts_every_event(reader, tmp_path, form):
    history, _ = reader.read(written(form, tmp_path, STORY, MOVED))
    assert (history.quality.read, history.quality.used) == (8, 8)


@FORMS
def test_an_activity_without_a_meaning_is_refused_by_name(reader, tmp_path, form):
    odd = [*STORY, ("dreamt", END, {})]
    with pytest.raises(CannotRead, match="“dreamt”"):
        reader.open(written(form, tmp_path, odd))


@FORMS
def test_an_activity_can_be_left_out_when_asked(reader, tmp_path, form):
    odd = [*STORY, ("dreamt", END, {})]
    content = written(form, tmp_path, odd)
    assert reader.dropped(content, ask=lambda question: "nothing") == {rules.NOT_ASKED: 1}


@pytest.mark.parametrize("form", ["csv", "xes", "json", "xml"])
def test_a_packed_log_is_read_as_it_is(reader, form):
    content = {"csv": table, "xes": xes, "json": ocel_json, "xml": ocel_xml}[form](STORY)
    assert reader.leg(gzip.compress(content.encode())).outcome is Outcome.COMPLETED


@FORMS
def test_events_out_of_order_tell_the_same_story(reader, tmp_path, form):
    (only,) = reader.read(written(form, tmp_path, STORY[::-1]))[1]
    (same,) = reader.read(written(form, tmp_path, STORY))[1]
    assert only.legs[0].entered == same.legs[0].entered


def test_a_log_ordered_by_time_is_gathered_by_case(reader):
    head, *lines = table(STORY, STORY, MOVED).splitlines()
    mixed = "\n".join([head, *sorted(lines, key=lambda line: line.split(",")[2])])
    told = [appointment.legs[0].outcome for appointment in reader.read(mixed)[1]]
    assert sorted(told) == ["completed", "completed", "rescheduled"]


def test_xes_is_read_with_prefixes_and_without_a_namespace(reader):
    prefixed = xes(STORY, prefix="x:", namespace=' xmlns:x="http://www.xes-standard.org/"')
    for content in (prefixed, xes(STORY, namespace="")):
        assert reader.leg(content).outcome is Outcome.COMPLETED


def test_attributes_of_attributes_are_not_taken_for_the_event_s_own(reader):
    nested = '<string key="note" value="x"><string key="concept:name" value="missed"/></string>'
    content = xes(STORY).replace("</event>", f"{nested}</event>")
    assert reader.leg(content).outcome is Outcome.COMPLETED


def test_only_the_end_of_an_activity_counts(reader):
    begun = xes(STORY).replace(
        '<string key="concept:name" value="completed"/>',
        '<string key="concept:name" value="completed"/>'
        '<string key="lifecycle:transition" value="start"/>',
    )
    assert reader.dropped(begun) == {rules.NOT_FINISHED: 1}


BOMB = '<!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'


@pytest.mark.parametrize("head", [BOMB, '<!DOCTYPE log SYSTEM "file:///etc/passwd">\n'])
def test_entities_are_refused_whatever_they_hold(reader, head):
    with pytest.raises(CannotRead, match="DOCTYPE"):
        reader.read(xes(STORY, head=head))


def test_a_log_that_breaks_off_is_said_with_its_line(reader):
    with pytest.raises(CannotRead, match="Line 4 of"):
        reader.read(xes(STORY)[:500])


def test_without_a_start_the_visit_itself_is_taken_and_said(reader):
    story = [(name, at, {}) for name, at, _ in STORY]
    history, (only,) = reader.read(table(story))
    assert only.legs[0].start == utc(2026, 10, 5, 9, 58)
    assert history.quality.noted == {rules.START_FROM_OUTCOME: 1}
    assert any("does not say when" in note for note in history.source.notes)


def test_without_a_start_what_did_not_take_place_is_left_out(reader):
    story = [("booked", "2026-10-01T09:00Z", {}), ("cancelled", "2026-10-02T09:00Z", {})]
    history, told = reader.read(table(story, STORY))
    assert len(told) == 1
    assert history.quality.dropped == {rules.NO_START: 2}


def test_of_two_outcomes_the_later_counts(reader):
    story = [BOOKED, ("missed", END, {}), ("completed", "2026-10-06T09:00Z", {})]
    assert reader.leg(table(story)).outcome is Outcome.COMPLETED


def test_a_booking_after_a_cancellation_is_the_next_leg(reader):
    again = ("booked", "2026-10-03T09:00Z", {"start": "2026-10-08T10:00Z"})
    story = [
        BOOKED,
        ("cancelled", "2026-10-02T09:00Z", {}),
        again,
        ("missed", "2026-10-09T09:00Z", {}),
    ]
    assert [leg.outcome for leg in reader.legs(table(story))] == [
        Outcome.CANCELLED,
        Outcome.MISSED,
    ]


def test_the_same_event_twice_counts_once(reader):
    assert reader.dropped(table([*STORY, STORY[1]])) == {rules.DUPLICATE: 1}


def test_events_without_a_case_or_a_time_are_dropped(reader):
    content = table(STORY) + ",booked,2026-10-01T09:00Z,desk,,,\ncase-1,booked,soon,desk,,,\n"
    assert reader.dropped(content) == {rules.NO_CASE: 1, NO_TIME: 1}


def test_a_database_that_is_no_log_is_refused(reader, tmp_path):
    path = tmp_path / "other.sqlite"
    log = sqlite3.connect(path)
    log.execute("CREATE TABLE notes (text)")
    log.close()
    with pytest.raises(CannotRead, match=r"no OCEL 2\.0 log"):
        reader.open(path.read_bytes())


def test_objects_say_what_their_events_do_not(reader):
    content = json.loads(ocel_json(STORY))
    content["objects"][0]["attributes"] = [{"name": "service", "value": "Haircut"}]
    content["objects"][0]["relationships"] = [{"objectId": "p1", "qualifier": "for"}]
    content["objects"].append({"id": "p1", "type": "person"})
    (only,) = reader.read(json.dumps(content))[1]
    assert only.legs[0].service == "Haircut"
    assert only.person is not None


def test_a_log_of_our_own_leaves_out_what_is_not_asked(reader):
    story = [
        BOOKED,
        ("message", "2026-10-01T09:00:20+00:00", {}),
        ("hand_off", "2026-10-02T09:00:20+00:00", {}),
        ("cancelled by the business", "2026-10-02T09:00:00+00:00", {"cost:total": "50.00"}),
    ]
    history, (only,) = reader.read(xes(story))
    assert only.legs[0].outcome is Outcome.CANCELLED_BY_BUSINESS
    assert history.quality.dropped == {rules.NOT_ASKED: 2}


@FORMS
def test_times_without_a_zone_are_of_the_business_and_counted(reader, tmp_path, form):
    story = [(name, at.removesuffix("+00:00"), beside) for name, at, beside in STORY]
    history, (only,) = reader.read(written(form, tmp_path, story))
    assert only.legs[0].booked_at == utc(2026, 10, 1, 7)
    assert history.quality.noted == {ASSUMED_ZONE: 5}


def test_a_column_of_its_own_says_the_currency_of_a_table_too(reader):
    lines = table(STORY).splitlines()
    content = "\n".join([f"{lines[0]},currency", *(f"{line},GBP" for line in lines[1:])])
    history = reader.open(content + "\n")
    (appointment,) = history.appointments()
    assert history.source.currency == "GBP"
    assert str(appointment.legs[0].price) == "45.00"
    assert reader.open(table(STORY), name="bare.csv").source.currency == ""


def test_a_reminder_after_a_cancellation_is_found_in_a_log(reader):
    cancelled = ("cancelled", "2026-10-03T09:00:00+00:00", {})
    late = [BOOKED, cancelled, ("reminded", "2026-10-04T10:00:00+00:00", {})]
    clean = [BOOKED, ("reminded", "2026-10-02T10:00:00+00:00", {}), cancelled]
    report = audit(reader.open(table(late, clean, STORY)))
    (found,) = [each for each in report.breaks if each.number == "B4"]
    assert (found.appointments, found.stage, found.grade) == (1, "change", Grade.BOUNDED)
    figure = report.figure("messages_after_change")
    assert [value.raw for value in figure.values] == [1, 3]
    (none,) = [each for each in audit(reader.open(table(clean))).breaks if each.number == "B4"]
    assert (none.appointments, none.sentence[:7]) == (0, "Of what")
