"""The Revenue Audit of the business's own appointments."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api.answers import answer
from kept.api.audit_gives import AuditOut
from kept.api.declare import reads
from kept.api.keys import business_of
from kept.api.problems import invalid
from kept.api.takes import AuditIn
from kept.audit.drawing.data import data
from kept.audit.own_report import TooMany, own_report
from kept.clock.queries import now as clock

router = Router(tags=["Audit"])


@router.get("/audit", summary="Where appointments break, and what it costs", **reads(AuditOut))
def get_audit(request: HttpRequest, asked: Query[AuditIn]) -> HttpResponse:
    """The report of the console and of `kept audit --json`: the same values, in the same words.

    422 for more appointments than are audited while one waits: ask for a shorter time.
    """
    try:
        report = own_report(business_of(request), clock(), asked.begin, asked.end)
    except TooMany as error:
        raise invalid("?from", str(error)) from error
    return answer(data(report)).response()
