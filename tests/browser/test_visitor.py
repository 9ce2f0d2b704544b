"""The visitor of the browser tests notices what the house forbids."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.one_database

STRICT = "default-src 'none'; script-src 'self'; connect-src *"
PAGES = {
    "/good": "<!doctype html><title>Good</title>",
    "/inline": "<!doctype html><title>Inline</title><script>1</script>",
    "/outside": "<!doctype html><title>Outside</title><script src='/ask.js'></script>",
    "/throws": "<!doctype html><title>Throws</title><script src='/throw.js'></script>",
    "/ask.js": "fetch('http://elsewhere.example/').catch(() => document.title = 'Refused');",
    "/throw.js": "throw new Error('on purpose');",
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGES.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Security-Policy", STRICT)
        kind = "text/javascript" if self.path.endswith(".js") else "text/html"
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write((body or "Not here").encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def site():
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_page_that_keeps_the_rules_causes_no_complaint(visitor, site):
    page = visitor()
    page.goto(f"{site}/good")
    assert page.title() == "Good"
    assert visitor.problems == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/inline", "policy: script-src-elem refused inline"),
        ("/throws", "exception: on purpose"),
        ("/missing", "console: Failed to load resource"),
    ],
)
def test_a_broken_rule_is_noticed(visitor, site, path, expected):
    visitor.expects("")
    visitor().goto(f"{site}{path}", wait_until="networkidle")
    assert any(problem.startswith(expected) for problem in visitor.problems), visitor.problems


def test_a_page_that_asks_another_machine_is_noticed_and_refused(visitor, site):
    visitor.expects("elsewhere.example")
    visitor.expects("ERR_NAME_NOT_RESOLVED")
    page = visitor()
    page.goto(f"{site}/outside")
    page.wait_for_function("document.title === 'Refused'")
    assert "left this machine: http://elsewhere.example/" in visitor.problems
