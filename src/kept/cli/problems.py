"""What the command says when it cannot do what was asked: one sentence, and an exit code.

0  done
1  it was refused, a promise is broken, something is degraded, or there is no such thing
2  the command or a setting is written wrongly, or the database cannot be used
"""

from __future__ import annotations

import click


class Refused(click.ClickException):
    """What was asked for cannot be done now. The message says why and what to do."""

    exit_code = 1


class Misused(click.ClickException):
    """The command or a setting must be written differently. The message says how."""

    exit_code = 2
