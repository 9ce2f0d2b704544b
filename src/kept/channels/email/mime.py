"""A letter as MIME, in the form that mail programs show as an invitation.

    multipart/mixed                            only with a calendar
    ├── multipart/alternative
    │   ├── text/plain
    │   ├── text/html
    │   └── text/calendar; method=REQUEST      last, and without a disposition
    └── application/ics  invite.ics            for programs that want a file

The calendar part must be the last alternative (RFC 2046, 5.1.4: the last one understood is shown)
and must not be an attachment: Outlook shows an attached one as a plain file, and Thunderbird
hides its buttons when the part has a disposition. Its method parameter must equal the METHOD
inside, in upper case (RFC 6047, 2.4).
"""

import re
from email import policy
from email.header import Header
from email.headerregistry import Address as HeaderAddress
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache

from kept.channels.base import Address, Letter, Refused

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_MESSAGE_ID = re.compile(r"<[^\s<>@]{1,240}@[^\s<>@]{1,240}>")
_OWN_HEADER = re.compile(r"(X|List)-[A-Za-z0-9-]+|Feedback-ID", re.IGNORECASE)
_IDENTIFIERS = {"message-id", "in-reply-to", "references"}
_SHORT_WORDS = re.compile(r"[!-~]{1,60}( [!-~]{1,60})*")
_VERBATIM_LINE = re.compile(r"(?! )[ -~]{0,900}")


class _Verbatim(UnstructuredHeader):
    """Machine-read words, folded at spaces only.

    The standard library encodes any word longer than a line as `=?utf-8?q?…`, which turns a long
    message id into one that no mail program can thread, and a long unsubscribe link into one
    nobody can follow.
    """

    def fold(self, *, policy: policy.Policy) -> str:
        name: str = self.name  # type: ignore[attr-defined]  # set by BaseHeader, mixed in below
        lines = [f"{name}:"]
        for word in str(self).split():
            # 78 columns is what RFC 5322, 2.1.1 recommends; the first word stays with its name.
            if len(lines[-1]) + 1 + len(word) > 78 and lines[-1] != f"{name}:":
                lines.append("")
            lines[-1] += f" {word}"
        return "".join(line + policy.linesep for line in lines)


class _Subject(_Verbatim):
    """Words for people, the first of them always on the line that begins with "Subject:".

    The standard library begins a new line before the first word where all of them would fit on
    one line of their own, and some programs then show a mail without a subject. Where it encodes
    only some of the words, it doubles spaces.
    """

    def fold(self, *, policy: policy.Policy) -> str:
        if "=?" not in str(self) and _SHORT_WORDS.fullmatch(str(self)):
            return super().fold(policy=policy)
        encoded = Header(str(self), "utf-8", maxlinelen=76, header_name="Subject")
        return f"Subject: {encoded.encode(linesep=policy.linesep)}{policy.linesep}"


class _Headers(HeaderRegistry):
    def __getitem__(self, name: str) -> type:
        return self._class_of(name)

    @lru_cache(maxsize=64)  # noqa: B019 - there is one of these, as long as the process lives
    def _class_of(self, name: str) -> type:
        """What a header of this name is: the standard library makes a class for each header."""
        if name.lower() == "subject":
            return type("_SubjectHeader", (_Subject, self.base_class), {})
        if name.lower() in _IDENTIFIERS or _OWN_HEADER.fullmatch(name):
            return type("_VerbatimHeader", (_Verbatim, self.base_class), {})
        return super().__getitem__(name)


# Bodies are encoded to ASCII, so that no server on the way has to know 8BITMIME and no line comes
# near the 998 octets of RFC 5321, 4.5.3.1.6; lines end in CRLF, because servers refuse a bare LF.
POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=_Headers())


def build(letter: Letter) -> EmailMessage:
    """The letter as a message.

    Raises `Refused` (permanent) for one that cannot be sent as it is.
    """
    message = EmailMessage(policy=POLICY)
    _set_headers(message, letter)
    try:
        message.set_content(letter.text, cte=_encoding(letter.text))
        message.add_alternative(letter.html, subtype="html", cte=_encoding(letter.html))
    except UnicodeEncodeError as error:
        raise _unsendable("the text holds half a character") from error
    if letter.calendar is not None:
        _add_calendar(message, letter.calendar, letter.calendar_method)
    return message


