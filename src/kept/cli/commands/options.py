"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click

from kept.cli.kinds import Bind

bind_option = click.option(
    "--bind",
    type=Bind(),
    help="Where to listen. Usually the host and port of KEPT_BASE_URL (127.0.0.1:8000).",
)

processes_option = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Web processes. More than one helps on PostgreSQL and several cores.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

business_option = click.option(
    "--business", metavar="SLUG", help="Which business, when there are several."
)

a_day = click.DateTime(["%Y-%m-%d"])


class Change(click.ParamType[tuple[str, str]]):
    """A field of the policy and its new value, as two texts: `first_reminder=48h`."""

    name = "field=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value[0], value[1]
        field, equals, text = str(value).partition("=")
        if not equals or not field:
            self.fail(f"{value!r} is not FIELD=VALUE, such as first_reminder=48h.", param, ctx)
        return field.strip(), text.strip()
