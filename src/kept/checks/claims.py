"""Promise 1: nobody is booked twice."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import IntegrityError, transaction
from django.db.models import F, Max, RowRange, Window

from kept.checks.finding import Found, Moment, stream
from kept.core.availability import from_minute
from kept.schedule.queries import Claim, Resource


def claims_never_overlap(moment: Moment) -> Found:
    """No two live claims on one resource overlap, and the database refuses such a claim."""
    live = Claim.objects.filter(live=True)
    found = Found(live.count())
    found.add(_overlapping(), _say)
    found.broken += _not_refused()
    return found


def _overlapping() -> Iterator[Claim]:
    """Claims that begin before an earlier one on the same resource has ended.

    One pass in the order of time, instead of comparing each claim with each other one.
    """
    earlier = Window(
        Max("end"),
        partition_by=F("resource"),
        order_by=[F("start").asc(), F("id").asc()],
        frame=RowRange(start=None, end=-1),
    )
    claims = Claim.objects.filter(live=True).annotate(taken_until=earlier)
    return stream(claims.filter(taken_until__gt=F("start")))


def _say(claim: Claim) -> str:
    resource = Resource.objects.filter(number=claim.resource).first()
    whose = resource.name if resource else f"resource {claim.resource}"
    others = Claim.objects.filter(
        live=True, resource=claim.resource, end__gt=claim.start, start__lt=claim.end
    ).exclude(id=claim.id)
    held = ", ".join(f"{other.kind} {other.holder}" for other in others[:3])
    return (
        f"{whose} is taken twice from {from_minute(claim.start).isoformat()}: "
        f"by {claim.kind} {claim.holder} and by {held}."
    )


def _not_refused() -> list[str]:
    """Try to take a time that is taken; what was tried is undone whatever happens."""
    taken = Claim.objects.filter(live=True).first()
    if taken is None:
        return []
    try:
        with transaction.atomic():
            Claim(
                business_id=taken.business_id,
                resource=taken.resource,
                start=taken.start,
                end=taken.end,
                kind=taken.kind,
                holder=taken.holder,
            ).save(force_insert=True)
            transaction.set_rollback(True)
    except IntegrityError:
        return []
    return ["The database accepts a second claim on a time that is taken: its guard is gone."]
