"""A real Chromium that looks at our pages and complains about everything the house forbids.

A browser test takes `visitor` and `live_server`:

    def test_the_booking_page_greets(visitor, live_server):
        page = visitor()
        page.goto(live_server.url)

At the end it fails if a page broke its content security policy, wrote an error to the console,
threw an exception or asked another machine for something. A test that provokes an error on purpose
says so first: `visitor.expects("status of 404")`.
"""

import os
import shutil
from urllib.parse import urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Names outside this machine do not exist for the browser.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
PATIENCE = 10_000  # milliseconds, for whatever is waited for
HERE = {"localhost", "127.0.0.1", "::1"}
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => window.reportViolation(
    `${event.effectiveDirective} refused ${event.blockedURI} (line ${event.lineNumber})`
));
"""


def _find():
    return next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium. Without one the test is skipped, or fails where one is required."""
    program = _find()
    if program is None:
        missing = f"No browser found (looked for {', '.join(NAMES)})."
        if os.environ.get("KEPT_REQUIRE_BROWSER") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    from django.urls import get_resolver
    from playwright.sync_api import expect, sync_playwright

    # Seconds of importing, which the first page of a busy machine would have to wait for.
    assert get_resolver().url_patterns
    expect.set_options(timeout=PATIENCE)
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """Opens pages, each in a browser profile of its own, and remembers what went wrong on them."""

    def __init__(self, browser):
        self._browser = browser
        self._contexts = []
        self._expected = []
        self.problems = []

    def __call__(self, **options):
        """A page in a fresh profile; the options are those of a Playwright context."""
        context = self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        context.expose_function("reportViolation", self._note("policy"))
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._note("exception")(error.error))
        context.on("request", self._on_request)
        self._contexts.append(context)
        return context.new_page()

    def expects(self, text):
        """Do not complain about problems that contain this text."""
        self._expected.append(text)

    @property
    def unexpected(self):
        return [each for each in self.problems if not any(t in each for t in self._expected)]

    def leave(self):
        for context in self._contexts:
            context.close()

    def _note(self, kind):
        return lambda what: self.problems.append(f"{kind}: {what}")

    def _on_console(self, message):
        if message.type == "error":
            self._note("console")(message.text)

    def _on_request(self, request):
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in HERE:
            self._note("left this machine")(request.url)


@pytest.fixture
def visitor(chromium):
    person = Visitor(chromium)
    yield person
    person.leave()
    assert not person.unexpected
