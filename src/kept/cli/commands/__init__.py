"""Every command with its options: what there is, and how it is written.

A file for each thing one wants to do; `SECTIONS` is the list of them all.
"""

from __future__ import annotations

import os

import click

from kept import __version__
from kept.cli.commands import auditing, looking, running, setting_up, telling, time_lapse
from kept.lib import env

# In the order in which a new user meets them: `kept --help` shows them so.
SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Try and run": (running.demo, running.serve, running.web, running.work, running.migrate),
    "Set up": (
        setting_up.setup,
        setting_up.key,
        setting_up.sign_in,
        setting_up.member,
        setting_up.policy,
    ),
    "Audit": (auditing.audit, auditing.simulate, auditing.events),
    "Tell": (telling.complaint, telling.refund, telling.report, telling.lead_mail),
    "Look": (
        looking.status,
        looking.check,
        looking.explain,
        looking.person,
        looking.lead,
        looking.leads,
        looking.path,
        time_lapse.clock,
        looking.zones,
        looking.late,
        looking.reputation,
        looking.webhooks,
        looking.reactivation,
        looking.hand_offs,
        looking.backup,
        looking.version,
    ),
}


class _InSections(click.Group):
    """Commands by what one wants to do."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(str(each.name), _first_line(each)) for each in commands])


def _first_line(command: click.Command) -> str:
    return (command.help or "").partition("\n")[0]


@click.group(
    cls=_InSections,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 refused, broken or degraded; 2 the command, a setting or the "
    "database cannot be used.",
)
@click.version_option(__version__, prog_name="kept")
def kept() -> None:
    """Kept governs appointments: from booking, through time, to a visible outcome.

    \b
    Try it:         kept demo
    Set it up:      kept setup --business "My Studio" --time-zone Europe/Berlin --owner me@example.com
    Run it:         kept serve

    Settings are environment variables (KEPT_DATA_DIR, KEPT_DATABASE_URL, KEPT_EMAIL_URL,
    KEPT_BASE_URL and more); docs/operators.md describes each.
    """  # noqa: E501  # a command is copied in one piece
    os.umask(0o077)  # whatever is written is about customers, or lets somebody in
    for sentence in env.unknown():
        click.echo(f"Note: {sentence}", err=True)


for _commands in SECTIONS.values():
    for _command in _commands:
        kept.add_command(_command)
