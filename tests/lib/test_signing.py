"""Signatures between programs (Standard Webhooks 1.0)."""

import base64

import pytest

from kept.lib import signing
from kept.lib.signing import BadSignature

# The example that the specification publishes.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def given(**changes):
    headers = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}
    return {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}


def test_the_published_example_comes_out():
    assert signing.signature(SECRET, ID, AT, BODY) == SIGNATURE
    assert signing.headers([SECRET], ID, AT, BODY) == given()


def test_a_message_is_taken_from_who_holds_the_secret():
    assert signing.verify([SECRET], given(), BODY, AT) == (ID, AT)
    assert signing.verify([signing.new_secret(), SECRET], given(), BODY, AT + 299) == (ID, AT)
    both = f"v1a,bm90IG91cnM= {signing.signature(signing.new_secret(), ID, AT, BODY)} {SIGNATURE}"
    assert signing.verify([SECRET], given(webhook_signature=both), BODY, AT)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_id": "msg_other"},
        {"webhook_id": ""},
        {"webhook_timestamp": str(AT + 1)},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "now"},
        {"webhook_timestamp": "٣"},
        {"webhook_timestamp": "9" * 5000},
        {"webhook_signature": ""},
        {"webhook_signature": SIGNATURE.removeprefix("v1,")},
        {"webhook_signature": SIGNATURE.replace("v1,", "v1a,")},
        {"webhook_signature": SIGNATURE[:-4]},
        {"webhook_signature": "v1,ü"},
    ],
)
def test_anything_else_is_refused(changes):
    with pytest.raises(BadSignature):
        signing.verify([SECRET], given(**changes), BODY, AT)


def test_another_body_another_secret_and_another_time_are_refused():
    for secrets, body, now in (
        ([SECRET], BODY + b" ", AT),
        ([signing.new_secret()], BODY, AT),
        ([], BODY, AT),
        ([SECRET], BODY, AT + 301),
        ([SECRET], BODY, AT - 301),
    ):
        with pytest.raises(BadSignature):
            signing.verify(secrets, given(), body, now)


def test_a_new_secret_is_as_long_as_the_specification_wants():
    made = signing.new_secret()
    assert made.startswith("whsec_")
    assert len(base64.b64decode(made.removeprefix("whsec_"))) == 32
    assert made != signing.new_secret()
