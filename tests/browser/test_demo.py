"""The demo, followed as the README tells it, by somebody who sees it for the first time.

The real `kept demo` runs in a process of its own. With KEPT_SCREENSHOTS set to a folder, the
pictures of the documentation are taken on the way.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

PATIENCE = 60


@pytest.fixture  # each test jumps its clock, so each has a demo of its own
def demo(tmp_path_factory):
    """What the demo printed when it was ready; the demo is stopped by its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("demo")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KEPT_")}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2] / "src")
    said = folder / "said"
    with said.open("w") as output:
        command = [sys.executable, "-m", "kept", "demo", "--bind", address]
        process = subprocess.Popen(
            [*command, "--data-dir", str(folder / "data")],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
        )
    try:
        yield _ready(process, said)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _ready(process, said):
    deadline = time.monotonic() + PATIENCE
    while "What to try" not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.1)  # another process writes the file: there is nothing to be woken by
    return said.read_text()


def link(said, part):
    [found] = re.findall(rf"http://\S*{part}\S*", said)[:1]
    return found


def picture(page, name):
    """The picture of the documentation, when it is being taken."""
    folder = os.environ.get("KEPT_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def kinds(subjects):
    """What each letter is: the word after the stem that all of an appointment share."""
    return [re.search(r"\): (\w+)", subject)[1] for subject in subjects]


class Demo:
    """A front desk in one window, and customers in others. It begins on a Monday morning."""

    def __init__(self, visitor, said):
        [monday] = re.findall(r"Its clock says Mon (\S+)", said)
        self.monday = date.fromisoformat(monday)
        self.visitor, self.booking = visitor, link(said, "/book/")
        self.root = self.booking.split("/book/")[0]
        self.desk = visitor(viewport={"width": 1200, "height": 820})
        self.sign_in(said)
        self.desk.get_by_role("button", name="Sign in").click()
        self.desk.wait_for_url(f"{self.root}/console/")
        picture(self.desk, "today")

    def sign_in(self, said):
        """By the link, which works once."""
        self.desk.goto(link(said, "/sign-in/"))

    def book(self, name, day):
        """Somebody books the first assessment at 10:45 on that day; answers their page."""
        page = self.visitor(timezone_id="Europe/London", viewport={"width": 900, "height": 900})
        page.goto(self.booking)
        page.get_by_role("link", name=re.compile("First assessment")).click()
        page.get_by_role("link", name="Any available").click()
        page.get_by_role("link", name=re.compile(f"^{day}")).click()
        picture(page, "booking")
        page.get_by_role("button", name=re.compile("^10:45")).click()
        page.get_by_label("Full name").fill(name)
        page.get_by_label("E-mail address").fill(f"{name.split()[0].lower()}@example.com")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Book appointment").click()
        return page

    def day(self, after):
        """A day of the week as the pages name it, so many days after the Monday."""
        day = self.monday + timedelta(days=after)
        return f"{day:%a} {day.day} {day:%B}"

    def received(self, name):
        """The subjects of what this person received, newest first."""
        self.desk.goto(f"{self.root}/console/inbox/")
        return [
            text.split("\n")[-1]
            for text in self.desk.locator("main li").all_inner_texts()
            if name in text
        ]

    def jump(self, label):
        """Press the button of the clock; every due moment on the way is passed in its turn."""
        self.desk.goto(f"{self.root}/console/")
        self.desk.get_by_role("button", name=label).click()
        self.desk.wait_for_load_state()

    def open(self, name):
        """The appointment of this person, at the front desk."""
        self.desk.goto(f"{self.root}/console/search?q={name.replace(' ', '+')}")
        self.desk.get_by_role("link", name=re.compile(name)).first.click()
        self.desk.wait_for_load_state()
        return self.desk.locator("main").inner_text()


@pytest.mark.timeout(300)
def test_a_newcomer_sees_an_appointment_governed_from_booking_to_hand_off(visitor, demo):
    house = Demo(visitor, demo)
    # Booked on Monday for Wednesday: the confirmation is there at once.
    stays, moves, cancels = "Mira Stone", "Milo Frost", "Cleo Marsh"
    house.book(stays, house.day(2))
    page_of_mover = house.book(moves, house.day(3))
    page_of_canceller = house.book(cancels, house.day(4))
    house.jump("To the next due moment")
    for name in (stays, moves, cancels):
        assert any("): confirmed for " in said for said in house.received(name)), name
    # Cancelled: nothing more leaves.
    page_of_canceller.get_by_role("link", name="Cancel it").click()
    page_of_canceller.get_by_role("button", name="Cancel my appointment").click()
    # Moved: the old leg stops, the next begins.
    page_of_mover.get_by_role("link", name="Move it").click()
    page_of_mover.get_by_role("link", name=re.compile(f"^{house.day(4)}")).click()
    page_of_mover.get_by_role("button", name=re.compile("^12:00")).click()
    page_of_mover.get_by_role("button", name="Move my appointment").click()
    # Tuesday 11:05, past 24 h before; Wednesday 11:05, past 1 h before.
    for label in ("+ 1 day", "+ 1 hour", "+ 1 hour"):
        house.jump(label)
    assert kinds(house.received(stays)) == ["reminder", "confirmed"]
    # A good moment for a picture: told, reminded, and the visit still to come.
    assert "Late?" not in house.open(stays)
    picture(house.desk, "appointment")
    house.jump("+ 1 day")
    assert kinds(house.received(stays)) == ["soon", "reminder", "confirmed"]
    said = house.open(stays)
    assert "Prepared" in said
    # Nobody says what happened: the outcome is due.
    house.jump("+ 1 hour")
    house.desk.goto(f"{house.root}/console/escalations/")
    assert stays in house.desk.locator("main").inner_text()
    # Then somebody does, and it is handed on.
    house.open(stays)
    house.desk.get_by_role("button", name=re.compile("^Completed")).first.click()
    house.desk.wait_for_load_state()
    said = house.open(stays)
    assert "Follow-up" in said
    # Two days on, the cancelled one has received its notice and nothing after it.
    house.jump("+ 1 day")
    house.jump("+ 1 day")
    assert kinds(house.received(cancels)) == ["cancelled", "confirmed"]
    assert kinds(house.received(moves)) == ["soon", "reminder", "still", "moved", "confirmed"]
    told = house.open(moves)
    assert f"Moved from {house.day(3)} {house.monday.year}, 10:45" in told


class Letters(Demo):
    """The same house, and somebody who goes from letter to letter."""

    def __init__(self, visitor, said, name):
        super().__init__(visitor, said)
        self.said, self.name = said, name
        self.page = visitor(timezone_id="Europe/London", viewport={"width": 900, "height": 900})

    def sign_in(self, said):
        """By the password, which works again."""
        email, password = re.search(r"as (\S+) with the password ([\w-]+)", said).groups()
        self.desk.goto(f"{self.root}/console/sign-in")
        self.desk.get_by_label("E-mail").fill(email)
        self.desk.get_by_label("Password").fill(password)

    def asks(self):
        """They write on the enquiry page."""
        self.page.goto(link(self.said, "/ask/"))
        self.page.get_by_label("Full name").fill(self.name)
        self.page.get_by_label("E-mail address").fill(f"{self.name.split()[0].lower()}@example.com")
        self.page.get_by_label("What would you like to know?").fill("Can you help with a knee?")
        self.page.get_by_role("button", name="Send").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("We have your enquiry")

    def letter(self, about):
        """The text of the newest letter to them with this in its subject, once it has come."""
        mail = self.desk.locator("li a").filter(has_text=self.name).filter(has_text=about).first
        deadline = time.monotonic() + PATIENCE
        self.desk.goto(f"{self.root}/console/inbox/")
        while not mail.count():
            assert time.monotonic() < deadline, f"no letter {about!r}"
            self.desk.wait_for_timeout(100)  # the worker is another process
            self.desk.reload()
        mail.click()
        expect(self.desk.locator("#mail h2")).to_contain_text(about)
        # It is shown as its reader sees it, and not refused by the browser.
        framed = self.desk.frame_locator("#mail iframe")
        expect(framed.get_by_text(f"Hello {self.name}")).to_be_visible()
        return self.desk.locator("#mail pre").first.text_content()

    def follows(self, letter, part):
        """They open the first link of the letter that has this in its address."""
        self.page.goto(link(letter, part))

    def takes(self, time_of_day, *, day=0):
        """They take this time of one of the days offered."""
        self.page.get_by_role("link", name=re.compile(r"\d times")).nth(day).click()
        self.page.get_by_role("button", name=re.compile(f"^{time_of_day}")).first.click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Your details")

    def books(self):
        """They book what they have taken, and agree to suggestions. The link of their letter fills
        in as much as tells them, and nobody else, who was written to."""
        expect(self.page.get_by_label("Full name")).to_have_value(self.name.partition(" ")[0])
        self.page.get_by_label(re.compile("may write to me")).check()
        self.confirms()

    def confirms(self):
        """They look at it once more, and book."""
        self.page.get_by_role("button", name="Continue").click()
        self.page.get_by_role("button", name="Book appointment").click()
        said = self.page.get_by_role("heading", level=1)
        expect(said).to_have_text("Your appointment is booked")

    def jumps(self, label, until):
        """The clock goes on in such steps until a letter with this in its subject has come."""
        come = self.desk.locator("li a").filter(has_text=self.name).filter(has_text=until)
        self.desk.goto(f"{self.root}/console/inbox/")
        for _ in range(10):
            if come.count():
                return
            with self.desk.expect_navigation():
                self.desk.get_by_role("button", name=label).click()
        raise AssertionError(f"no letter {until!r}: {self.received(self.name)}")

    def says(self, press):
        """Somebody at the desk says that they arrived, or that it is completed."""
        self.open(self.name)
        self.desk.get_by_role("button", name=re.compile(f"^{press}")).first.click()
        expect(self.desk.get_by_role("status").first).to_contain_text(f"Recorded: {press.lower()}")

    def person(self):
        """Everything the desk sees of them."""
        self.desk.goto(f"{self.root}/console/people/?q={self.name.replace(' ', '+')}")
        self.desk.get_by_role("link", name=self.name).first.click()
        expect(self.desk.get_by_role("heading", level=1)).to_have_text(self.name)
        return self.desk.locator("main").inner_text()


@pytest.mark.timeout(300)
def test_a_stranger_becomes_a_customer_and_comes_back(visitor, demo):
    house = Letters(visitor, demo, "Wanda Reyes")
    # An enquiry, answered with a link that books.
    house.asks()
    house.follows(house.letter("we have your enquiry"), "lead=")
    house.page.get_by_role("link", name=re.compile("First assessment")).click()
    house.page.get_by_role("link", name="Any available").click()
    house.takes("12:15", day=1)
    house.books()
    assert "confirmed" in house.letter("confirmed for")
    assert "A new visit is booked" in house.person()
    house.desk.goto(f"{house.root}/console/leads/?state=booked")
    expect(house.desk.locator("main")).to_contain_text(house.name)
    # Reminded, here, served.
    house.jumps("+ 1 day", until="): reminder")
    house.jumps("+ 1 hour", until="): soon")
    house.says("Arrived")
    house.jump("+ 1 hour")
    house.says("Completed")
    # What to mind, and how did it go.
    house.jumps("+ 1 day", until="how did it go")
    assert "Take it easy today" in house.letter("after your visit")
    house.follows(house.letter("how did it go"), "/went")
    house.page.get_by_label("All was well").check()
    house.page.get_by_role("button", name="Send").click()
    expect(house.page.get_by_role("heading", level=1)).to_have_text("Thank you")
    # A review is asked for; they would rather not.
    house.jumps("+ 1 day", until="a review?")
    house.follows(house.letter("a review?"), "/review")
    house.page.get_by_role("button", name="I would rather not").click()
    expect(house.page.get_by_role("main")).to_contain_text("We do not ask again")
    # The next visit is suggested, they do not come, and weeks later they are invited.
    house.jumps("+ 1 week", until="would you like to come again?")
    assert any("your next visit" in subject for subject in house.received(house.name))
    invitation = house.letter("would you like to come again?")
    assert "Send me no more of these" in invitation
    house.follows(invitation, "/book/")
    house.takes("10:00")
    house.page.get_by_label("Full name").fill(house.name)
    house.page.get_by_label("E-mail address").fill("wanda@example.com")
    house.confirms()
    # They are back: nothing more invites them, and one page tells it all.
    told = house.person()
    for said in ("Handed on to Booking", "Asked for a review", "Invitation to the next visit"):
        assert said in told
    assert kinds(house.received(house.name))[0] == "confirmed"
