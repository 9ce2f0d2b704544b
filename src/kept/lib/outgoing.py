"""Requests to addresses that somebody typed in: guarded, so that nobody reads our own network.

The name is resolved here, every address it has is checked, and the connection goes to the address
that was checked. Nothing resolves it a second time, so a name that changes its address in between
(DNS rebinding) gains nothing. Over TLS it is still the name that must be in the certificate.

Redirects are not followed. A request has one deadline for all of it, however slowly the other side
talks, and of the answer only the beginning is read.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore

from kept.lib.env import Network

TIMEOUT = 15.0
LARGEST_ANSWER = 2000  # octets that are read and kept
MOST_ADDRESSES = 8
CONNECT = 5.0  # seconds for one address, so that a dead one leaves time for the next

Address = IPv4Address | IPv6Address
LookUp = Callable[[str, int], list[str]]

# RFC 6052: an IPv4 address written into an IPv6 one, which a gateway may translate back. Where it
# stands in the local prefix (RFC 8215) each network decides: that one is called nowhere.
NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291: all that is given out today
# IANA's registries of special addresses, where older versions of Python do not know them.
SPECIAL = tuple(
    ip_network(each)
    for each in ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")
)
# What browsers and C libraries read as IPv4: 127.1, 0x7f000001, 0177.0.0.1, 2130706433.
NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


class Forbidden(ValueError):
    """This address may not be called. The message says why, and what to do."""


class NoAnswer(Exception):
    """Nothing came back, or not in time. The message is short and for people."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: its status, the headers (names in lower case), how the body begins."""

    status: int
    headers: Mapping[str, str]
    text: str


def check_url(url: str, allowed: Sequence[Network] = ()) -> None:
    """Refuse what can be seen from the text alone. Raises Forbidden.

    `allowed`: networks of the operator's own that may be called, also without TLS.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Forbidden(NOT_AN_ADDRESS) from error
    if re.search(r"[\x00-\x20\x7f\\]", url) or not url.isascii():
        raise Forbidden(NOT_AN_ADDRESS)
    if parts.scheme not in ({"https", "http"} if allowed else {"https"}):
        raise Forbidden("Give an address that begins with https://.")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise Forbidden("Leave out the user name and password: the signature says who sends.")
    if parts.fragment or not host or port == 0:
        raise Forbidden(NOT_AN_ADDRESS)
    if (address := literal(host)) is not None:
        _require(address, allowed, tls=parts.scheme == "https")


NOT_AN_ADDRESS = "Give a whole address like https://example.com/hooks (letters as xn--...)."
PRIVATE = (
    "leads into a private network, which events are not sent to unless whoever runs this "
    "installation allows it (KEPT_WEBHOOK_NETWORKS)."
)


def literal(host: str) -> Address | None:
    """The address that a host is by itself; None for a name. Raises Forbidden for odd spellings."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    labels = host.removesuffix(".").split(".")
    if NUMBER.fullmatch(labels[-1]) or not all(map(LABEL.fullmatch, labels)):
        raise Forbidden(f"{host[:80]!r} is neither a name nor an address in its usual spelling.")
    return None


def is_public(address: Address) -> bool:
    """True for what lies on the open internet: whatever of it is written inside of it, too."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False  # what was once set apart for sites (fec0::/10), and what is not given out
    if any(address.version == each.version and address in each for each in SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> IPv4Address | None:
    """The IPv4 address inside of an IPv6 one: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address.teredo is not None:
        return address.teredo[1]
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    low = int(address) & 0xFFFFFFFF
    compatible = int(address) >> 32 == 0 and low > 0xFFFF
    if compatible or address in NAT64:
        return IPv4Address(low)
    return None


def _require(address: Address, allowed: Iterable[Network], *, tls: bool) -> None:
    plain = _inner(address) or address
    if any(each.version == plain.version and plain in each for each in allowed):
        return
    if not is_public(address):
        raise Forbidden(f"{address} {PRIVATE}")
    if not tls:
        raise Forbidden("Give an address that begins with https://: this one is public.")


def look_up(host: str, port: int) -> list[str]:
    """Every address of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class _Guarded(httpcore.NetworkBackend):
    """Connects only where it is allowed to, and keeps to one deadline."""

    def __init__(self, allowed: Sequence[Network], tls: bool, until: float, names: LookUp) -> None:
        self._allowed, self._tls, self._until, self._names = allowed, tls, until, names
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        problem: Exception = httpcore.ConnectError("the name has no address")
        for address in self._checked(host, port):
            wait = min(CONNECT, _left(self._until))
            try:
                stream = self._plain.connect_tcp(str(address), port, timeout=wait)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _InTime(stream, self._until)
        raise problem

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise Forbidden("A socket of this machine is not called.")

    def _checked(self, host: str, port: int) -> list[Address]:
        """Its addresses, if every one of them may be called: one of two would be tried in turn."""
        given = literal(host)
        names = [str(given)] if given is not None else self._names(host, port)
        addresses = [ip_address(each.partition("%")[0]) for each in names[:MOST_ADDRESSES]]
        for address in addresses:
            _require(address, self._allowed, tls=self._tls)
        return addresses


class _InTime(httpcore.NetworkStream):
    """A stream whose every step ends by the deadline of the whole."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._until))
        return _InTime(stream, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float) -> float:
    """Seconds left; raises when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("out of time")
    return left


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """The authorities everybody trusts, and those of this machine."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Sequence[Network] = (),
    timeout: float = TIMEOUT,
    names: LookUp = look_up,
    trust: ssl.SSLContext | None = None,
) -> Reply:
    """POST once, without following a redirect. Raises Forbidden, NoAnswer.

    Ends within `timeout` seconds, and what the resolver of this machine takes.
    """
    check_url(url, allowed)
    until = time.monotonic() + timeout
    guard = _Guarded(allowed, urlsplit(url).scheme == "https", until, names)
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=trust or _trust(), network_backend=guard, max_connections=1
            ) as pool,
            pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
        ):
            return _reply(response)
    except httpcore.TimeoutException as error:
        raise NoAnswer(f"no answer within {timeout:.0f} seconds") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise NoAnswer(_said(error)) from error


def _reply(response: httpcore.Response) -> Reply:
    headers = {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in response.headers}
    return Reply(response.status, headers, _beginning(response))


def _beginning(response: httpcore.Response) -> str:
    """The status has come, and that is what counts: a body that breaks off changes nothing."""
    found = b""
    try:
        for part in response.iter_stream():
            found += part
            if len(found) >= LARGEST_ANSWER:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError):
        pass
    return found[:LARGEST_ANSWER].decode("utf-8", "replace").replace("\x00", "")


def _said(error: BaseException) -> str:
    """Why, in a line: the innermost reason is the one that helps."""
    text = re.sub(r"^\[Errno -?[0-9]+\] ", "", str(error).strip()) or type(error).__name__
    return " ".join(text.split())[:250]
