"""Which addresses a webhook may have: none inside of the operator's network.

The addresses come from users, and a worker runs inside of that network. WEBHOOK_ALLOW_PRIVATE
lifts the rule.
"""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from candidates.facts.reason import DeliveryCode, Reason, ReasonedError

# Public by its number, and yet the metadata service with the secrets of a machine (Azure).
METADATA_ADDRESSES = frozenset({"168.63.129.16"})


class AddressRefused(ReasonedError):
    """No connection may go to this address."""


def refuse_private_url(url: str) -> None:
    """Raise AddressRefused for a URL whose host is a private address in itself.

    A name is resolved when a message is sent: where it leads may change.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        refuse_private(host, "127.0.0.1")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    refuse_private(host, host)


def refuse_private(host: str, address: str) -> None:
    """Raise AddressRefused when `address` is not public, unless private ones are allowed."""
    if settings.WEBHOOK_ALLOW_PRIVATE or is_public(address):
        return
    params = {"host": host, "address": address}
    raise AddressRefused(Reason(DeliveryCode.ADDRESS_PRIVATE, params))


def is_public(address: str) -> bool:
    """Whether `address` is one of the public internet; an IPv6 address that carries an IPv4 one is
    judged by that."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and str(ip) not in METADATA_ADDRESSES
