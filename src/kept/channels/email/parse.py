"""Which transport a URL means.

    smtp://user:password@mail.example.com:25        in clear; for a server on a trusted network
    smtp+tls://user:password@mail.example.com:587   encrypted by STARTTLS, or not at all
    smtps://user:password@mail.example.com:465      encrypted from the first octet
    inbox:                                          the demo: no letter leaves
    none:                                           not set up yet: every letter waits

A user name or password with special characters is written with percent signs: `@` is `%40`.
Options: `?timeout=10` seconds for each answer, `?final_timeout=40` for the answer after the
letter, `?helo=desk.example.com` the name to greet with.
"""

from collections.abc import Callable
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from kept.channels.base import HAND_OVER_LIMIT, Letter, Receipt, Transport, Unreachable
from kept.channels.email.inbox import InboxTransport
from kept.channels.email.smtp import Encryption, Server, SmtpTransport

_FORMS = "smtp://, smtp+tls://, smtps://, inbox: or none:"
_ENCRYPTION: dict[str, Encryption] = {"smtp": "none", "smtp+tls": "starttls", "smtps": "tls"}
_PORT = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_OPTIONS = {"timeout", "final_timeout", "helo"}
_ESCAPES = "; if the user or password holds one of : / ? # @ % write it as %3A %2F %3F %23 %40 %25"


class NotConfigured:
    """Stands where a mail server should be: refuses every letter for now, and says what to set."""

    name = "none"
    capable_of_invitations = False

    def prepare(self) -> None:
        raise Unreachable("no mail server is set: set KEPT_EMAIL_URL")

    def hand_over(self, letter: Letter) -> Receipt:
        raise Unreachable("no mail server is set: set KEPT_EMAIL_URL")

    def close(self) -> None:
        pass


def from_url(url: str) -> Callable[[], Transport]:
    """A maker of transports; call it once in each thread that sends.

    Raises ValueError with a sentence that says what to do. No error repeats the URL: it may hold
    a password.
    """
    parts = _split(url)
    if parts.scheme == "none" or not url.strip():
        return NotConfigured
    if parts.scheme == "inbox":
        return InboxTransport
    server = server_of(url)
    return lambda: SmtpTransport(server)


def server_of(url: str) -> Server:
    """The SMTP server a URL means. Raises ValueError as `from_url` does."""
    parts = _split(url)
    if parts.scheme not in _ENCRYPTION:
        raise ValueError(f"the mail server's URL must begin with {_FORMS}")
    return _server(parts)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url.strip())
    except ValueError:
        # `from None`: the original message quotes the URL.
        raise ValueError("the mail server's URL cannot be read; check its brackets") from None


def _server(parts: SplitResult) -> Server:
    if not parts.hostname:
        raise ValueError("the mail server's URL has no host; write smtp://mail.example.com:25")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError(f"the mail server's URL goes on after the host and port{_ESCAPES}")
    options = _options(parts.query)
    return Server(
        host=parts.hostname,
        port=_port(parts),
        encryption=_ENCRYPTION[parts.scheme],
        user=unquote(parts.username or ""),
        password=_password(parts),
        timeout=_seconds(options, "timeout", 10.0),
        final_timeout=_seconds(options, "final_timeout", 40.0),
        helo=options.get("helo", ""),
    )


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _PORT[parts.scheme]
    except ValueError:
        raise ValueError(
            f"the port in the mail server's URL is not a number up to 65535{_ESCAPES}"
        ) from None


def _password(parts: SplitResult) -> str:
    if parts.username and parts.password is None:
        raise ValueError("the mail server's URL has a user and no password: write user:password@")
    if parts.password is not None and not parts.username:
        raise ValueError("the mail server's URL has a password and no user: write user:password@")
    return unquote(parts.password or "")


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    if options.keys() - _OPTIONS:
        # The wrong name is not repeated: an unescaped ? in a password would put its rest here.
        raise ValueError(
            "the mail server's URL has an unknown option; there are timeout, final_timeout and "
            f"helo{_ESCAPES}"
        )
    return options


def _seconds(options: dict[str, str], name: str, default: float) -> float:
    try:
        seconds = float(options.get(name, default))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= HAND_OVER_LIMIT:
        raise ValueError(
            f"{name} in the mail server's URL must be seconds, more than 0 and up to "
            f"{HAND_OVER_LIMIT:.0f}"
        )
    return seconds
