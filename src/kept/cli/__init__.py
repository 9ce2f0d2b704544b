"""The `kept` command: `commands` says what there is, one file for each does it.

Django, the servers and rich are loaded only by the commands that need them, so that `kept --help`
answers at once.
"""

from kept.cli.commands import kept


def main() -> None:
    """The entry point."""
    kept(prog_name="kept")
