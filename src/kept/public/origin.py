"""Where a visitor comes from, as far as they cannot choose it: their address in the network.

A cookie or a typed address is as good as a new one whenever somebody likes. The address of the
connection is not; behind proxies we trust (`KEPT_TRUSTED_PROXIES`) it is what the last of them
wrote into `X-Forwarded-For`, never what the visitor sent along. Many people may share one (an
office, a mobile network), so nothing may be refused to it, only offered a little less.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def network_of(request: HttpRequest) -> str:
    """The visitor's address (of IPv6 the /64, which one household has); "": nobody knows."""
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    chain = [*hops, request.META.get("REMOTE_ADDR", "")]
    for text in reversed(chain):
        address = _address(text)
        if address is None:
            return ""
        if not _trusted(address):
            return _network(address)
    return ""


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found


def _trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _network(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
