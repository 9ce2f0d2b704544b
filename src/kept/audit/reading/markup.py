"""XML as a stream of elements, with every door shut that XML leaves open: no document types, so no
entities at all, and no value without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, TypeVar
from xml.parsers import expat

from kept.audit.reading.trouble import CannotRead

T = TypeVar("T")
Attributes = Mapping[str, str]

_CHUNK = 1 << 18
LONGEST_VALUE = 4_000_000  # bytes of one tag with its attributes
DEEPEST = 100


class Elements:
    """Calls `begin` and `finish` with the names of elements without their prefix, and `text`."""

    def __init__(
        self,
        name: str,
        begin: Callable[[str, Attributes], None],
        finish: Callable[[str], None],
        text: Callable[[str], None] | None = None,
    ) -> None:
        self._name, self._begin, self._finish = name, begin, finish
        self._local: dict[str, str] = {}
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        if text is not None:
            self._parser.buffer_text = True
            self._parser.CharacterDataHandler = text

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def read(self, binary: IO[bytes], found: list[T]) -> Iterator[T]:
        """What the handlers put into `found`, as soon as each part of the file has been read."""
        fed = 0
        try:
            while chunk := binary.read(_CHUNK):
                self._parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - self._parser.CurrentByteIndex > LONGEST_VALUE:
                    raise CannotRead(f"Line {self.line} of {self._name} holds a value without end.")
                yield from found
                found.clear()
            self._parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise CannotRead(
                f"Line {self.line} of {self._name} is no sound XML ({error}): fetch it again."
            ) from error
        yield from found
        found.clear()

    def _refuse(self, *said: object) -> None:
        raise CannotRead(
            f"{self._name} declares a document type, which event logs have no use for and which can"
            " do harm. Remove the DOCTYPE line if you trust the file."
        )

    def _start(self, tag: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise CannotRead(f"Line {self.line} of {self._name} is nested too deeply for a log.")
        self._begin(self._plain(tag), attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._finish(self._plain(tag))

    def _plain(self, tag: str) -> str:
        try:
            return self._local[tag]
        except KeyError:
            if len(self._local) > 1000:
                self._local.clear()
            plain = self._local[tag] = tag.rpartition(":")[2]
            return plain
