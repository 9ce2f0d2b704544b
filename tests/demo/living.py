"""The demo in a process of its own, and people who live with it: over HTTP, as everybody would."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import date, datetime, timedelta
from html import unescape
from itertools import count
from zoneinfo import ZoneInfo

from tests.cli.conftest import Installation, free_port

PATIENCE = 120
LONDON = ZoneInfo("Europe/London")


class Browser:
    """A browser just good enough to sign in: it keeps cookies and sends the form's token."""

    def __init__(self):
        cookies = urllib.request.HTTPCookieProcessor()
        self.opener = urllib.request.build_opener(cookies)

    def get(self, url):
        with self.opener.open(url, timeout=PATIENCE) as answer:
            return answer.url, answer.read().decode()

    def post(self, url, *, on="", **fields):
        """Send the form of the page of this address, or of the one it stands `on`."""
        page = self.get(on or url)[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        try:
            with self.opener.open(urllib.request.Request(url, form), timeout=PATIENCE) as answer:
                return answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{url} {fields}: {error.read().decode()}") from None


class Demo(Installation):
    """An installation beside which the demo runs. The demo is on SQLite whatever that is on."""

    def __init__(self, folder):
        super().__init__(folder, f"sqlite:///{folder / 'own.sqlite3'}")

    def show(self, *more, **env):
        """Start the demo and wait until it says what to try."""
        self.base = f"http://127.0.0.1:{free_port()}"
        running = self.start("demo", "--bind", self.base.removeprefix("http://"), *more, **env)
        running.wait_for("Ctrl-C")
        return running


class House:
    """The demo's business, with enough hands that everybody can be there on the same day."""

    def __init__(self, demo):
        said = demo.show().said
        self.demo, self.base = demo, demo.base
        self.desk, self.public, self.numbers = Browser(), Browser(), count(1)
        self.visitors = count()
        [monday] = re.findall(r"Its clock says Mon (\S+)", said)
        self.monday = date.fromisoformat(monday)
        self.mail = {}  # what was seen in the inbox: id -> (whose, subject)
        email, password = re.search(r"as (\S+) with the password ([\w-]+)", said).groups()
        self.desk.post(f"{self.base}/console/sign-in", email=email, password=password)
        _, page = self.desk.post(f"{self.base}/console/set-up/keys/", name="Trials")
        self.key = re.search(r"\bkept_[\w-]+", page)[0]
        self._furnish()

    def _furnish(self):
        """Staff who are there day and night, and places, each with a review page of its own."""
        hours = [{"weekday": day, "start": "00:00", "end": "23:45"} for day in range(7)]
        self.staff = [
            self.api("staff", name=f"Hand {n}", weekly_hours=hours)["id"] for n in range(4)
        ]
        for page in self.api("review-pages")["items"]:
            self.api(f"review-pages/{page['id']}", method="DELETE")
        self.places = {
            place: self._open(place, f"https://reviews.example.com/{place}")
            for place in ("Quayside", "Hillside", "Lakeside")
        }

    def _open(self, place, url):
        page = self.api("review-pages", name=f"{place} Reviews", url=url, place=place)
        service = self.api(
            "services",
            name=f"A look at {place}",
            place=place,
            duration_minutes=15,
            staff=self.staff,
            aftercare="Rest a little.",
            comes_again_days=45,
            recall=place == "Lakeside",
            preparation=[{"what": "Bring your old shoes", "due": "20h"}],
        )
        return {"page": page["id"], "service": service["id"]}

    # -- the doors

    def api(self, path, *, method="", **body):
        """What the API answers; with a body it is sent one."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.base}/api/v1/{path}",
            json.dumps(body).encode() if body else None,
            headers,
            method=method or ("POST" if body else "GET"),
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {body}: {error.read().decode()}") from None

    def form(self, url, **fields):
        """Somebody sends the form of a public page."""
        return self.public.post(url, **fields)[1]

    def jumps(self, to):
        """The button of the demo's clock is pressed; everything due on the way falls due."""
        _, page = self.desk.post(f"{self.base}/console/clock/", on=f"{self.base}/console/", to=to)
        assert "It is now" in page
        assert "still busy" not in page
        self.reads()

    def reads(self):
        """The inbox is opened, as it stands now."""
        _, page = self.desk.get(f"{self.base}/console/inbox/")
        found = re.findall(r'open=([\w-]+)#mail".*?<bdi>(.*?)</bdi>.*?"subject">(.*?)<', page)
        self.mail |= {one: (unescape(name), unescape(subject)) for one, name, subject in found}

    def advances(self, by, *more):
        """The clock is moved by its command."""
        where = f"sqlite:///{self.demo.folder / 'demo' / 'kept.sqlite3'}"
        done = self.demo.kept(
            "clock", "advance", by, "--wait", "60", *more, KEPT_DATABASE_URL=where
        )
        assert "busy" not in done.err

    # -- people

    def somebody(self, name):
        return {"name": name, "email": f"somebody-{next(self.numbers)}@example.com"}

    def books(self, who, start, place="Quayside"):
        """They book the first of the hands that is free then."""
        service = self.places[place]["service"]
        return self.api("appointments", service=service, start=start, customer=who, freely=True)

    def visits(self, who, place="Quayside"):
        """They were here this morning before it was light, and were served."""
        number = next(self.visitors)
        came = self.api(
            "walk-ins",
            service=self.places[place]["service"],
            staff=self.staff[number % len(self.staff)],
            start=self.quarter(0, 0, number),
            customer=who,
        )
        return self.api(f"appointments/{came['id']}/complete", reason="")

    def at(self, days, hour, minute=0):
        """A moment so many days after the Monday on which the demo begins."""
        day = self.monday + timedelta(days=days)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).isoformat()

    def quarter(self, days, hour, number):
        """The same moment for as many people as there are hands, and then the next quarter."""
        quarters = number // len(self.staff)
        return self.at(days, hour + quarters // 4, quarters % 4 * 15)

    def stands(self, person, path):
        """The states of this person's cases on a path."""
        return {
            case["state"] for case in self.api(f"people/{person}")["cases"] if case["path"] == path
        }

    def happened(self, person):
        """Everything on their timeline, oldest first."""
        found, more = [], f"people/{person}/timeline?limit=100"
        while more:
            page = self.api(more)
            found += page["items"]
            more = page["next"] and f"people/{person}/timeline?limit=100&cursor={page['next']}"
        return found[::-1]

    def until(self, holds, what=""):
        """Wait until it holds: the worker is another process."""
        deadline = time.monotonic() + PATIENCE
        while not (answer := holds()):
            assert time.monotonic() < deadline, what
            time.sleep(0.05)
        return answer
