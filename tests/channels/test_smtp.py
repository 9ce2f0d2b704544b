"""SMTP against a real server: each failure is named by where it happened."""

import socket
import ssl
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kept.channels.base import Address, Interrupted, Receipt, Refused, TransportError, Unreachable
from kept.channels.email import from_url
from kept.channels.email.smtp import Server, SmtpTransport
from tests.channels.letters import a_letter, with_calendar
from tests.channels.mail_server import MailServer, only, running


def failure(transport, letter=None) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport.hand_over(letter or a_letter())
    return caught.value


def verdict(error):
    return type(error), error.permanent, error.doubt


@pytest.fixture
def served(request):
    """A server that answers as the test says, and a transport that speaks to it."""
    opened = []

    def start(answers=None, **options):
        house = opened_server(answers, **options)
        transport = from_url(house.url)()
        opened.append(transport)
        return house, transport

    def opened_server(answers, **options):
        context = running(MailServer(answers, **options))
        house = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        request.addfinalizer(lambda: [each.close() for each in opened])
        return house

    return start


# What goes well


def test_a_letter_is_accepted_with_the_servers_last_words_and_its_name_for_it(served):
    house, transport = served()
    receipt = transport.hand_over(with_calendar())
    assert receipt == Receipt("250 2.0.0 Ok: queued as 4FxYz81", "4FxYz81")
    (envelope,) = house.letters
    assert envelope.mail_from == "desk@example.com"
    assert envelope.rcpt_tos == ["ann@example.org"]
    assert b".A line that begins with a dot" in envelope.content
    assert b"..A line" not in envelope.content


def test_one_connection_carries_many_letters(served):
    house, transport = served()
    for _ in range(3):
        transport.prepare()
        transport.hand_over(a_letter())
    assert house.connections == 1
    assert len(house.letters) == 3


def test_after_prepare_the_first_word_of_a_letter_is_mail(served):
    house, transport = served()
    transport.prepare()
    ready = len(house.said)
    transport.hand_over(a_letter())
    assert house.commands()[ready:] == ["MAIL", "RCPT", "DATA"]


def test_the_return_path_is_the_envelopes_sender(served):
    house, transport = served()
    transport.hand_over(a_letter(return_path="bounces+x7@example.com"))
    assert house.letters[0].mail_from == "bounces+x7@example.com"


def test_closing_says_goodbye_and_the_next_letter_opens_a_new_connection(served):
    house, transport = served()
    transport.hand_over(a_letter())
    transport.close()
    assert house.commands()[-1] == "QUIT"
    transport.close()
    transport.hand_over(a_letter())
    assert house.connections == 2


# What the server refuses


@pytest.mark.parametrize(
    ("command", "at"),
    [("MAIL", "sender"), ("RCPT", "recipient"), ("DATA", "letter"), ("end of DATA", "content")],
)
@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        ("550 5.1.1 no such user", True),
        ("552 5.2.2 mailbox full", True),
        ("450 4.2.1 try later", False),
        ("451 4.7.1 greylisted", False),
    ],
)
def test_a_refusal_says_what_was_refused_and_whether_for_good(
    served, command, at, answer, permanent
):
    house, transport = served({command: answer})
    error = failure(transport)
    assert verdict(error) == (Refused, permanent, False)
    assert error.at == at
    assert error.code == int(answer[:3])
    assert answer in error.detail
    assert house.letters == []


@pytest.mark.parametrize("command", ["RCPT", "DATA", "end of DATA"])
def test_after_a_refusal_the_same_connection_takes_the_next_letter(served, command):
    house, transport = served({command: "550 5.1.1 no"})
    failure(transport)
    house.answers.clear()
    assert transport.hand_over(a_letter()).provider_id == "4FxYz81"
    assert house.connections == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA", "end of DATA"])
def test_a_server_that_is_closing_refuses_for_now_and_gets_a_new_connection(served, command):
    house, transport = served({command: "421 4.3.2 closing"}, after={})
    assert verdict(failure(transport)) == (Refused, False, False)
    transport.hand_over(a_letter())
    assert house.connections == 2


def test_a_connection_is_let_go_when_the_server_cannot_start_over(served):
    house, transport = served({"RCPT": "550 no", "RSET": "drop"}, after={})
    assert verdict(failure(transport)) == (Refused, True, False)
    transport.hand_over(a_letter())
    assert house.connections == 2


# What breaks, before anybody has the letter


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("fault", ["hang", "drop"])
def test_a_connection_that_breaks_before_the_end_leaves_no_doubt(served, command, fault):
    faults = {command: fault, "HELO": fault} if command == "EHLO" else {command: fault}
    house, transport = served(faults, after={})
    assert verdict(failure(transport)) == (Unreachable, False, False)
    assert house.letters == []
    transport.hand_over(a_letter())
    assert len(house.letters) == 1


