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


async def _client(port: int, requests: list[bytes], until: float, result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while requests and time.perf_counter() < until:
        message = requests.pop()
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


async def _run(port: int, requests: list[bytes], clients: int, seconds: float) -> Result:
    result = Result(0.0, [], {})
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(_client(port, requests, until, result) for _ in range(clients)))
    result.seconds = time.perf_counter() - began
    return result


def run(port: int, requests: Sequence[bytes], *, clients: int, seconds: float) -> Result:
    """Send the requests (in their order, at most `seconds` long) from `clients` connections."""
    return asyncio.run(_run(port, list(reversed(requests)), clients, seconds))


if __name__ == "__main__":  # python -m benchmarks.load: a job on stdin, the result on stdout
    job = json.load(sys.stdin)
    raw = [request(*item) for item in job["requests"]]
    found = run(job["port"], raw, clients=job["clients"], seconds=job["seconds"])
    json.dump([found.seconds, found.latencies, found.statuses], sys.stdout)