def serialise(letter: Letter) -> bytes:
    """The letter as octets for the wire. Addresses beyond ASCII stay as they are (RFC 6532)."""
    return build(letter).as_bytes(policy=POLICY.clone(utf8=needs_smtputf8(letter)))


def needs_smtputf8(letter: Letter) -> bool:
    """True when an address has letters beyond ASCII before the @ (RFC 6531)."""
    addresses = [letter.sender, letter.recipient, *([letter.reply_to] if letter.reply_to else [])]
    return any(not ascii_domain(each.address).isascii() for each in addresses)


def ascii_domain(address: str) -> str:
    """The address with its domain in ASCII, the form every server knows."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def check_address(address: str, what: str) -> None:
    """Refuse what is no address: it would fail later in other words, or mean two people."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or re.search(r"[\s<>,;:()\[\]\"\\\x00-\x1f\x7f]", address):
        raise Refused(
            f"{address!r} is not an e-mail address",
            permanent=True,
            at="recipient" if what == "recipient" else "sender",
        )


def _set_headers(message: EmailMessage, letter: Letter) -> None:
    message["From"] = _mailbox(letter.sender, "sender")
    message["To"] = _mailbox(letter.recipient, "recipient")
    if letter.reply_to:
        message["Reply-To"] = _mailbox(letter.reply_to, "reply_to")
    message["Subject"] = _clean(letter.subject, "subject")
    if letter.date.utcoffset() is None:
        raise _unsendable("the date has no time zone")
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = _identifier(letter.message_id)
    if letter.in_reply_to:
        message["In-Reply-To"] = _identifier(letter.in_reply_to)
    if references := letter.references or ((letter.in_reply_to,) if letter.in_reply_to else ()):
        message["References"] = " ".join(_identifier(each) for each in references)
    # RFC 3834, 5: nobody's holiday notice is to answer this.
    message["Auto-Submitted"] = "auto-generated"
    for name, value in letter.headers.items():
        if not _OWN_HEADER.fullmatch(name):
            raise _unsendable(f"the header {name!r} is not one a letter may bring along")
        if not _VERBATIM_LINE.fullmatch(value):
            raise _unsendable(f"the header {name} is not one line of ASCII")
        message[name] = value


def _add_calendar(message: EmailMessage, calendar: bytes, method: str | None) -> None:
    inside = re.search(rb"^METHOD:(.*)\r$", calendar, re.MULTILINE)
    if method is None or inside is None or inside[1].decode("ascii", "replace") != method:
        # Outlook: "Inbound Mime method and ICAL method mismatch".
        raise _unsendable(f"the calendar's METHOD is not {method}")
    try:
        text = calendar.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unsendable("the calendar is not UTF-8") from error
    # base64 for both, so that the octets arrive as they were built: folded lines and CRLF included.
    message.add_alternative(
        text, subtype="calendar", charset="utf-8", cte="base64", params={"method": method}
    )
    message.add_attachment(
        calendar, maintype="application", subtype="ics", filename="invite.ics", cte="base64"
    )
    for part in list(message.walk())[1:]:
        del part["MIME-Version"]  # it belongs to the message (RFC 2045, 4)


def _encoding(text: str) -> str:
    """Quoted-printable where most of it stays readable in the raw message, else base64."""
    beyond = sum(1 for letter in text if ord(letter) > 126)
    return "quoted-printable" if beyond * 6 < len(text) else "base64"


def _mailbox(person: Address, what: str) -> HeaderAddress:
    check_address(person.address, what)
    address = ascii_domain(person.address)
    local, _, domain = address.rpartition("@")
    return HeaderAddress(_clean(person.name, f"name of the {what}"), local, domain)


def _identifier(value: str) -> str:
    if not _MESSAGE_ID.fullmatch(value) or not value.isascii():
        raise _unsendable(f"{value!r} is not a message id like <name@domain>")
    return value


def _clean(value: str, what: str) -> str:
    """Refuse a line break: it would begin another header, of somebody else's choosing."""
    if _CONTROL.search(value):
        raise _unsendable(f"the {what} holds a line break or a control character")
    return value


def _unsendable(why: str) -> Refused:
    return Refused(why, permanent=True, at="content")