def test_a_connection_that_breaks_inside_the_letter_leaves_no_doubt(served):
    house, transport = served({"in DATA": True}, after={})
    # Long enough that it cannot all wait in buffers on the way while the server has gone.
    error = failure(transport, a_letter(text="A line of the letter.\n" * 400_000))
    assert verdict(error) == (Unreachable, False, False)
    transport.hand_over(a_letter())
    assert house.connections == 2


def test_a_server_that_is_slow_at_every_step_is_given_up_before_the_end_of_the_letter(served):
    slow = dict.fromkeys(("EHLO", "MAIL", "RCPT", "DATA"), "slow")
    house, _ = served(slow)
    server = Server("127.0.0.1", house.port, timeout=0.5, final_timeout=0.5, limit=0.8)
    began = time.monotonic()
    with closing(SmtpTransport(server)) as transport:
        assert verdict(failure(transport)) == (Unreachable, False, False)
    assert time.monotonic() - began < 2
    assert house.letters == []


def test_a_server_that_is_slow_within_the_limit_is_waited_for(served):
    house, transport = served(dict.fromkeys(("EHLO", "MAIL", "RCPT", "DATA"), "slow"))
    transport.hand_over(a_letter())
    assert len(house.letters) == 1


def test_a_letter_that_may_be_out_of_date_is_not_begun(served):
    house, transport = served()
    late = replace(a_letter(), begin_by=time.monotonic() - 1)
    with pytest.raises(Unreachable) as caught:
        transport.hand_over(late)
    assert verdict(caught.value) == (Unreachable, False, False)
    assert house.letters == []
    transport.hand_over(replace(late, begin_by=time.monotonic() + 60))
    assert len(house.letters) == 1


def test_nobody_listening_is_for_now():
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        transport = from_url(f"smtp://127.0.0.1:{taken.getsockname()[1]}")()
        assert verdict(failure(transport)) == (Unreachable, False, False)


def test_a_server_that_never_greets_is_for_now():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        transport = from_url(f"smtp://127.0.0.1:{silent.getsockname()[1]}?timeout=0.3")()
        with pytest.raises(Unreachable) as caught:
            transport.prepare()
    assert verdict(caught.value) == (Unreachable, False, False)


# What breaks when somebody may have the letter


@pytest.mark.parametrize("fault", ["hang", "drop", "not an answer", "354 go on"])
def test_no_answer_after_the_final_dot_leaves_doubt(served, fault):
    house, transport = served({"end of DATA": fault}, after={})
    assert verdict(failure(transport)) == (Interrupted, False, True)
    transport.hand_over(a_letter())
    assert house.connections == 2


# A connection gone stale


@pytest.mark.parametrize("fault", ["drop", "421 4.4.2 idle too long", "hang"])
def test_prepare_replaces_a_connection_that_gives_no_sign_of_life(served, fault):
    house, transport = served(after={})
    transport.hand_over(a_letter())
    house.answers["NOOP"] = fault
    transport.prepare()
    transport.hand_over(a_letter())
    assert house.connections == 2
    assert len(house.letters) == 2


@pytest.mark.parametrize("fault", ["drop", "421 4.4.2 idle too long"])
def test_a_kept_connection_that_ends_at_the_first_word_is_replaced(served, fault):
    house, transport = served(after={})
    transport.hand_over(a_letter())
    house.answers["MAIL"] = fault
    transport.hand_over(a_letter())
    assert house.connections == 2
    assert len(house.letters) == 2


def test_a_new_connection_that_ends_at_the_first_word_is_not_tried_for_ever(served):
    house, transport = served({"MAIL": "421 4.7.0 too many connections"})
    assert verdict(failure(transport)) == (Refused, False, False)
    assert house.connections == 1


# Signing in, and encryption

GUARDED = {
    "auth_require_tls": False,
    "authenticator": only("kept", "s3cret/word"),
}


def test_the_right_password_opens_the_door(served):
    house, _ = served(**GUARDED)
    transport = from_url(house.url.replace("//", "//kept:s3cret%2Fword@"))()
    with closing(transport):
        transport.hand_over(a_letter())
    assert len(house.letters) == 1


