"""`kept leads`, `kept lead`, `kept lead-mail`, `kept hand-offs`: who asks, on a terminal."""

import json

LETTER = """From: Ida Asks <ida@example.com>
To: hello@example.com
Subject: A question
Message-ID: <1@example.com>

Are you free on Friday?
"""
NEWS = LETTER.replace("Message-ID", "List-Id: <news.example.com>\nMessage-ID")
SPEED = {
    "acknowledged": {"p50": None, "p90": None},
    "acknowledged_60s": {"count": 0, "of": 1, "share": 0.0},
    "attended": {"count": 0, "of": 0, "share": None},
    "booked_share": 0.0,
}
# One process asks everything: starting one costs more than what it does.
ASK = """
import json, sys
from click.testing import CliRunner
from kept.cli.commands import kept
def ask(words, given):
    done = CliRunner().invoke(kept, words.split(), input=given)
    return done.exit_code, done.stdout, done.stderr
print(json.dumps([ask(*each) for each in json.loads(sys.stdin.read() or QUESTIONS)]))
"""


def ask(studio, *questions):
    """What each of these commands answers: its code, what it says, and what is wrong."""
    asked = [each if isinstance(each, tuple) else (each, "") for each in questions]
    return json.loads(studio.python(f"QUESTIONS = {json.dumps(asked)!r}\n{ASK}"))


def test_who_asks_is_taken_listed_and_told(studio):
    taken, news, listed, none, table, fast, drawn, on = ask(
        studio,
        ("lead-mail", LETTER),
        ("lead-mail", NEWS),
        "leads --json",
        "leads --state stale --json",
        "leads",
        "leads --speed --json",
        "leads --speed",
        "hand-offs --json",
    )
    reference = taken[1].strip()
    assert "not written by a person" in news[2]
    [row] = json.loads(listed[1])
    assert (row["reference"], row["who"], row["source"]) == (reference, "Ida Asks", "mail")
    assert (row["state"], row["unanswered"]) == ("received", True)
    assert json.loads(none[1]) == []
    assert "Ida Asks" in table[1]
    everything, mail = json.loads(fast[1])["sources"]
    assert (everything["source"], mail["source"]) == ("all", "mail")
    assert SPEED.items() <= mail.items()
    assert "person 5 min" in drawn[1]
    nothing = {"offered": 0, "waiting": 0, "not_in_time": 0, "not_in_time_share": None}
    assert json.loads(on[1]) == {"days": 30, "paths": [{"to": "all", **nothing}]}
    told, plain, person = ask(
        studio,
        f"lead {reference.lower()} --json",
        f"lead {reference}",
        f"person {reference.lower()}",
    )
    assert person[1].startswith("Ida Asks")
    story = json.loads(told[1])
    assert [each["words"] for each in story["enquiries"]] == ["A question\nAre you free on Friday?"]
    assert {each["kind"] for each in story["escalations"]} == {"LEAD_DUE"}
    assert [each["to"] for each in story["hand_offs"]] == ["appointment"]
    assert "by mail" in plain[1]


def test_what_there_is_not_is_refused(studio):
    refused = {
        "lead XXX-XXXXX": (1, "There is no lead 'XXX-XXXXX'; `kept leads` lists them."),
        "lead XXX-XXXXX --json": (1, "There is no lead 'XXX-XXXXX'; `kept leads` lists them."),
        "leads --state eaten --json": (1, "There is no state 'eaten'; choose from open, received"),
        "leads --business quay": (1, "There is no business 'quay'"),
        "lead-mail --business quay": (1, "There is no business 'quay'"),
        "hand-offs --business quay --json": (1, "There is no business 'quay'"),
        "leads --speed --days many": (2, "'many' is not a valid integer"),
    }
    answers = ask(studio, *refused)
    for (code, said), (answered, out, wrong) in zip(refused.values(), answers, strict=True):
        assert (answered, out) == (code, "")
        assert said in wrong
