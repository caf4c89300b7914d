"""The stanzas that are compared: what the document writes by hand, and the compact one that stands for it."""

from typing import NamedTuple

# What every file of interfaces(5) names here: a link that is there already, so that only the stanza is measured.
LINK = "vlan222"
UPLINK = "eth0"


class Pair(NamedTuple):
    """One role: the text of both files, without the `iface` lines that need no more than a method."""

    role: str
    by_hand: str
    compact: str


def _stanza(family: str, link: str, lines: str) -> str:
    return f"iface {link} {family} manual\n" + "".join(f"    {line.strip()}\n" for line in lines.strip().splitlines())


def plain(link: str = LINK) -> str:
    """An interface without any routed option."""
    return _stanza("inet", link, "")


def vmc_by_hand(link: str = LINK, table: str = "222", net: str = "192.0.2") -> str:
    """The document's node that hosts VMs; its `down` lines undo all that its `up` lines do."""
    conf = f"/proc/sys/net/ipv4/conf/{link}"
    arp = f"OUTPUT -o {link} --opcode request -j mangle --mangle-ip-s {net}.254"
    lines = f"""
        up ip link set {link} up
        up ip route add {net}.0/24 dev {link}
        up ip rule add iif {link} lookup {table}
        up ip route add {net}.0/24 dev {link} table {table}
        up ip route add default via {net}.1 dev {link} table {table}
        up echo 1 > {conf}/proxy_arp
        up echo 1 > {conf}/forwarding
        up arptables -A {arp}
        down arptables -D {arp}
        down echo 0 > {conf}/forwarding
        down echo 0 > {conf}/proxy_arp
        down ip route del default via {net}.1 dev {link} table {table}
        down ip route del {net}.0/24 dev {link} table {table}
        down ip rule del iif {link} lookup {table}
        down ip route del {net}.0/24 dev {link}
    """
    return _stanza("inet", link, lines)


def vmc(link: str = LINK, table: str = "", net: str = "192.0.2") -> str:
    """The compact stanza of a node that hosts VMs; the table follows from the link's name where none is given."""
    lines = f"""
        routed-subnet  {net}.0/24
        routed-gateway {net}.1
    """
    return _stanza("inet", link, lines + (f"    routed-table {table}\n" if table else ""))


def many_subnets(count: int) -> str:
    """The compact stanza of a node that hosts VMs, with so many subnets."""
    subnets = " ".join(f"10.{number // 256}.{number % 256}.0/24" for number in range(count))
    return _stanza("inet", LINK, f"    routed-subnet {subnets}\n    routed-gateway 10.0.0.1\n")


def numbered(number: int) -> tuple[str, str, str]:
    """Link, table and first three bytes of the subnet of the n-th of many interfaces."""
    reserved = number in (253, 254, 255)
    return f"vlan{number}", str(number + 10000 * reserved), f"10.{number // 256}.{number % 256}"


_ROUTER_BY_HAND = f"""
    up ip link set {LINK} up
    up ip addr add 192.0.2.1/24 dev {LINK}
    up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
    up iptables -t nat -I POSTROUTING -o {UPLINK} -s 192.0.2.0/24 -j MASQUERADE
    down iptables -t nat -D POSTROUTING -o {UPLINK} -s 192.0.2.0/24 -j MASQUERADE
    down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
    down ip addr del 192.0.2.1/24 dev {LINK}
"""

_ROUTER = f"""
    routed-role    router
    routed-subnet  192.0.2.0/24
    routed-gateway 192.0.2.1
    routed-uplink  {UPLINK}
    routed-nat     yes
"""

_ROUTER_VMC_BY_HAND = f"""
    up ip link set {LINK} up
    up ip rule add iif {LINK} lookup 222
    up ip rule add to 192.0.2.0/24 lookup 222
    up ip route add 192.0.2.0/24 dev {LINK} table 222
    up ip addr add 192.0.2.1 dev {LINK}
    up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/proxy_arp
    up echo 1 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
    up iptables -t nat -I POSTROUTING -o {UPLINK} -s 192.0.2.0/24 -j MASQUERADE
    down iptables -t nat -D POSTROUTING -o {UPLINK} -s 192.0.2.0/24 -j MASQUERADE
    down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/forwarding
    down echo 0 > /proc/sys/net/ipv4/conf/{LINK}/proxy_arp
    down ip addr del 192.0.2.1/32 dev {LINK}
    down ip route del 192.0.2.0/24 dev {LINK} table 222
    down ip rule del to 192.0.2.0/24 lookup 222
    down ip rule del iif {LINK} lookup 222
"""

_ROUTER_VMC = _ROUTER.replace("router\n", "router-vmc\n", 1)

_VMC_IPV6_BY_HAND = f"""
    up ip link set {LINK} up
    up ip -6 route add 2001:db8::/64 dev {LINK}
    up ip -6 route add 2001:db8::/64 dev {LINK} table 222
    up ip -6 route add default via 2001:db8::1 dev {LINK} table 222
    up ip -6 rule add iif {LINK} lookup 222
    up echo 1 > /proc/sys/net/ipv6/conf/{LINK}/proxy_ndp
    down echo 0 > /proc/sys/net/ipv6/conf/{LINK}/proxy_ndp
    down ip -6 rule del iif {LINK} lookup 222
    down ip -6 route del default via 2001:db8::1 dev {LINK} table 222
    down ip -6 route del 2001:db8::/64 dev {LINK} table 222
    down ip -6 route del 2001:db8::/64 dev {LINK}
"""

_DUAL_STACK = """
    routed-subnet  192.0.2.0/24 2001:db8::/64
    routed-gateway 192.0.2.1 2001:db8::1
"""

PAIRS = (
    Pair("vmc", vmc_by_hand(), vmc()),
    Pair("router, NAT", _stanza("inet", LINK, _ROUTER_BY_HAND), _stanza("inet", LINK, _ROUTER)),
    Pair("router-vmc, NAT", _stanza("inet", LINK, _ROUTER_VMC_BY_HAND), _stanza("inet", LINK, _ROUTER_VMC)),
    Pair(
        "vmc, dual stack",
        vmc_by_hand() + _stanza("inet6", LINK, _VMC_IPV6_BY_HAND),
        _stanza("inet", LINK, _DUAL_STACK),
    ),
)
