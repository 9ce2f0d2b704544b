"""What the audit's pages ask: of which time, and about a foreign file."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path, PurePath
from time import monotonic
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import UploadedFile

from kept.audit.drawing import data, page, sheets
from kept.audit.drawing.figure import Links
from kept.audit.figures import Break, Figure, Report
from kept.audit.reading import CannotRead, Question, open_files
from kept.audit.reading.choosing import NONE as NO_COLUMN
from kept.audit.reading.files import Input, inspect
from kept.audit.reading.mapping import Column
from kept.audit.report import audit
from kept.core.time import day_bounds, local_day

# Of which time

SPANS: Mapping[str, tuple[str, int | None]] = {
    "week": ("Last 7 days", 7),
    "month": ("Last 30 days", 30),
    "quarter": ("Last 90 days", 90),
    "year": ("Last 12 months", 365),
    "all": ("Everything", None),
}
USUAL = "quarter"


@dataclass(frozen=True, slots=True)
class Period:
    """The time that is looked at. What is booked ahead belongs to each but a chosen one."""

    name: str
    begin: datetime | None
    end: datetime | None
    since: date | None = None
    until: date | None = None
    problem: str = ""

    @property
    def query(self) -> str:
        """As it stands in an address."""
        if self.since and self.until:
            return urlencode({"from": self.since.isoformat(), "to": self.until.isoformat()})
        return urlencode({"time": self.name})


def period(asked: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Period:
    """What was asked for: a span by its name, or a first and a last day of the zone.

    What makes no sense is answered with the usual span, and says so in `problem`.
    """
    if asked.get("from") or asked.get("to"):
        return _chosen(asked, now, zone)
    name = asked.get("time", "")
    name = name if name in SPANS else USUAL
    days = SPANS[name][1]
    if days is None:
        return Period(name, None, None)
    first = local_day(now, zone) - timedelta(days=days)
    return Period(name, day_bounds(first, zone)[0], None)


def _chosen(asked: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Period:
    usual = period({}, now, zone)
    wrong = Period(
        usual.name, usual.begin, None, problem="Give a first and a last day, the first not later."
    )
    try:
        since, until = (date.fromisoformat(asked.get(name, "")) for name in ("from", "to"))
        begin, end = day_bounds(since, zone)[0], day_bounds(until, zone)[1]
    except (ValueError, OverflowError):
        return wrong
    return Period("chosen", begin, end, since, until) if since <= until else wrong


# A figure and what lies behind it


def counted(report: Report, name: str) -> Figure | Break | None:
    """The figure of this name, or the break of this number."""
    for each in (report.headline, *report.figures):
        if each.name == name:
            return each
    return next((each for each in report.breaks if each.number == name), None)


# A foreign file

LARGEST = 20 * 1024 * 1024
UNPACKED = 4 * LARGEST  # tables pack about so well; what packs better is no table
MOST_FILES = 8
MOST = 200_000  # appointments: a series of a few letters has thousands
LONGEST = 20.0  # seconds of reading
ELSEWHERE = "On the server (or on your own machine) `kept audit FILE` takes files of any size."


class Unanswered(Exception):
    """The file leaves questions open; they are in `questions`."""

    def __init__(self, questions: Sequence[Asked]) -> None:
        super().__init__("The file leaves questions open.")
        self.questions = questions


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the name of its field, and what was answered to it or is most likely."""

    name: str
    question: Question
    answer: str

    @property
    def key(self) -> str:
        return fingerprint(self.question)

    @property
    def text(self) -> str:
        """The question, without what only somebody who types must know."""
        return self.question.text.replace(f" ({NO_COLUMN}: none)", "")


@dataclass(slots=True)
class Answers:
    """What a form answers. Where it is silent the likeliest answer is taken for now, and noted:
    so that all questions of a file come at once, and not one after the other."""

    given: Mapping[str, str]
    asked: list[Asked] = field(default_factory=list)
    is_whole: bool = True

    def __call__(self, question: Question) -> str:
        name = f"q{len(self.asked)}"
        # The same place and another question: what was answered before it has changed this one.
        same = self.given.get(f"{name}_key") == fingerprint(question)
        said = self.given.get(name, "") if same else ""
        if not said:
            self.is_whole = False
            said = _likeliest(question)
        self.asked.append(Asked(name, question, said))
        return said


def _likeliest(question: Question) -> str:
    """The default; where that is none at all, and there must be one, the first choice."""
    must_be = question.key == f"column.{Column.START}" and question.default == NO_COLUMN
    if question.default and not must_be:
        return question.default
    return question.choices[0] if question.choices else ""


