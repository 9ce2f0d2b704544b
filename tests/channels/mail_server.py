"""A real SMTP server on this machine that fails when told to."""

import asyncio
import threading
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP, AuthResult

HANG = 30.0
"""Longer than any patience in these tests."""
SLOW = 0.3
"""Shorter than the patience for one answer, which is half a second."""


class MailServer:
    """aiosmtpd, counting what it sees. `answers` replaces its answer to a command.

    An answer is a line like "550 5.1.1 no such user", "hang" for none at all, "slow" for the
    usual one after a while, or "drop" for a connection that breaks. `after` are the answers of
    the connections that follow the first.
    """

    def __init__(self, answers=None, *, after=None, tls=None, starttls=None, **options):
        self.answers = dict(answers or {})
        self.after = self.answers if after is None else dict(after)
        self.tls = tls
        self.options = options | {"tls_context": starttls}
        self.encrypted = []
        self.connections = 0
        self.said = []
        self.letters = []
        self.port = 0

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}?timeout=0.5&final_timeout=0.5"

    def commands(self):
        return [line.split(" ")[0].split(":")[0] for line in self.said]


class _Handler:
    def __init__(self, house):
        self.house = house

    async def handle_DATA(self, server, session, envelope):
        self.house.letters.append(envelope)
        self.house.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 2.0.0 Ok: queued as 4FxYz81"


class _Connection(SMTP):
    def __init__(self, house, *args, **options):
        super().__init__(*args, **options)
        self.house = house
        house.connections += 1
        self.answers = house.answers if house.connections == 1 else house.after

    async def _answered(self, command, arg, usual):
        self.house.said.append(f"{command} {arg or ''}".strip())
        answer = self.answers.get(command)
        if answer is None:
            await usual(arg)
        elif answer == "slow":
            await asyncio.sleep(SLOW)
            await usual(arg)
        elif answer == "hang":
            await asyncio.sleep(HANG)
        elif answer == "drop":
            self.transport.abort()
        else:
            await self.push(answer)
            if answer.startswith("421"):
                self.transport.close()

    async def smtp_EHLO(self, arg):
        await self._answered("EHLO", arg, super().smtp_EHLO)

    async def smtp_HELO(self, arg):
        await self._answered("HELO", arg, super().smtp_HELO)

    async def smtp_MAIL(self, arg):
        await self._answered("MAIL", arg, super().smtp_MAIL)

    async def smtp_RCPT(self, arg):
        await self._answered("RCPT", arg, super().smtp_RCPT)

    async def smtp_NOOP(self, arg):
        await self._answered("NOOP", arg, super().smtp_NOOP)

    async def smtp_RSET(self, arg):
        await self._answered("RSET", arg, super().smtp_RSET)

    async def smtp_QUIT(self, arg):
        await self._answered("QUIT", arg, super().smtp_QUIT)

    async def smtp_DATA(self, arg):
        if "in DATA" in self.answers:
            await self._break_while_reading()
            return
        await self._answered("DATA", arg, super().smtp_DATA)

    async def _break_while_reading(self):
        """Say "go on", read the beginning of the letter, and let the connection break."""
        await self.push("354 go on")
        await self._reader.read(1000)
        self.transport.abort()

    async def _call_handler_hook(self, command, *args):
        if command == "DATA" and (answer := self.answers.get("end of DATA")):
            await self._end_of_data(answer)
            if answer not in {"hang", "drop"}:
                return answer
        return await super()._call_handler_hook(command, *args)

    async def _end_of_data(self, answer):
        self.house.said.append("end of DATA")
        if answer == "hang":
            await asyncio.sleep(HANG)
        elif answer == "drop":
            self.transport.abort()


def only(user, password):
    """An authenticator that takes one user."""

    def check(server, session, envelope, mechanism, data):
        right = (data.login.decode(), data.password.decode()) == (user, password)
        return AuthResult(success=right, handled=False)

    return check


@contextmanager
def running(house):
    """The server, listening on a port of its own, until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def connection():
        return _Connection(
            house, _Handler(house), hostname="mail.example.com", loop=loop, **house.options
        )

    async def start():
        return await loop.create_server(connection, "127.0.0.1", 0, ssl=house.tls)

    async def stop(listener):
        listener.close()
        others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listener = asyncio.run_coroutine_threadsafe(start(), loop).result(5)
    house.port = listener.sockets[0].getsockname()[1]
    try:
        yield house
    finally:
        asyncio.run_coroutine_threadsafe(stop(listener), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
