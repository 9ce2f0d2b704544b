"""Try and run: the demo, the server, its web, its worker."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from kept.cli import house
from kept.cli.commands.options import bind_option, processes_option
from kept.cli.kinds import USUAL, Address, Instant
from kept.cli.problems import Misused
from kept.lib import env

BEGAN = time.monotonic()


@click.command()
@bind_option
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The demo's own folder. Usually `demo` inside KEPT_DATA_DIR.",
)
@click.option("--keep", is_flag=True, help="Go on with the demo as it was left.")
def demo(bind: Address | None, data_dir: Path | None, keep: bool) -> None:
    """Show Kept: a sample business, an inbox, a clock that jumps.

    It lives in a folder of its own and touches neither your data nor your mail server. Without
    --keep it begins anew.

    \b
      kept demo
      kept demo --bind 127.0.0.1:9000 --keep
    """
    from kept.cli import grounds

    with (
        grounds.prepared(bind, data_dir, keep=keep) as address,
        house.opened(migrated=False, there=False),
    ):
        from kept.cli import demo as the_demo

        the_demo.run(address, began=BEGAN)


@click.command()
@click.option(
    "--clock",
    "at",
    type=Instant(),
    help="Start a new database on the time-lapse clock, at this instant. One that is on it already "
    "goes on from where it was.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 100_000),
    help="How many times as fast the time-lapse clock runs.",
)
@bind_option
@processes_option
def serve(at: datetime | None, speed: float | None, bind: Address | None, workers: int) -> None:
    """Run everything: prepare the database, then web and worker.

    One process tree that ends with Ctrl-C or SIGTERM; a part that dies is started again.

    \b
      kept serve
      kept serve --bind 0.0.0.0:8080 --workers 2
      kept serve --clock 2027-03-01T08:00:00+01:00 --speed 600    (a new database, to try things)
    """
    address = _address(bind)
    with house.opened(migrated=False, there=False):
        from kept.cli import serving

        serving.serve(address, began=BEGAN, web_processes=workers, at=at, speed=speed)


@click.command()
@bind_option
@processes_option
def web(bind: Address | None, workers: int) -> None:
    """Run the web alone, after `kept migrate`.

    For several machines on one PostgreSQL; each needs the same KEPT_SECRET_KEY.

    \b
      kept web --bind 0.0.0.0:8080 --workers 4
    """
    address = _address(bind)
    with house.opened():
        from django.db import connections

        from kept.cli import serving

        serving.require_free(address)
        connections.close_all()
        serving.run_web(address, workers, began=BEGAN)


@click.command()
@click.option("--name", help="What to call it in the console. Usually host and process number.")
@click.option(
    "--deliverers",
    type=click.IntRange(1, 32),
    default=2,
    show_default=True,
    help="How many messages may be handed over at the same time.",
)
def work(name: str | None, deliverers: int) -> None:
    """Run one worker alone, after `kept migrate`.

    Any number may run, here and on other machines: no message goes out twice.

    \b
      kept work --deliverers 4
    """
    with house.opened():
        from kept.cli import serving

        serving.work(name=name, deliverers=deliverers)


@click.command()
def migrate() -> None:
    """Prepare the database for this version (serve and setup do too)."""
    with house.opened(migrated=False, there=False):
        from kept.cli import zones

        steps = house.migrate()
        zones.follow()
        click.echo(f"The database is up to date ({steps} steps were applied).", err=True)


def _address(bind: Address | None) -> Address:
    """Where to listen. Without KEPT_BASE_URL, the address people use follows it."""
    if bind is not None:
        if not os.environ.get("KEPT_BASE_URL", "").strip():
            os.environ["KEPT_BASE_URL"] = f"http://{bind.near}"
        return bind
    try:
        base = urlsplit(env.read().base_url)
    except env.SettingError as error:
        raise Misused(str(error)) from None
    host = base.hostname or ""
    # Behind a reverse proxy the address people use is the proxy's, and not ours to listen at.
    ours = base.scheme == "http" and (host in env.LOOPBACK or _is_number(host))
    return Address(host, base.port or 80) if ours else USUAL


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
