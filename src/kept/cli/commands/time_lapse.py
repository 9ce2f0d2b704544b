"""The clock: show it, and move the time-lapse clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from kept.cli import house
from kept.cli.commands.options import json_option
from kept.cli.kinds import Duration, Instant


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def clock(ctx: click.Context, as_json: bool) -> None:
    """Show the clock; move the time-lapse clock.

    The real clock cannot be moved.

    \b
      kept clock
      kept clock advance 23h --through
    """
    if ctx.invoked_subcommand is None:
        with house.opened():
            from kept.cli import moving

            moving.show(as_json=as_json)


wait_option = click.option(
    "--wait",
    type=click.FloatRange(0, 3600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up waiting for what became due once a worker has got nothing done for this long.",
)


through_option = click.option(
    "--through",
    is_flag=True,
    help="Stop at every due moment on the way, so that each duty falls due at its own time.",
)


@clock.command()
@click.argument("by", type=Duration(), metavar="DURATION")
@through_option
@wait_option
@json_option
def advance(by: timedelta, through: bool, wait: float, as_json: bool) -> None:
    """Jump forward by a duration, such as 23h or 1h30m."""
    with house.opened():
        from kept.cli import moving

        moving.advance(by, through=through, wait=wait, as_json=as_json)


@clock.command("set")
@click.argument("at", type=Instant(), metavar="INSTANT")
@through_option
@wait_option
@json_option
def set_clock(at: datetime, through: bool, wait: float, as_json: bool) -> None:
    """Jump forward to an instant.

    \b
      kept clock set 2027-03-02T08:00:00+01:00
    """
    with house.opened():
        from kept.cli import moving

        moving.advance_to(at, through=through, wait=wait, as_json=as_json)


@clock.command("speed")
@click.argument("times", type=click.FloatRange(0, 100_000))
@json_option
def clock_speed(times: float, as_json: bool) -> None:
    """Run so many times as fast (0 stands still)."""
    with house.opened():
        from kept.cli import moving

        moving.run_at(times, as_json=as_json)
