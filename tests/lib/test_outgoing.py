"""What leaves this machine for an address somebody typed in, and what does not."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from kept.lib import outgoing
from kept.lib.outgoing import Forbidden, NoAnswer

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
PUBLIC = "93.184.215.14"

PRIVATE = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "64:ff9b:1:7f00:0:100:808:808",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
]


def written(address):
    return f"https://[{address}]/" if ":" in address else f"https://{address}/"


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_as_it_is_written(address):
    with pytest.raises(Forbidden, match="KEPT_WEBHOOK_NETWORKS"):
        outgoing.check_url(written(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_there_is_refused_when_it_is_called(address):
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        with pytest.raises(Forbidden):
            call("https://metadata.example.com/", lambda host, port, found=found: found)


def test_a_scope_does_not_hide_an_address():
    with pytest.raises(Forbidden):
        call("https://printer.example.com/", lambda host, port: ["fe80::1%eth0"])


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::6810:84e5", "::ffff:93.184.215.14"])
def test_a_public_address_is_not(address):
    outgoing.check_url(written(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://127.0.0.0x1/",
        "https://[fe80::1%25eth0]/",
        "https://exa_mple..com/",
        "https://①②⑦.⓪.⓪.①/",
        "https://example.com\\@127.0.0.1/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com/\r\nHost: other",
        "https:///path",
        "https://",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "example.com",
        "",
    ],
)
def test_an_odd_address_is_refused(url):
    with pytest.raises(Forbidden):
        outgoing.check_url(url)


def test_what_the_operator_allows_may_be_called_and_nothing_beside_it():
    mine = (ip_network("10.20.0.0/16"), ip_network("fd12::/16"))
    for good in ("http://10.20.3.4:8080/", "https://10.20.3.4/", "https://[fd12::1]/"):
        outgoing.check_url(good, mine)
    outgoing.check_url("http://[::ffff:10.20.3.4]/", mine)
    for bad in ("http://10.21.0.1/", "http://127.0.0.1/", f"http://{PUBLIC}/"):
        with pytest.raises(Forbidden):
            outgoing.check_url(bad, mine)
    with pytest.raises(Forbidden, match="https"):
        call("http://example.com/", lambda host, port: [PUBLIC], allowed=mine)


def test_the_name_is_resolved_once_and_the_checked_address_is_called():
    """A name that leads elsewhere the second time gains nothing."""
    asked = []

    def names(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with server(b"HTTP/1.1 204 No Content\r\n\r\n") as (port, got):
        reply = call(f"http://hooks.example.com:{port}/x", names)
    assert reply.status == 204
    assert asked == ["hooks.example.com"]
    assert f"Host: hooks.example.com:{port}".encode() in got[0]


def test_it_is_the_name_that_must_be_in_the_certificate():
    """The one there is for 127.0.0.1, and is trusted only where it is said to be."""
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", tls=True) as (port, _):
        assert call(f"https://127.0.0.1:{port}/", trust=trust()).status == 200
        with pytest.raises(NoAnswer, match="ostname mismatch"):
            call(f"https://hooks.example.com:{port}/", lambda h, p: ["127.0.0.1"], trust=trust())
        with pytest.raises(NoAnswer, match="self-signed"):
            call(f"https://127.0.0.1:{port}/")


def test_a_redirect_is_an_answer_and_is_not_followed():
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with server(moved) as (port, got):
        assert call(f"http://127.0.0.1:{port}/").status == 307
    assert len(got) == 1


def test_of_a_huge_answer_only_the_beginning_is_read():
    with server(b"HTTP/1.1 200 OK\r\n\r\n", endless=b"x" * 65536) as (port, _):
        reply = call(f"http://127.0.0.1:{port}/")
    assert reply.text == "x" * outgoing.LARGEST_ANSWER


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "],
    ids=["silence", "a header that never ends"],
)
def test_there_is_one_deadline_however_slowly_somebody_talks(sent):
    with server(sent, drip=b"a") as (port, _):
        began = time.monotonic()
        with pytest.raises(NoAnswer, match="no answer within"):
            call(f"http://127.0.0.1:{port}/", timeout=0.4)
        assert time.monotonic() - began < 2


def test_a_body_that_breaks_off_changes_nothing_about_the_status():
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as (port, _):
        reply = call(f"http://127.0.0.1:{port}/")
    assert (reply.status, reply.text) == (200, "half")


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 999999 Odd\r\n\r\n"])
def test_what_is_no_answer_is_said_so(sent):
    with server(sent) as (port, _), pytest.raises(NoAnswer):
        call(f"http://127.0.0.1:{port}/")


def test_where_nobody_listens_there_is_no_answer():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(NoAnswer, match="efused"):
            call(f"http://127.0.0.1:{port}/")


def test_a_name_that_is_not_known_is_no_answer():
    def unknown(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NoAnswer, match="not known"):
        call("https://nowhere.example.com/", unknown)


def test_the_resolver_of_this_machine_is_asked_for_every_address():
    assert ip_address("127.0.0.1") in map(ip_address, outgoing.look_up("localhost", 80))


# A server to be called


def call(url, names=outgoing.look_up, *, allowed=None, **more):
    """With a port it is one of ours on loopback, which is allowed; without, nothing is."""
    if allowed is None:
        allowed = LOOPBACK if url.count(":") > 1 else ()
    return outgoing.post(url, b"{}", {"X-Test": "1"}, allowed=allowed, names=names, **more)


TLS = Path(__file__).parents[1] / "channels" / "tls"


def trust():
    return ssl.create_default_context(cafile=TLS / "certificate.pem")


def whole_request(connection):
    """Up to the body all of ours have. Who hangs up on what is unread takes the answer away too."""
    request = b""
    while not request.endswith(b"{}") and (more := connection.recv(65536)):
        request += more
    return request


@contextmanager
def server(answer, *, drip=b"", endless=b"", tls=False):
    """Answers every connection with these octets; `drip`: and goes on, an octet at a time."""
    got, stop = [], threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)

    def talk(connection):
        connection.settimeout(5)
        got.append(whole_request(connection))
        connection.sendall(answer)
        while drip and not stop.wait(0.05):
            connection.sendall(drip)
        while endless and not stop.is_set():
            connection.sendall(endless)

    def secured(connection):
        if not tls:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
        return context.wrap_socket(connection, server_side=True)

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            # An error here is only that we hung up on it.
            with suppress(OSError), connection, secured(connection) as talking:
                talk(talking)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], got
    finally:
        stop.set()
        thread.join()
        listener.close()
