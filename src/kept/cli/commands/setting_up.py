"""Set up: businesses, keys, members, policy."""

from __future__ import annotations

from datetime import datetime

import click

from kept.cli import house
from kept.cli.commands.options import Change, business_option, json_option
from kept.cli.kinds import Instant


@click.command()
@click.option("--business", required=True, metavar="NAME", help="The name customers know.")
@click.option("--time-zone", required=True, metavar="ZONE", help="Such as Europe/Berlin.")
@click.option("--owner", required=True, metavar="EMAIL", help="Who signs in first.")
@click.option(
    "--clock",
    "at",
    type=Instant(),
    help="Start a new database on the time-lapse clock. One that is on it already goes on from "
    "where it was.",
)
@click.option("--sample-data", is_flag=True, help="Add sample staff with hours, and services.")
@click.option("--another", is_flag=True, help="Make a further business where there is one already.")
@json_option
def setup(
    business: str,
    time_zone: str,
    owner: str,
    at: datetime | None,
    sample_data: bool,
    another: bool,
    as_json: bool,
) -> None:
    """Set up a business: prints an API key and the owner's sign-in link.

    Both are shown this once. The link works once, within seven days.

    \b
      kept setup --business "My Studio" --time-zone Europe/Berlin --owner me@example.com
    """
    with house.opened(migrated=False, there=False):
        from kept.cli import businesses

        businesses.set_up(
            business,
            time_zone,
            owner,
            at=at,
            with_sample=sample_data,
            another=another,
            as_json=as_json,
        )


@click.command()
@business_option
@click.option("--name", required=True, help="What the key is for, such as 'website'.")
@json_option
def key(business: str | None, name: str, as_json: bool) -> None:
    """Make a further API key of a business; it is shown this once.

    \b
      kept key --name website
    """
    with house.opened():
        from kept.cli import businesses

        businesses.new_key(business, name, as_json=as_json)


@click.command("sign-in")
@click.argument("email")
@json_option
def sign_in(email: str, as_json: bool) -> None:
    """Make a new one-time sign-in link for a member.

    It works once, within seven days. Links made before it go on working.

    \b
      kept sign-in me@example.com
    """
    with house.opened():
        from kept.cli import businesses

        businesses.new_link(email, as_json=as_json)


@click.command()
@business_option
@click.option("--email", required=True, metavar="EMAIL", help="Who is to act for the business.")
@click.option(
    "--role",
    required=True,
    type=click.Choice(["owner", "front_desk", "staff"]),
    help="What they may do.",
)
@json_option
def member(business: str | None, email: str, role: str, as_json: bool) -> None:
    """Make somebody a member, or give a member another role.

    Also for somebody who has an account with another business of this installation. There must
    always be an owner.

    \b
      kept member --email rosa@example.com --role front_desk
    """
    with house.opened():
        from kept.cli import businesses

        businesses.add_member(business, email, role, as_json=as_json)


@click.command()
@business_option
@click.option(
    "--set",
    "changes",
    type=Change(),
    multiple=True,
    help="Change a field, such as first_reminder=48h; may be repeated.",
)
@json_option
def policy(business: str | None, changes: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """Show or change a business's policy: when what is sent, and to whom.

    After a change every open appointment is planned anew. docs/paths/appointment.md says what
    each field means.

    \b
      kept policy
      kept policy --set first_reminder=48h --set change_until=4h
    """
    with house.opened():
        from kept.cli import businesses

        businesses.policy(business, changes, as_json=as_json)
