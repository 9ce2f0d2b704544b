"""Files written by the tests themselves, and what is read of them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kept.audit.reading import open_files

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


class Reader:
    """Reads texts as if they were somebody's files."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, content, name="export.csv"):
        """The path of a file with that content."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def open(self, *contents, name="export.csv", zone=BERLIN, now=NOW, **options):
        """The history of one or more files, not read yet."""
        named = [(name if n == 0 else f"{n}-{name}", each) for n, each in enumerate(contents)]
        paths = [self.file(each, called) for called, each in named]
        return open_files(paths, zone=zone, now=now, **options)

    def read(self, *contents, **options):
        """The history, its appointments, and the certainty that every row is accounted for."""
        history = self.open(*contents, **options)
        appointments = list(history.appointments())
        assert history.quality.adds_up
        return history, appointments

    def legs(self, *contents, **options):
        return [leg for each in self.read(*contents, **options)[1] for leg in each.legs]

    def leg(self, *contents, **options):
        (leg,) = self.legs(*contents, **options)
        return leg

    def dropped(self, *contents, **options):
        return dict(self.read(*contents, **options)[0].quality.dropped)

    def noted(self, *contents, **options):
        return dict(self.read(*contents, **options)[0].quality.noted)
