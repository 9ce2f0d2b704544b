"""What other programs call: a missed call, a text message, an e-mail. Each signs what it sends.

Nothing is said of why something is refused, nor whether there is such a source.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kept.clock import queries as clock
from kept.leads import sources
from kept.leads.sources import Call, Forged, Unreadable

LARGEST = {"message/rfc822": 2 * 1024 * 1024}
LARGEST_ELSE = 64 * 1024
FORM = "application/x-www-form-urlencoded"
KINDS = {"application/json", FORM, "message/rfc822"}


@csrf_exempt
@require_POST
def call(request: HttpRequest, source_id: UUID) -> HttpResponse:
    """A call of a source. 204 when it was taken (also when it was before), 401 when it is not
    signed by it, 413, 415 and 422 for what cannot be read."""
    kind = request.content_type or ""
    if kind not in KINDS:
        return HttpResponse(status=415, headers={"Accept-Post": ", ".join(sorted(KINDS))})
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST.get(kind, LARGEST_ELSE):
        return HttpResponse(status=413)
    body = request.body
    try:
        sources.take(source_id, _call(request, kind, body), clock.now(), clock.real_now())
    except Forged:
        return HttpResponse("Not signed by this source.\n", "text/plain", status=401)
    except Unreadable as error:
        return HttpResponse(f"{error}\n", "text/plain", status=422)
    if kind == FORM:
        # Telephony providers do what the answer says: nothing.
        return HttpResponse('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")
    return HttpResponse(status=204)


def _call(request: HttpRequest, kind: str, body: bytes) -> Call:
    return Call(
        url=f"{settings.BASE_URL}{request.get_full_path()}",
        kind=kind,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        fields=request.POST.dict() if kind == FORM else {},
    )
