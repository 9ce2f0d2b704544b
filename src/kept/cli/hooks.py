"""Which programs hear of what happens, and whether events reach them."""

from __future__ import annotations

from kept.cli import out
from kept.cli.businesses import the_business
from kept.webhooks import queries
from kept.webhooks.queries import Endpoint


def show(slug: str | None, *, as_json: bool) -> None:
    """Print every endpoint, of one business or of all. Their secrets are not among it."""
    found = list(queries.everybodys_endpoints())
    if slug:
        business = the_business(slug).id
        found = [each for each in found if each.business_id == business]
    if as_json:
        out.data([_data(each) for each in found])
        return
    if not found:
        out.line("No program hears of what happens.")
    for each in found:
        state = "active" if each.disabled_at is None else f"disabled ({each.disabled_why})"
        waits = f"{_waiting(each)} waiting"
        out.line(f"{each.business.slug}  {each.description or each.url}  {state}  {waits}")
        out.line(f"  {each.id}  {each.url}")


def _data(row: Endpoint) -> dict[str, object]:
    return {
        "id": row.id,
        "business": row.business.slug,
        "url": row.url,
        "description": row.description,
        "types": row.types,
        "format": row.form,
        "disabled_at": row.disabled_at,
        "disabled_by": row.disabled_by or None,
        "disabled_why": row.disabled_why or None,
        "waiting": _waiting(row),
    }


def _waiting(row: Endpoint) -> int:
    return int(row.waiting)  # type: ignore[attr-defined]  # counted by the query
