"""Promise 12: no row of one business points to a row of another, nor to one that is gone.

The foreign keys are read from the models, so a new table cannot be forgotten. What points without
a foreign key is listed in LOOSE; a test sees to it that every such column stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from django.apps import apps
from django.db import connection
from django.db.models import F, ForeignKey, Model, OuterRef, Subquery

from kept.accounts.queries import Business
from kept.appointments.queries import Appointment, Leg
from kept.cases.queries import Case
from kept.checks.finding import Found, Moment, stream
from kept.outbox.queries import Message
from kept.people.queries import Told
from kept.schedule.queries import Claim, Resource
from kept.webhooks.queries import Delivery
from kept.webhooks.queries import Event as WebhookEvent

# (table, column, what it names there, by which column, only these rows)
LOOSE: tuple[tuple[type[Model], str, type[Model], str, dict[str, object]], ...] = (
    (Case, "subject", Appointment, "id", {"path": "appointment"}),
    (Message, "case", Case, "id", {}),
    (Message, "subject", Appointment, "id", {}),
    (Told, "subject", Appointment, "id", {}),
    (Claim, "resource", Resource, "number", {}),
    (Claim, "holder", Leg, "case_id", {"kind": Claim.LEG}),
    (WebhookEvent, "case", Case, "id", {}),
    (WebhookEvent, "subject", Appointment, "id", {}),
    (Delivery, "subject", Appointment, "id", {}),
)


def nothing_crosses(moment: Moment) -> Found:
    """Compare the business of every row with the business of every row it points to, which must
    be there."""
    found = Found()
    for model in tables():
        found.looked_at += model._default_manager.count()
        for own, other in comparisons(model):
            rows = model._default_manager.exclude(**{own: F(other)}).exclude(**{other: None})
            found.add(
                stream(rows),
                lambda row, other=other: _say(row, other.removesuffix("__business")),  # type: ignore[misc]
            )
    for model, column, target, key, only in LOOSE:
        business = to_business(target)
        assert business is not None
        there = target._default_manager.filter(**{key: OuterRef(column)}).values(business)
        rows = model._default_manager.filter(**only).annotate(elsewhere=Subquery(there[:1]))
        crossing = rows.exclude(elsewhere=F("business_id")).exclude(elsewhere=None)
        found.add(stream(crossing), lambda row, column=column: _say(row, column))  # type: ignore[misc]
    found.add(_to_nothing(), str)
    return found


def _to_nothing() -> Iterator[str]:
    """Rows whose other end is gone. PostgreSQL has no way to make one; an SQLite file that another
    program has written to, or that is damaged, may hold them."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_key_check")
        for table, rowid, parent, _ in cursor.fetchall():
            yield f"{table}, row {rowid}, points to a row of {parent} that is not there."


def _say(row: Model, column: str) -> str:
    return f"{row._meta.label} {row.pk} points with {column} into another business."


@cache
def tables() -> tuple[type[Model], ...]:
    """Every table of ours whose rows belong to a business, joining tables included."""
    ours = apps.get_models(include_auto_created=True)
    kept = [model for model in ours if model.__module__.startswith("kept.")]
    return tuple(model for model in kept if model is not Business and to_business(model))


def _foreign_keys(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    for each in model._meta.get_fields():
        if isinstance(each, ForeignKey):
            yield each.name, each.remote_field.model


def to_business(model: type[Model]) -> str | None:
    """The way from a row to its business (`case__business`), or None where there is none."""
    if model is Business:
        return "pk"
    ways = list(_ways(model))
    direct = [way for way in ways if "__" not in way]
    return next(iter(direct or ways), None)


def _ways(model: type[Model]) -> Iterator[str]:
    for name, target in _foreign_keys(model):
        if target is Business:
            yield name
        elif target is not model and (way := to_business(target)):
            yield f"{name}__{way}"


def comparisons(model: type[Model]) -> list[tuple[str, str]]:
    """Pairs of ways that must lead from each row to the same business."""
    own = to_business(model)
    return [(own, way) for way in _ways(model) if own and way != own]
