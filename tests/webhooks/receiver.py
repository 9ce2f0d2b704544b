"""A receiver on this machine, which a test may make slow, silent, talkative or refusing."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kept.lib import signing


class Received:
    """One request, as it came in."""

    def __init__(self, handler, body):
        self.path, self.body = handler.path, body
        self.headers = {name.lower(): value for name, value in handler.headers.items()}

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.json["type"]

    @property
    def data(self):
        return self.json["data"]

    def is_signed_with(self, secret):
        try:
            signing.verify([secret], self.headers, self.body, time.time())
        except signing.BadSignature:
            return False
        return True


class Receiver:
    """What came in, and how to answer: `answer(received)` gives (status, headers, body)."""

    def __init__(self):
        self.received, self.lock = [], threading.Lock()
        self.answer = lambda received: (200, {}, b"")
        self.port = 0
        self.stopped = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def types(self):
        return [each.type for each in self.received]

    def take(self, received):
        with self.lock:
            self.received.append(received)
        return self.answer(received)


def _handler(receiver):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = receiver.take(Received(self, body))
            if answer is None:
                self.close_connection = True
                return
            status, headers, text = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args):
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        """Whoever hangs up on us is no news."""


@contextmanager
def listening():
    """A receiver that listens until the end of the block."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), _handler(receiver))
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
