"""Who is invited, as the link in their letter names them.

The link books and does no more: it is made of the case by a signature and never of the secret of
the customer's page, which letters are forwarded with. It names somebody only while the case waits.
"""

from __future__ import annotations

from uuid import UUID

from django.core import signing

from kept.cases.queries import Case

_links = signing.Signer(salt="kept.journeys.invited", sep="~")


def token_of(case: Case) -> str:
    """What the link in the letters of this case carries."""
    return _links.sign(case.id.hex)


def case_of(business: UUID, token: str) -> Case | None:
    """The case whose letter led here; None for a token that is not ours, is of another business,
    or whose case waits for nobody any more."""
    try:
        case_id = UUID(_links.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    found = Case.objects.filter(id=case_id, business_id=business, waits=True)
    return found.exclude(person=None).select_related("person").first()