def test_the_wrong_password_is_a_set_up_to_mend_and_no_fault_of_the_letter(served, caplog):
    house, _ = served(**GUARDED)
    transport = from_url(house.url.replace("//", "//kept:wr0ng-w0rd@"))()
    error = failure(transport)
    assert verdict(error) == (Unreachable, False, False)
    assert "did not accept the user name and password" in error.detail
    assert "KEPT_EMAIL_URL" in error.detail
    for shown in (str(error), repr(error), repr(transport), str(transport), transport.name):
        assert "wr0ng-w0rd" not in shown
    assert "wr0ng-w0rd" not in repr(vars(transport))
    assert "wr0ng-w0rd" not in caplog.text


def test_a_server_that_repeats_the_password_does_not_make_us_repeat_it(served):
    house, _ = served({"EHLO": "500 what is s3cret?", "HELO": "500 what is s3cret?"})
    transport = from_url(house.url.replace("//", "//kept:s3cret@"))()
    error = failure(transport)
    assert "what is" in error.detail
    assert "s3cret" not in str(error)


def test_a_server_without_sign_in_is_said_to_have_none(served):
    house, _ = served()
    transport = from_url(house.url.replace("//", "//kept:s3cret@"))()
    assert "offers no sign-in" in failure(transport).detail


def test_a_password_that_cannot_be_sent_is_said_to_be_one(served):
    house, _ = served(**GUARDED)
    transport = from_url(house.url.replace("//", "//kept:wört@"))()
    error = failure(transport)
    assert "beyond ASCII" in error.detail
    assert "wört" not in str(error)


def test_without_starttls_nothing_is_sent_in_clear(served):
    house, _ = served()
    transport = from_url(house.url.replace("smtp:", "smtp+tls:"))()
    error = failure(transport)
    assert verdict(error) == (Unreachable, False, False)
    assert "STARTTLS" in error.detail
    assert "MAIL" not in house.commands()


def test_a_server_that_speaks_in_clear_is_no_encrypted_server(served):
    house, _ = served()
    transport = from_url(house.url.replace("smtp:", "smtps:"))()
    assert verdict(failure(transport)) == (Unreachable, False, False)


FOLDER = Path(__file__).parent / "tls"


def our_certificate():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "certificate.pem", FOLDER / "key.pem")
    return context


def trusting():
    return ssl.create_default_context(cafile=str(FOLDER / "certificate.pem"))


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_a_letter_travels_encrypted(served, encryption):
    certificate = {"tls" if encryption == "tls" else "starttls": our_certificate()}
    house, _ = served(**certificate)
    server = Server("127.0.0.1", house.port, encryption=encryption)
    with closing(SmtpTransport(server, tls=trusting())) as transport:
        transport.hand_over(a_letter())
        transport.prepare()
        transport.hand_over(a_letter())
    assert house.connections == 1
    assert len(house.letters) == 2
    assert all(house.encrypted)


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtps"])
def test_a_certificate_nobody_vouches_for_is_refused(served, scheme):
    certificate = {"tls" if scheme == "smtps" else "starttls": our_certificate()}
    house, _ = served(**certificate)
    transport = from_url(house.url.replace("smtp:", f"{scheme}:"))()
    error = failure(transport)
    assert verdict(error) == (Unreachable, False, False)
    assert "certificate" in error.detail
    assert house.letters == []


# Letters that cannot be sent as they are


@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@", "a@b@c d", "ann@example.org, bob@example.org", "ann@ex.org>\r\nX"],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(served, address):
    house, transport = served()
    error = failure(transport, a_letter(recipient=Address(address)))
    assert verdict(error) == (Refused, True, False)
    assert (error.at, error.code) == ("recipient", 0)
    assert house.connections == 0


def test_an_address_in_another_script_needs_a_server_that_takes_it(served):
    letter = a_letter(recipient=Address("анна@example.org"))
    house, transport = served(enable_SMTPUTF8=False)
    error = failure(transport, letter)
    assert verdict(error) == (Refused, True, False)
    assert error.at == "recipient"
    assert "beyond ASCII" in error.detail
    transport.hand_over(a_letter())
    assert len(house.letters) == 1


def test_an_address_in_another_script_goes_to_a_server_that_takes_it(served):
    house, transport = served(enable_SMTPUTF8=True)
    transport.hand_over(a_letter(recipient=Address("анна@example.org")))
    transport.hand_over(a_letter())
    assert house.letters[0].rcpt_tos == ["анна@example.org"]
    assert house.letters[0].smtp_utf8
    assert not house.letters[1].smtp_utf8


def test_a_domain_in_another_script_goes_to_any_server(served):
    house, transport = served(enable_SMTPUTF8=False)
    transport.hand_over(a_letter(recipient=Address("ann@bücher.example")))
    assert house.letters[0].rcpt_tos == ["ann@xn--bcher-kva.example"]
