"""A mail server is one URL; a wrong one says what to do and never repeats the password."""

import traceback

import pytest

from kept.channels.base import Unreachable
from kept.channels.email import from_url
from kept.channels.email.parse import server_of
from tests.channels.letters import a_letter


@pytest.mark.parametrize(
    ("url", "port", "encryption"),
    [
        ("smtp://mail.example.com", 25, "none"),
        ("smtp+tls://mail.example.com", 587, "starttls"),
        ("smtps://mail.example.com", 465, "tls"),
        ("smtp://mail.example.com:2525/", 2525, "none"),
        ("smtp://[::1]:2525", 2525, "none"),
    ],
)
def test_the_scheme_decides_port_and_encryption(url, port, encryption):
    server = server_of(url)
    assert (server.port, server.encryption) == (port, encryption)


def test_user_password_and_options_are_read():
    server = server_of("smtps://de%40sk:p%2Fa%3As%23s@mail.example.com?timeout=5&final_timeout=45")
    assert (server.host, server.user, server.password) == ("mail.example.com", "de@sk", "p/a:s#s")
    assert (server.timeout, server.final_timeout) == (5.0, 45.0)
    assert "p/a:s#s" not in repr(server)


def test_each_call_makes_a_transport_of_its_own():
    make = from_url("smtp://mail.example.com")
    assert make() is not make()
    assert make().name == "smtp mail.example.com:25"
    assert make().capable_of_invitations


@pytest.mark.parametrize("url", ["none:", "", "  "])
def test_no_mail_server_refuses_for_now_and_says_what_to_set(url):
    transport = from_url(url)()
    for act in (transport.prepare, lambda: transport.hand_over(a_letter())):
        with pytest.raises(Unreachable) as caught:
            act()
        assert caught.value.detail == "no mail server is set: set KEPT_EMAIL_URL"
        assert not caught.value.permanent
        assert not caught.value.doubt
    transport.close()


def test_the_demo_keeps_everything():
    assert from_url("inbox:")().name == "inbox"


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("mail.example.com", "must begin with smtp://"),
        ("http://user:s3cret@mail.example.com", "must begin with smtp://"),
        ("smtp://", "has no host"),
        ("smtp://user:s3cret@", "has no host"),
        ("smtp://user@mail.example.com", "no password"),
        ("smtp://:s3cret@mail.example.com", "no user"),
        ("smtp://user:s3cret@mail.example.com:mail", "not a number"),
        ("smtp://user:s3cret@mail.example.com:99999", "not a number"),
        ("smtp://user:s3cret/x@mail.example.com", "%2F"),
        ("smtp://user:ab#s3cret@mail.example.com", "%23"),
        ("smtp://user:ab?s3cret@mail.example.com", "%3F"),
        ("smtp://user:s3cret@mail.example.com/path", "%2F"),
        ("smtp://mail.example.com?timeout=soon", "timeout"),
        ("smtp://mail.example.com?timeout=0", "timeout"),
        ("smtp://mail.example.com?timeout=nan", "timeout"),
        ("smtp://mail.example.com?final_timeout=600", "up to 50"),
        ("smtp://mail.example.com?tiemout=s3cret", "unknown option"),
        ("smtp://user:s3cret@[::1", "brackets"),
    ],
)
def test_a_wrong_url_says_what_to_do_and_nothing_of_the_password(url, advice):
    with pytest.raises(ValueError, match="mail server's URL") as caught:
        from_url(url)
    assert advice in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value, limit=0))
    assert "s3cret" not in shown
