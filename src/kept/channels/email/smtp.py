"""SMTP (RFC 5321) on the standard library's smtplib, one command at a time.

`smtplib.sendmail` would do the talking, but it does not say *when* a connection broke, and that
is the question that matters: before the end of the letter nobody has it, after the end somebody
may. So the commands are given one by one, and each failure is named by where it happened:

    connect · EHLO · STARTTLS · AUTH     Unreachable: the server or the set-up, never the letter
    MAIL · RCPT · DATA · final answer    Refused: 4yz for now, 5yz for good (RFC 5321, 4.2.1)
    broken before the final dot          Unreachable: an unfinished letter is thrown away (4.1.1.10)
    broken after it, before the answer   Interrupted: it may have been taken (RFC 1047)
"""

import re
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from kept.channels.base import (
    HAND_OVER_LIMIT,
    Interrupted,
    Letter,
    Receipt,
    Refused,
    Unreachable,
)
from kept.channels.email.mime import ascii_domain, check_address, needs_smtputf8, serialise

Encryption = Literal["none", "starttls", "tls"]
Part = Literal["letter", "sender", "recipient", "content"]

_BROKEN = (smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException, OSError)
_QUEUED_AS = re.compile(r"(?:queued as|queued mail|\bid=)\s*<?([\w.@/-]{4,128})>?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to hand letters over."""

    host: str
    port: int
    encryption: Encryption = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 10.0
    """For each answer."""
    final_timeout: float = 40.0
    """For the answer after the final dot. RFC 5321, 4.5.3.2.6 asks for ten minutes, because giving
    up here makes second copies; but a worker that waits so long sends nothing else, and its lease
    would be over. So we wait as long as the limit allows and then record the doubt."""
    limit: float = HAND_OVER_LIMIT
    """For everything together."""
    helo: str = ""


class _Patience:
    """How long we still wait, over all the steps of one act."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self, at_most: float) -> float:
        """The seconds for the next step. Raises TimeoutError when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it is too slow")
        return min(left, at_most)


class SmtpTransport:
    """Hands letters to one SMTP server over one connection that is kept alive between them."""

    capable_of_invitations = True

    def __init__(self, server: Server, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls
        self._connection: smtplib.SMTP | None = None
        self._patience = _Patience(0)

    @property
    def name(self) -> str:
        return f"smtp {self._server.host}:{self._server.port}"

    def __repr__(self) -> str:
        return f"<SmtpTransport {self.name}>"

    def prepare(self) -> None:
        """Connect and sign in, or ask the kept connection for a sign of life.

        Raises `Unreachable`.
        """
        self._patience = _Patience(self._server.limit)
        if self._connection is not None and not self._lives(self._connection):
            self._drop()
        if self._connection is None:
            self._connection = self._open()

    def hand_over(self, letter: Letter) -> Receipt:
        """Hand the letter over. Raises `Refused`, `Unreachable` or `Interrupted`."""
        check_address(letter.return_path or letter.sender.address, "sender")
        check_address(letter.recipient.address, "recipient")
        octets = serialise(letter)  # what cannot be built must not cost a connection
        self._patience = _Patience(self._server.limit)
        try:
            connection = self._begin(letter, len(octets))
            self._recipient(connection, letter)
            self._content(connection, octets, letter.begin_by)
            self._arm(connection, self._server.final_timeout)
        except Refused as refusal:
            self._recover(refusal)
            raise
        except _BROKEN as error:
            self._drop()
            why = "the connection broke before the letter was sent"
            raise Unreachable(self._said(why, error)) from None
        return self._final_answer(connection)

    def close(self) -> None:
        """Say goodbye and let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_BROKEN):
                connection.quit()
            connection.close()

    # Opening

    def _open(self) -> smtplib.SMTP:
        connection: smtplib.SMTP | None = None
        try:
            connection = self._connect()
            self._arm(connection, self._server.timeout)
            connection.ehlo_or_helo_if_needed()
            if self._server.encryption == "starttls":
                self._arm(connection, self._server.timeout)
                self._start_tls(connection)
            if self._server.user:
                self._arm(connection, self._server.timeout)
                self._sign_in(connection)
        except Unreachable:
            self._abandon(connection)
            raise
        except (*_BROKEN, smtplib.SMTPException, ValueError) as error:
            self._abandon(connection)
            raise Unreachable(self._said(f"no usable connection to {self.name}", error)) from None
        return connection

    def _connect(self) -> smtplib.SMTP:
        # Without a name smtplib asks the DNS who we are, which can hang for as long as the
        # resolver likes.
        helo = self._server.helo or _own_name()
        host, port = self._server.host, self._server.port
        timeout = self._patience.left(self._server.timeout)
        if self._server.encryption == "tls":
            return smtplib.SMTP_SSL(host, port, helo, timeout=timeout, context=self._context())
        return smtplib.SMTP(host, port, helo, timeout=timeout)

    def _start_tls(self, connection: smtplib.SMTP) -> None:
        if not connection.has_extn("starttls"):
            # Going on in clear would hand the password and the letter to whoever removed the offer.
            raise Unreachable(f"{self.name} does not offer STARTTLS; nothing was sent in clear")
        code, answer = connection.starttls(context=self._context())
        if code != 220:
            raise Unreachable(f"{self.name} refused STARTTLS: {self._words(code, answer)}")
        connection.ehlo_or_helo_if_needed()

    def _sign_in(self, connection: smtplib.SMTP) -> None:
        try:
            connection.login(self._server.user, self._server.password)
        except smtplib.SMTPAuthenticationError as error:
            said = self._words(error.smtp_code, error.smtp_error)
            raise Unreachable(
                f"{self.name} did not accept the user name and password: {said}; "
                "check KEPT_EMAIL_URL"
            ) from None
        except UnicodeEncodeError:
            raise Unreachable(
                "the mail server's user name or password has letters beyond ASCII, "
                "which cannot be sent; choose others"
            ) from None
        except smtplib.SMTPNotSupportedError:
            raise Unreachable(
                f"{self.name} offers no sign-in"
                + ("" if self._server.encryption != "none" else "; it may want smtp+tls:// first")
            ) from None

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    # One letter

    def _begin(self, letter: Letter, size: int) -> smtplib.SMTP:
        """MAIL, on the kept connection, or on a new one when the kept one has gone stale.

        A server that closes an idle connection says so in its answer to the next command, with
        421 (RFC 5321, 3.8), or by silence. Nothing of the letter has been said by then, so it is
        said again.
        """
        kept = self._connection
        if kept is not None:
            try:
                self._mail(kept, letter, size)
                return kept
            except _BROKEN:
                self._drop()
            except Refused as refusal:
                if refusal.code != 421:
                    raise
                self._drop()
        self._connection = connection = self._open()
        self._mail(connection, letter, size)
        return connection

    def _mail(self, connection: smtplib.SMTP, letter: Letter, size: int) -> None:
        utf8 = needs_smtputf8(letter)
        if utf8 and not connection.has_extn("smtputf8"):
            raise Refused(
                f"{self.name} cannot take addresses with letters beyond ASCII (RFC 6531)",
                permanent=True,
                at="sender" if letter.recipient.address.isascii() else "recipient",
            )
        options = [f"SIZE={size}"] if connection.has_extn("size") else []
        options += ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        connection.command_encoding = "utf-8" if utf8 else "ascii"
        sender = ascii_domain(letter.return_path or letter.sender.address)
        self._arm(connection, self._server.timeout)
        self._expect(2, "sender", *connection.mail(sender, options))

    def _recipient(self, connection: smtplib.SMTP, letter: Letter) -> None:
        self._arm(connection, self._server.timeout)
        self._expect(2, "recipient", *connection.rcpt(ascii_domain(letter.recipient.address)))

    def _content(self, connection: smtplib.SMTP, octets: bytes, begin_by: float | None) -> None:
        self._arm(connection, self._server.timeout)
        self._expect(3, "letter", *connection.docmd("DATA"))
        if begin_by is not None and time.monotonic() > begin_by:
            # Between its yes to DATA and the first octet nothing has left: the last moment to stop.
            raise smtplib.SMTPServerDisconnected(
                "it took so long that the letter may be out of date"
            )
        body = octets if octets.endswith(b"\r\n") else octets + b"\r\n"
        # RFC 5321, 4.5.2: a line that begins with a dot gets another one, or it would end the
        # letter.
        connection.send(re.sub(rb"(?m)^\.", b"..", body))

    def _final_answer(self, connection: smtplib.SMTP) -> Receipt:
        """Send the final dot and read what became of the letter.

        From the first octet on there is doubt.
        """
        try:
            connection.send(b".\r\n")
            code, answer = connection.getreply()
        except _BROKEN as error:
            self._drop()
            raise Interrupted(self._said(f"{self.name} may have taken it", error)) from None
        if code // 100 not in {2, 4, 5}:
            self._drop()
            raise Interrupted(f"{self.name} gave no clear answer: {self._words(code, answer)}")
        try:
            self._expect(2, "content", code, answer)
        except Refused as refusal:
            self._recover(refusal)
            raise
        words = self._words(code, answer)
        queued = _QUEUED_AS.search(words)
        return Receipt(words, queued[1] if queued else "")

    def _expect(self, first_digit: int, at: Part, code: int, answer: bytes) -> None:
        """RFC 5321, 4.2.1: the first digit decides; what is no answer leaves nothing to rely on."""
        if code // 100 == first_digit:
            return
        if not 400 <= code <= 599:
            raise smtplib.SMTPServerDisconnected(f"unexpected answer {self._words(code, answer)}")
        raise Refused(self._words(code, answer), permanent=code >= 500, code=code, at=at)

    def _recover(self, refusal: Refused) -> None:
        """Make the connection ready for the next letter, or let it go."""
        if (
            refusal.code == 421 or self._connection is None
        ):  # RFC 5321, 3.8: the server is about to close
            self._drop()
            return
        try:
            self._arm(self._connection, self._server.timeout)
            code, _ = self._connection.rset()
        except _BROKEN:
            code = 0
        if code != 250:
            self._drop()

    # The connection

    def _arm(self, connection: smtplib.SMTP, seconds: float) -> None:
        """Let the next step of the conversation take so long, and no longer than is left."""
        if connection.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        connection.sock.settimeout(self._patience.left(seconds))

    def _lives(self, connection: smtplib.SMTP) -> bool:
        try:
            self._arm(connection, self._server.timeout)
            code, _ = connection.noop()
        except _BROKEN:
            return False
        return code == 250

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._abandon(connection)

    @staticmethod
    def _abandon(connection: smtplib.SMTP | None) -> None:
        if connection is not None:
            with suppress(OSError):
                connection.close()

    # Words

    def _said(self, what: str, error: BaseException) -> str:
        """What happened, and what the other side or the system said; never our password."""
        if isinstance(error, smtplib.SMTPResponseException):
            return f"{what}: {self._words(error.smtp_code, error.smtp_error)}"
        return self._without_secrets(f"{what}: {str(error) or type(error).__name__}")

    def _words(self, code: int, answer: bytes | str) -> str:
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        text = " ".join(text.split())[:500]
        return self._without_secrets(f"{code} {text}")

    def _without_secrets(self, text: str) -> str:
        # Some servers repeat the line they did not understand.
        password = self._server.password
        return text.replace(password, "…") if password else text


def _own_name() -> str:
    """Our name for EHLO: the host's if it has a domain, else an address literal (4.1.3)."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"
