"""Runs the benchmarks named on the command line, or all, each on a new PostgreSQL database
(where it needs one)."""

from __future__ import annotations

import importlib
import subprocess
import sys

from tools.postgres import postgres

from benchmarks import house

ALL = ("bookings", "availability", "controls", "lateness", "handover", "start", "audit")

WITHOUT_DATABASE = ("audit",)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are: {', '.join(ALL)}", file=sys.stderr)
        return 2
    if len(names) == 1:
        print(f"-- {names[0]}", flush=True)
        if names[0] in WITHOUT_DATABASE:
            importlib.import_module(f"benchmarks.{names[0]}").run()
            return 0
        with postgres(durable=True) as url:
            house.prepare(url)
            importlib.import_module(f"benchmarks.{names[0]}").run()
        return 0
    # A process each: settings are read once, and one benchmark must not warm another.
    for name in names or ALL:
        subprocess.run([sys.executable, "-m", "benchmarks", name], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
