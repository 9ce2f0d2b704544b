"""How long `kept serve` takes to its first page on a new SQLite database, and what it weighs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PORT = 8891
PATIENCE = 60


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bare = _interpreter()
        first = _start(folder)
        again = _start(folder)
    print(f"python -c 'import django' (the least there is) {bare:6.2f} s")
    print(f"kept serve to the first page, new database     {first[0]:6.2f} s (aim: 3 s)")
    print(f"kept serve to the first page, again            {again[0]:6.2f} s")
    print(f"memory of the whole tree (proportional)        {again[1]:6.0f} MB (aim: 250 MB)")
    print(f"  ratio of the start to the bare import {again[0] / bare:.1f}")


def _interpreter() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import django"], check=True)
    return time.perf_counter() - began


def _start(folder: str) -> tuple[float, float]:
    url = f"http://127.0.0.1:{PORT}"
    drop = {"KEPT_DATABASE_URL", "KEPT_EMAIL_URL"}
    environ = {name: value for name, value in os.environ.items() if name not in drop}
    environ.update(KEPT_DATA_DIR=folder, KEPT_BASE_URL=url)
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "kept", "serve"],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(url):
            if server.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError("kept serve did not start")
            time.sleep(0.01)
        took = time.perf_counter() - began
        time.sleep(2)  # let the tree settle: this is a weighing, not a condition
        return took, sum(_proportional(pid) for pid in _tree(server.pid)) / 1024
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _tree(root: int) -> list[int]:
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    return [root, *(pid for child in children for pid in _tree(int(child)))]


def _proportional(pid: int) -> int:
    """Kilobytes, with pages shared between processes counted once among them (Linux)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
