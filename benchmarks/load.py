"""A small HTTP load generator: N connections kept alive, each sending one request after another.

Raw bytes over asyncio, in a process of its own, because it shares two cores with what it
measures. Loopback only, bounded by the list of requests and by time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

TIMEOUT = 30.0


@dataclass
class Result:
    seconds: float
    latencies: list[float]
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


def request(method: str, path: str, key: str, body: object | None = None) -> bytes:
    """One HTTP/1.1 request as it goes over the line."""
    content = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


class _Queue:
    """The requests in their order, each no sooner than its turn where there is a rate."""

    def __init__(self, requests: Sequence[bytes], per_second: float | None) -> None:
        self._left = list(reversed(requests))
        self._began, self._taken, self._per_second = time.perf_counter(), 0, per_second

    async def next(self) -> bytes | None:
        if not self._left:
            return None
        message = self._left.pop()
        if self._per_second is not None:
            turn = self._began + self._taken / self._per_second
            self._taken += 1
            await asyncio.sleep(max(0.0, turn - time.perf_counter()))
        return message


async def _client(port: int, queue: _Queue, until: float, result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until and (message := await queue.next()) is not None:
        began = time.perf_counter()
        writer.write(message)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
        await reader.readexactly(_length(head))
        result.latencies.append(time.perf_counter() - began)
        status = head.split(b" ", 2)[1].decode()
        result.statuses[status] = result.statuses.get(status, 0) + 1
    writer.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    raise ValueError("an answer without Content-Length")


async def _run(port: int, queue: _Queue, clients: int, seconds: float) -> Result:
    result = Result(0.0, [], {})
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(_client(port, queue, until, result) for _ in range(clients)))
    result.seconds = time.perf_counter() - began
    return result


def run(
    port: int,
    requests: Sequence[bytes],
    *,
    clients: int,
    seconds: float,
    per_second: float | None = None,
) -> Result:
    """Send the requests (in their order, at most `seconds` long) from `clients` connections:
    so many per second in all, or each connection as soon as it has its answer."""
    return asyncio.run(_run(port, _Queue(requests, per_second), clients, seconds))


if __name__ == "__main__":  # python -m benchmarks.load: a job on stdin, the result on stdout
    job = json.load(sys.stdin)
    raw = [request(*item) for item in job["requests"]]
    found = run(
        job["port"],
        raw,
        clients=job["clients"],
        seconds=job["seconds"],
        per_second=job.get("per_second"),
    )
    json.dump([found.seconds, found.latencies, found.statuses], sys.stdout)
