"""Promise 1: nobody is booked twice."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, RowRange, Subquery, Window

from kept.appointments.queries import Leg
from kept.checks.finding import Found, Moment, stream
from kept.core.availability import from_minute, to_minute
from kept.core.paths.appointment import CANCELLED, RESCHEDULED
from kept.schedule.queries import Claim, Resource

GIVEN_BACK = (RESCHEDULED, CANCELLED)


def claims_never_overlap(moment: Moment) -> Found:
    """No two live claims on one resource overlap, and the database refuses such a claim. No time
    stays taken that was given back."""
    live = Claim.objects.filter(live=True)
    found = Found(live.count())
    found.add(_overlapping(), _say)
    found.add(_given_back(moment), _say_given_back)
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


def _given_back(moment: Moment) -> Iterator[Claim]:
    """Claims ahead of legs that were moved or cancelled. The minute that has begun is over."""
    leg = Leg.objects.filter(case_id=OuterRef("holder"), case__state__in=GIVEN_BACK)
    minute = to_minute(moment.now.replace(second=0, microsecond=0)) + 1
    ahead = Claim.objects.filter(Exists(leg), live=True, kind=Claim.LEG, end__gt=minute)
    whose = leg.values("appointment__reference")[:1]
    return stream(ahead.annotate(reference=Subquery(whose)))


def _say_given_back(claim: Claim) -> str:
    reference = claim.reference  # type: ignore[attr-defined]  # annotated above
    return (
        f"{reference} has given back {from_minute(claim.start).isoformat()}, which is still taken."
    )


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