def fingerprint(question: Question) -> str:
    """What tells one question from another."""
    return f"{question.key}: {question.text}"[:300]


def of_files(
    uploaded: Sequence[UploadedFile[Any]], zone: ZoneInfo, now: datetime, given: Mapping[str, str]
) -> Report:
    """The audit of files somebody has sent. They are gone when this returns.

    Raises CannotRead, Unanswered.
    """
    answers = Answers(given)
    with tempfile.TemporaryDirectory(prefix="kept-audit-") as folder:
        try:
            paths, patience = _unpacked(_put(uploaded, Path(folder))), _Patience()
            history = open_files(paths, zone=zone, now=now, ask=answers, progress=patience.read)
            if answers.is_whole:
                return audit(history, progress=patience.used)
        except CannotRead:
            # A guess may have led nowhere: the person who knows is asked before it is refused.
            if answers.is_whole:
                raise
        raise Unanswered(answers.asked)


class _Patience:
    """Of what is read while somebody waits: CannotRead when it is too much, or takes too long."""

    def __init__(self) -> None:
        self._until = monotonic() + LONGEST

    def read(self, done: int, whole: int) -> None:
        """So many bytes were read."""
        if monotonic() > self._until:
            raise CannotRead(f"Reading this takes longer than a page can wait. {ELSEWHERE}")

    def used(self, appointments: int) -> None:
        """So many appointments were read."""
        if appointments > MOST:
            raise CannotRead(f"There are more than {MOST:,} appointments in it. {ELSEWHERE}")
        self.read(0, 0)


def _unpacked(paths: Sequence[Path]) -> list[Path]:
    """The files with what was packed in the place of the packed ones, so that their reading can be
    watched. Raises CannotRead where that would be far too much."""
    left = UNPACKED
    for path in paths:
        if (packed := inspect(path)).packed:
            left = _unpack(packed, left)
    return list(paths)


def _unpack(packed: Input, left: int) -> int:
    """Answers how many bytes may still be written."""
    place = packed.path.with_name("unpacked")
    with packed.bytes() as content, place.open("wb") as file:
        while part := content.read(1 << 20):
            if (left := left - len(part)) < 0:
                megabytes = UNPACKED // 1024 // 1024
                raise CannotRead(f"That is more than {megabytes} MB unpacked. {ELSEWHERE}")
            file.write(part)
    place.replace(packed.path)
    return left


def _put(uploaded: Sequence[UploadedFile[Any]], folder: Path) -> list[Path]:
    """The files as files, under their own names as far as these are names."""
    found = []
    for number, each in enumerate(uploaded):
        inside = folder / str(number)
        inside.mkdir()
        # A name of a file may have 255 bytes, and a letter four of them.
        place = inside / (PurePath(each.name or "").name.lstrip(".")[-60:] or "file")
        with place.open("wb") as file:
            for chunk in each.chunks():
                file.write(chunk)
        found.append(place)
    return found


def refusal(uploaded: Sequence[UploadedFile[Any]]) -> str:
    """Why these files are not taken, or ""."""
    if not uploaded:
        return "Choose a file."
    if len(uploaded) > MOST_FILES:
        return f"Choose at most {MOST_FILES} files."
    if sum(each.size or 0 for each in uploaded) > LARGEST:
        return f"That is more than {LARGEST // 1024 // 1024} MB. {ELSEWHERE}"
    return ""


# Downloads

PAGE, JSON, TABLES = "report.html", "report.json", "tables.zip"
FORMS = {"page": PAGE, "json": JSON, "tables": TABLES}
"""By the word for it in an address."""

TYPES = {PAGE: "text/html", JSON: "application/json", TABLES: "application/zip"}


def written(report: Report, form: str, links: Links = page.NOWHERE) -> bytes:
    """The report as a file of this form."""
    if form == PAGE:
        return page.document(report, links).encode()
    return sheets.archive(report) if form == TABLES else data.written(report).encode()


@dataclass(frozen=True, slots=True)
class Download:
    """A file within the page itself: there is no other place where it could be fetched again."""

    name: str
    said: str
    address: str


def downloads(report: Report) -> list[Download]:
    """The files of a report that nobody keeps."""
    said = {PAGE: "The report as a page", JSON: "As JSON", TABLES: "Its tables (CSV)"}
    return [
        Download(form, said[form], _within(TYPES[form], written(report, form))) for form in TYPES
    ]


def _within(kind: str, content: bytes) -> str:
    return f"data:{quote(kind, safe='/')};base64,{b64encode(content).decode()}"
