"""Missed calls, text messages and mail: signed, once, and of one business."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from kept.clock.queries import real_now
from kept.leads import mail, queries, receiving, sources
from kept.leads.models import Enquiry, Heard, Lead
from kept.lib import signing
from kept.people.queries import has_refused
from tests.leads.clinic import (
    PHONE,
    Clinic,
    Post,
    asks,
    berlin,
    go_to,
    lead,
    letters,
    now,
    open_kinds,
    state,
)

SMS = {"from": "+44 20 7946 0123", "text": "Are you free on Friday?"}


@pytest.fixture
def clinic(db):
    clinic = Clinic()
    go_to(berlin(1, 10))
    return clinic


def source(clinic, kind="sms", **more):
    return sources.create(clinic.business, kind, "Provider", now(), **more)


def call(source, said, *, secret=None, id_="msg_1", at=None, kind="application/json", body=None):
    """A call signed by Standard Webhooks."""
    body = json.dumps(said).encode() if body is None else body
    stamp = int((at or real_now()).timestamp())
    signed = signing.headers([secret or source.secret], id_, stamp, body)
    return Client().post(f"/in/{source.id}", body, content_type=kind, headers=signed)


def form(source, secret, sent=None, **fields):
    """A call signed as telephony providers sign; `sent`: other fields than those signed."""
    url = f"{settings.BASE_URL}/in/{source.id}"
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    mac = base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest())
    headers = {"X-Twilio-Signature": mac.decode()}
    kind = "application/x-www-form-urlencoded"
    return Client().post(
        f"/in/{source.id}", urlencode(sent or fields), content_type=kind, headers=headers
    )


def test_a_text_message_is_an_enquiry(clinic):
    assert call(source(clinic), SMS).status_code == 204
    found = queries.of_case(Lead.objects.get().pk)
    assert (found.source, found.customer.phone) == ("sms", "+442079460123")
    assert Enquiry.objects.get().words == "Are you free on Friday?"


def test_a_missed_call_asks_for_a_call_back_and_not_for_letters(clinic):
    assert call(source(clinic, "missed_call"), {"from": "020 7946 0123"}).status_code == 204
    found = Lead.objects.get()
    assert letters(go_to(now() + timedelta(minutes=4))) == []
    assert state(found) == "received"
    assert Lead.objects.get().customer.name == "+44 20 7946 0123"


def test_a_caller_we_know_gets_a_letter_that_says_we_missed_the_call(clinic):
    clinic.book(berlin(9, 10), contact={"email": "mia@example.com", **PHONE})
    call(source(clinic, "missed_call"), {"from": PHONE["phone"]})
    post = go_to(now() + timedelta(minutes=1))
    [letter] = [each for each in post.letters if "lead_ack" in each.headers["X-Kept"]]
    assert "we missed your call" in letter.subject


def test_the_telephony_shape(clinic):
    provider = source(clinic, "sms", secret="the provider's own token")
    fields = {"From": "+442079460123", "Body": "Hello & you?", "MessageSid": "SM1"}
    answer = form(provider, "the provider's own token", **fields)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    assert form(provider, "the provider's own token", **fields).status_code == 200
    assert Enquiry.objects.get().words == "Hello & you?"


@pytest.mark.parametrize(("status", "count"), [("no-answer", 1), ("busy", 1), ("completed", 0)])
def test_only_a_call_that_nobody_picked_up_is_missed(clinic, status, count):
    calls = source(clinic, "missed_call", secret="token")
    fields = {"From": "+442079460123", "CallSid": "CA1", "CallStatus": status}
    assert form(calls, "token", **fields).status_code == 200
    assert Lead.objects.count() == count


# Forged, old, again


def forged(clinic):
    one, other = source(clinic), source(clinic, "sms", secret="token")
    fields = {"From": "+442079460123", "Body": "x", "MessageSid": "SM1"}
    yield call(one, SMS, secret=signing.new_secret())
    yield call(one, SMS, at=real_now() - timedelta(minutes=6))
    yield call(one, SMS, at=real_now() + timedelta(minutes=6))
    yield Client().post(f"/in/{one.id}", json.dumps(SMS), content_type="application/json")
    yield form(other, "another token", **fields)
    yield form(other, "", **fields)
    # A secret of the one shape signs nothing in the other.
    yield call(other, SMS, secret=signing.new_secret())
    # One business's secret opens no other one's door.
    theirs = source(Clinic(name="Other House"))
    yield call(theirs, SMS, secret=one.secret)
    unknown = type("Source", (), {"id": clinic.business.id, "secret": one.secret})
    yield call(unknown, SMS)


def test_what_is_not_signed_by_the_source_is_refused_and_says_nothing(clinic):
    said = {(answer.status_code, answer.content) for answer in forged(clinic)}
    assert said == {(401, b"Not signed by this source.\n")}
    assert Lead.objects.count() == Heard.objects.count() == 0


def test_what_was_changed_on_the_way_is_refused(clinic):
    one = source(clinic)
    signed = signing.headers([one.secret], "1", int(real_now().timestamp()), b'{"from": "a"}')
    body = json.dumps(SMS).encode()
    answer = Client().post(f"/in/{one.id}", body, content_type="application/json", headers=signed)
    assert answer.status_code == 401


def test_one_signature_is_taken_once_however_its_fields_are_cut(clinic):
    one = source(clinic, "sms", secret="token")
    fields = {"From": "+442079460123", "Body": "x", "MessageSid": "SM1"}
    again = {"From": "+442079460123", "Body": "x", "MessageS": "idSM1"}
    assert form(one, "token", **fields).status_code == 200
    assert form(one, "token", sent=again, **fields).status_code == 200
    assert Enquiry.objects.count() == 1


def test_the_same_call_again_is_taken_once(clinic):
    one = source(clinic)
    for _ in range(3):
        assert call(one, SMS).status_code == 204
    assert Enquiry.objects.count() == 1
    assert call(one, SMS, id_="msg_2").status_code == 204
    assert Enquiry.objects.count() == 2


def test_a_secret_is_rotated_without_losing_anything(clinic):
    one = source(clinic)
    before = one.secret
    after = sources.rotate(clinic.business.id, one.id, real_now())
    assert after.secret != before
    assert call(one, SMS, secret=before, id_="1").status_code == 204
    assert call(after, SMS, id_="2").status_code == 204
    after.previous_until = real_now()
    after.save()
    assert call(one, SMS, secret=before, id_="3").status_code == 401
    sources.revoke(clinic.business.id, one.id, now())
    assert call(after, SMS, id_="4").status_code == 401


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"from": "anonymous"}', b"{}"])
def test_what_says_nothing_is_refused_and_may_be_sent_again(clinic, body):
    one = source(clinic)
    assert call(one, None, body=body).status_code == 422
    assert Heard.objects.count() == 0


def test_too_much_and_something_else_is_refused(clinic):
    one = source(clinic)
    assert call(one, {**SMS, "text": "x" * 70_000}).status_code == 413
    assert call(one, SMS, kind="text/plain").status_code == 415
    assert Client().get(f"/in/{one.id}").status_code == 405


def test_what_was_heard_is_forgotten_in_time(clinic):
    call(source(clinic), SMS)
    assert sources.forget_heard(real_now() + timedelta(seconds=1)) == 1


@pytest.mark.parametrize("word", ["STOP", "stop.", "Unsubscribe", " opt out "])
def test_a_word_that_means_stop_stops_at_once(clinic, word):
    booked = clinic.book(berlin(9, 10), contact=PHONE)
    asked = lead(clinic, "sms", contact=PHONE)
    assert call(source(clinic), {**SMS, "text": word}).status_code == 204
    assert state(asked) == "opted_out"
    assert has_refused(booked.customer_id, "marketing")
    assert Lead.objects.count() == 1


def test_a_sentence_with_the_word_in_it_is_read_by_a_person(clinic):
    call(source(clinic), {**SMS, "text": "Where is the bus stop?"})
    assert state(Lead.objects.get()) == "received"


# Mail


def letter(text="Do you treat heels?", sender="Mia Wong <mia@example.com>", **headers):
    message = EmailMessage()
    message["From"], message["Subject"] = sender, "A question"
    message["Message-ID"] = headers.pop("id", "<1@example.com>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def test_a_letter_is_an_enquiry_once(clinic):
    for _ in range(2):
        mail.take(clinic.business, letter(), now())
    [asked] = Enquiry.objects.all()
    assert asked.words == "A question\nDo you treat heels?"
    assert queries.of_case(asked.lead_id).customer.name == "Mia Wong"


def test_an_answer_to_our_letter_belongs_to_its_lead_whoever_it_is_from(clinic):
    asked = lead(clinic)
    post = Post()
    post.deliver()
    answer = letter(
        "Friday is fine.\n\n> our words",
        sender="mia@work.example.com",
        In_Reply_To=post.letters[0].message_id,
    )
    assert mail.take(clinic.business, answer, now()).lead == asked
    assert state(asked) == "engaged"
    assert queries.last_enquiry(asked).words == "A question\nFriday is fine."
    assert letters(go_to(now() + timedelta(days=8))) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.example.com>"},
        {"Return_Path": "<>"},
        {"sender": "harbour@example.com"},
        {"sender": "nobody"},
    ],
)
def test_what_no_person_wrote_is_no_enquiry(clinic, headers):
    assert mail.take(clinic.business, letter(**headers), now()) is None
    assert Lead.objects.count() == 0


OURS = "mx.example.com"


@pytest.mark.parametrize(
    ("results", "forged"),
    [
        ([f"{OURS}; dkim=fail; spf=pass; dmarc=fail (p=none) header.from=example.com"], True),
        ([f"{OURS}; dkim=fail; spf=fail; dmarc=pass"], False),
        ([f"{OURS} 1; spf=fail smtp.mailfrom=x.example.com; dkim=none"], True),
        ([f"{OURS}; spf=fail; dkim=fail; dkim=pass header.d=example.com"], False),
        ([f"{OURS}; none"], False),
        (["elsewhere.example.com; dmarc=fail"], False),
        # On top stands what our own host has written; below it, what came with the message.
        ([f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass"], True),
        ([f"{OURS} (dmarc=pass); dmarc=fail"], True),
        # What the sender chose stands in quotes or in brackets, and is no result.
        ([f'{OURS}; spf=fail smtp.mailfrom="x; dmarc=pass "@example.com; dmarc=fail'], True),
        ([f"{OURS}; spf=fail (said (as) x; dmarc=pass ); dmarc=fail"], True),
        ([f"{OURS}; dmarc=pass; dmarc=fail"], True),
    ],
)
def test_who_is_not_who_they_say_is_received_and_waits_for_a_person(
    clinic, settings, results, forged
):
    settings.MAIL_HOSTS = frozenset({OURS})
    head = b"".join(f"Authentication-Results: {each}\r\n".encode() for each in results)
    taken = mail.take(clinic.business, head + letter(), now())
    assert open_kinds(taken.lead) == {"LEAD_DUE"}
    sent = letters(go_to(now() + timedelta(days=10)))
    assert [each for each in sent if each.startswith("lead_")] == sent
    assert bool(sent) is not forged
    if forged:
        [event, *_] = queries.timeline(taken.lead).events
        assert event.reason == mail.FORGED


def test_a_forged_letter_to_an_open_lead_sends_nobody_a_letter(clinic, settings):
    settings.MAIL_HOSTS = frozenset({OURS})
    asked = lead(clinic)
    go_to(now() + timedelta(hours=1))
    forged = f"Authentication-Results: {OURS}; dmarc=fail\r\n".encode() + letter()
    assert mail.take(clinic.business, forged, now()).lead == asked
    assert letters(go_to(now() + timedelta(minutes=5))) == []
    assert Enquiry.objects.count() == 2


def test_letters_in_the_names_of_many_are_received_and_answered_by_a_person(clinic, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_BY_MAIL", 3)

    def write(number):
        who = f"P{number} <p{number}@example.com>"
        return mail.take(clinic.business, letter(sender=who, id=f"<{number}@x.com>"), now()).lead

    many = [write(number) for number in range(6)]
    assert letters(go_to(now() + timedelta(minutes=1))) == ["lead_ack"] * 3
    asked = [open_kinds(each) for each in many]
    assert asked[2:5] == [{"LEAD_DUE"}, {"LEAD_DUE", "TOO_MANY_ASK"}, {"LEAD_DUE"}]
    # A form is not by mail, and an hour later it is over.
    assert letters(go_to(now() + timedelta(hours=2)))[:3] == ["lead_nudge_first"] * 3
    write(7)
    assert letters(go_to(now() + timedelta(minutes=1))) == ["lead_ack"]


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"From: a@example.com\r\n\r\n\x00\xff"])
def test_nothing_that_is_sent_breaks_the_door(clinic, raw):
    mail.take(clinic.business, raw, now())


def test_markup_is_read_as_words(clinic):
    message = EmailMessage()
    message["From"] = "mia@example.com"
    message.set_content("<style>p {}</style><p>Do <b>you</b>?</p>", subtype="html")
    mail.take(clinic.business, message.as_bytes(), now())
    assert "".join(Enquiry.objects.get().words.split()) == "Doyou?"


def test_mail_comes_by_a_signed_call_too(clinic):
    door = source(clinic, "mail")
    answer = call(door, None, body=letter(), kind="message/rfc822")
    assert answer.status_code == 204
    assert Lead.objects.get().source == "mail"
    assert asks(clinic).joined


HOSTILE = [
    b"From: <@a,@b:",
    b'From: "',
    b"From: " + b"(" * 5000 + b" mia@example.com",
    b"From: mia@example.com\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 1200,
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_mail_that_cannot_be_read_is_no_enquiry_and_no_failure(clinic, raw):
    assert mail.take(clinic.business, raw + b"\r\n\r\nHello", now()) is None


@pytest.mark.parametrize("opened", ["<", "<script", "<style>", "<a "])
def test_a_mail_full_of_open_markup_is_read_at_once(opened):
    """Each of these would take hours if what is never closed were looked for from each of them."""
    assert len(mail.MARKUP.sub(" ", opened * 200_000)) <= 200_000 * len(opened)


def test_a_mail_holds_nothing_that_cannot_be_kept(clinic):
    raw = (
        b"From: mia@example.com\r\nSubject: H\0i\r\nMessage-ID: <1\0@example.com>\r\n"
        b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800 there"
    )
    mail.take(clinic.business, raw, now())
    enquiry = Enquiry.objects.get()
    assert enquiry.words == "Hi\n? there"
    assert "\0" not in enquiry.key


def test_a_message_holds_nothing_that_cannot_be_kept(clinic):
    body = b'{"from": "+442079460123", "text": "A\\u0000 \\ud83d"}'
    assert call(source(clinic), None, body=body).status_code == 204
    assert Enquiry.objects.get().words == "A ?"


def test_of_the_letters_a_mail_may_answer_only_the_first_are_looked_up(
    clinic, django_assert_max_num_queries
):
    named = b" ".join(b"<%032x.lead_received.1@x>" % each for each in range(1000))
    raw = b"From: mia@example.com\r\nReferences: " + named + b"\r\n\r\nHello"
    with django_assert_max_num_queries(mail.MOST_NAMED + 60):
        mail.take(clinic.business, raw, now())
