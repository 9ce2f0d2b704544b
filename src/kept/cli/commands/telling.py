"""Tell: what a person or a mail server says."""

from __future__ import annotations

import sys

import click

from kept.cli import house
from kept.cli.commands.options import business_option, json_option
from kept.cli.problems import Misused


@click.command()
@click.argument("reference")
@click.argument("words")
@business_option
@json_option
def complaint(reference: str, words: str, business: str | None, as_json: bool) -> None:
    """Write down that a customer says something was not right with a visit.

    WORDS is what they said. A person is to settle it; until then nobody at their address is asked
    for anything.

    \b
      kept complaint KX7-M2PT9 "The polish came off after a day."
    """
    with house.opened():
        from kept.cli import telling

        telling.say(reference, business, "complained", words, as_json=as_json)


@click.command()
@click.argument("reference")
@click.argument("words", default="")
@business_option
@json_option
def refund(reference: str, words: str, business: str | None, as_json: bool) -> None:
    """Write down that a customer got their money back for a visit.

    \b
      kept refund KX7-M2PT9 "Half of it, by card"
    """
    with house.opened():
        from kept.cli import telling

        telling.say(reference, business, "refunded", words, as_json=as_json)


@click.command()
@click.argument("message", required=False)
@click.argument("kind", required=False, type=click.Choice(["delivered", "bounced"]))
@click.option("--detail", default="", help="The mail server's own words, with their codes.")
@click.option("--from-mail", is_flag=True, help="Read a delivery-status mail from standard input.")
@json_option
def report(
    message: str | None, kind: str | None, detail: str, from_mail: bool, as_json: bool
) -> None:
    """Report that a message was delivered, or came back.

    MESSAGE is its id, or the Message-ID of its letter. The same report again changes nothing.

    \b
      kept report 0199c8a47d2e7c3a9f603d2c5b1a7e44 bounced --detail "550 5.1.1 unknown"
      kept report --from-mail < returned.eml
    """
    if from_mail == bool(message or detail) or (message is None) != (kind is None):
        raise Misused("Give MESSAGE and what became of it (delivered, bounced), or --from-mail.")
    with house.opened():
        from kept.cli import reporting

        if from_mail:
            reporting.from_mail(sys.stdin.buffer, as_json=as_json)
        else:
            reporting.report(message or "", kind or "", detail, as_json=as_json)


@click.command("lead-mail")
@business_option
def lead_mail(business: str | None) -> None:
    """Take one e-mail from stdin as an enquiry, for an alias or a pipe.

    \b
      kept lead-mail --business my-studio < message.eml
    """
    with house.opened():
        from kept.cli import leading

        leading.take_mail(business)
