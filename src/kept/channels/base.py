"""What every channel for letters promises: a letter in, evidence out.

    TransportError     the letter was not handed over, as far as we know
    ├── Refused        the server read it, or part of it, and said no
    ├── Unreachable    nobody took it: no connection, no sign-in, or it broke before the end
    └── Interrupted    the end was sent and no answer came: it may have been taken

The caller needs two bits to decide what to do next, and every error carries them. `permanent`:
trying the same again cannot help. `doubt`: the server may have it, so sending again may be the
second copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal, Protocol

HAND_OVER_LIMIT = 50.0
"""Seconds after which `hand_over` has ended, whatever the server does. A lease on a letter must be
longer, or a second worker sends it while the first still waits for its answer."""


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address and the name shown with it."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail to one person, final: nothing in it is looked up or worded later."""

    sender: Address
    recipient: Address
    subject: str
    text: str
    html: str
    message_id: str
    """With its angle brackets: `<…@domain>`. The same letter handed over twice keeps it."""
    date: datetime
    reply_to: Address | None = None
    return_path: str = ""
    """Where bounces go (the envelope's sender); the sender's address when empty."""
    calendar: bytes | None = None
    calendar_method: Literal["REQUEST", "CANCEL"] | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """More headers: only `X-…`, `List-…` and `Feedback-ID`."""
    begin_by: float | None = None
    """By the machine's monotonic clock: later than this not a word of it is sent any more. What it
    says may no longer be so; the attempt fails for now, without doubt."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transport accepted the letter. Acceptance is not delivery: that is told later, or never."""

    detail: str
    """The server's last words."""
    provider_id: str = ""
    """What the provider calls it, when it said so; empty otherwise."""


class TransportError(Exception):
    """The letter was not handed over."""

    def __init__(self, detail: str, *, permanent: bool = False, doubt: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.permanent = permanent
        self.doubt = doubt

    def __str__(self) -> str:
        return f"{type(self).__doc__} {self.detail}"


class Refused(TransportError):
    """The letter was refused."""

    def __init__(
        self,
        detail: str,
        *,
        permanent: bool,
        code: int = 0,
        at: Literal["letter", "sender", "recipient", "content"] = "content",
    ) -> None:
        super().__init__(detail, permanent=permanent)
        self.code = code
        """The server's reply code; 0 when we refused it ourselves, before anything was sent."""
        self.at = at
        """What was refused. Only `recipient` with `permanent` says that the address is bad."""


class Unreachable(TransportError):
    """The mail server could not be used."""


class Interrupted(TransportError):
    """The connection broke after the letter was sent and before the server answered."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, doubt=True)


class Transport(Protocol):
    """Hands letters over, one at a time. Belongs to one thread; keeps at most one connection."""

    @property
    def name(self) -> str:
        """What to call it in evidence and logs, without secrets."""

    @property
    def capable_of_invitations(self) -> bool:
        """True when a calendar part arrives as an invitation, not as a mere file."""

    def prepare(self) -> None:
        """Connect and sign in, or check that the connection kept from before still lives.

        To be called before a letter is marked as handed over, so that the moment between the mark
        and the sending, in which a crash leaves doubt, is as short as can be. Raises
        `Unreachable`.
        """

    def hand_over(self, letter: Letter) -> Receipt:
        """Give the letter to the server and return what it said. Raises `TransportError`.

        Ends within `HAND_OVER_LIMIT`.
        """

    def close(self) -> None:
        """Let the connection go. The next letter opens a new one."""
