"""Which network addresses a result may come from.

Python's `is_global` lets through addresses that carry a private one inside (mapped,
6to4, NAT64, compatible IPv6) and multicast, so those are unwrapped or refused here.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address

NAT64 = (IPv6Network("64:ff9b::/96"),)
COMPATIBLE = IPv6Network("::/96")
REFUSED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet. False for what is none."""
    try:
        address: Address = ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    return all(_is_public(each) for each in _with_inner(address))


def _with_inner(address: Address) -> list[Address]:
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if any(address in network for network in NAT64) or address in COMPATIBLE:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
        return [inner, address] if address in COMPATIBLE else [inner]
    return [address]


def _is_public(address: Address) -> bool:
    if any(address in net for net in REFUSED if net.version == address.version):
        return False
    return address.is_global and not address.is_multicast
