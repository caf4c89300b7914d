"""The facts of this host that a plan depends on, read from /proc, the settings and the journals."""

from snf_network_helper.changes.base import PROTOCOL
from snf_network_helper.changes.shared_sysctl import MEDIUM, SharedSysctl
from snf_network_helper.errors import RoutedError
from snf_network_helper.journal.journal import Journal, attached, names
from snf_network_helper.kernel.sysctl import ipv6_links, value_of
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.facts import Facts, accept_ra, medium_id
from snf_network_helper.runtime import shared
from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress
from snf_network_helper.stanza.stanza import ROUTER, VMC

if TYPE_CHECKING:
    from collections.abc import Collection

    from snf_network_helper.stanza.stanza import Stanza

SETTINGS = "/etc/default/snf-network-helper"
_TO_COME = "default"  # the settings of links that are made later


def read_facts(stanza: "Stanza", switched: "Collection[str]") -> Facts:
    """Reads what the plan of a stanza depends on; `switched` names the shared settings that somebody uses already.

    What this or another interface has switched stays to be kept: a second look must agree with the first.
    """
    own: tuple[str, ...] = ()
    address = default = ""
    if IPV4 in stanza.families and stanza.role != ROUTER:
        from snf_network_helper.kernel.rtnetlink import default_link, own_addresses

        addresses, default = own_addresses(), default_link(IPV4)
        own = tuple(sorted(_own_links(stanza.iface, {default, *(link for link, _ in addresses)}, switched)))
        address = _own_address(stanza, addresses)
    main_of = _main_of(stanza, default) if stanza.role == VMC else ()
    late = _local_late(stanza) if stanza.role != ROUTER else ()
    if IPV6 not in stanza.families:
        return Facts(own_links=own, own_address=address, main_of=main_of, local_late=late)
    from snf_network_helper.changes.refuse_advertisements import RefuseAdvertisements

    iface, path = stanza.iface, accept_ra(stanza.iface)
    made = {entry.change for name in names(iface) for entry in Journal.read(name).entries}
    # When any link begins to forward, all links lose what they learnt unless accept_ra is 2
    keep = links_to_keep(ipv6_links(), switched, iface) | _learnt(switched)
    if SharedSysctl(path, "2") in made and _value(iface) in ("1", "2"):
        keep.add(iface)
    ours = _value(iface) == "2" and (path in switched or accept_ra(_TO_COME) in switched)
    refuse = iface not in keep and (ours or RefuseAdvertisements(iface) in made)
    return Facts(forces_forwarding(), tuple(sorted(keep)), refuse, own, address, main_of, local_late=late)


def _main_of(stanza: "Stanza", default: str) -> tuple[str, ...]:
    """The families that reach all else by the routed link; `default` is the link by which IPv4 does."""
    links = {IPV4: default}
    if IPV6 in stanza.families:
        from snf_network_helper.kernel.rtnetlink import default_link

        links[IPV6] = default_link(IPV6)
    return tuple(family for family in stanza.families if links[family] == stanza.iface)


def _local_late(stanza: "Stanza") -> tuple[str, ...]:
    """The families whose own addresses the kernel looks up after the stanza's rules, unless we see to it."""
    from snf_network_helper.kernel.rtnetlink import is_local_first

    priority = int(stanza.priority)
    return tuple(family for family in stanza.families if not is_local_first(family, priority, PROTOCOL))


def _own_address(stanza: "Stanza", addresses: "Collection[tuple[str, IPAddress]]") -> str:
    """An address of the node's own to ask by, where the stanza names none; one of the routed link itself goes first.

    Where none is in the gateway's subnet, it is one that the routed link has: to ask for the node's own routers in the
    name of another subnet might cut off the node. The gateway's address may be here too, where the node hosts guests
    behind a router that it is itself.
    """
    if stanza.arp_ip_given or not stanza.arp_ip:
        return ""
    default, gateway = IPAddress.parse(stanza.arp_ip), stanza.gateways[IPV4]
    subnet = next(subnet for subnet in stanza.of_family(IPV4) if default in subnet)
    others = [(link != stanza.iface, own) for link, own in addresses if own != gateway]
    inside = sorted((elsewhere, str(own)) for elsewhere, own in others if own in subnet)
    return next((own for _, own in inside), next((str(own) for elsewhere, own in others if not elsewhere), ""))


def _own_links(routed: str, addressed: set[str], switched: "Collection[str]") -> set[str]:
    """The links of the node's own IPv4 networks; a routed link and a guest's TAP are none.

    A link that answers for others, as an administrator wants, goes on so. Nor is a medium changed that one has set.
    """

    left_out = {"", "lo", routed, *attached(), *(name.rpartition(":")[0] for name in names())}
    kept = {path.split("/")[3] for path in switched if path == medium_id(path.split("/")[3])}
    return {
        link
        for link in (addressed | kept) - left_out
        if value_of(medium_id(link)) in ("0", MEDIUM) and value_of(f"net/ipv4/conf/{link}/proxy_arp") == "0"
    }


def answering_beside(link: str, switched: "Collection[str]") -> list[str]:
    """The routed links that might answer for what is behind a link of the node's own: it has another medium yet."""
    from snf_network_helper.kernel.rtnetlink import own_addresses

    addressed = {one for one, _ in own_addresses()}
    if link not in _own_links("", addressed, switched) or value_of(medium_id(link)) != "0":
        return []
    routed = sorted({name.rpartition(":")[0] for name in names()})
    return [one for one in routed if medium_id(one) in switched and value_of(f"net/ipv4/conf/{one}/proxy_arp") == "1"]


def read_guest_facts(families: "Collection[str]", switched: "Collection[str]") -> Facts:
    """Reads what the plan of an attachment depends on, at the same cost however many guests there are.

    Links that may yet learn something are kept by the network, which is up: here only what would be lost counts.
    """
    if IPV6 not in families:
        return Facts()
    return Facts(forces_forwarding(), tuple(sorted(_learnt(switched))))


def links_to_keep(links: "Collection[str]", switched: "Collection[str]", routed: str = "") -> set[str]:
    """Those of the links that take advertisements, or would if nothing of ours were up, and so are to go on doing so.

    A routed link is to give the node neither an address nor a default route, and nor is a guest's TAP.
    """
    from snf_network_helper.kernel.rtnetlink import is_nodes_own

    left_out = {"all", "lo", routed, *attached(), *(name.rpartition(":")[0] for name in names())}
    all_before, *forwarded = _prior(_forwarding("all")).split(",")

    def is_host(link: str) -> bool:
        by_all_of_us = all_before == "0" and link not in forwarded
        return link == _TO_COME or by_all_of_us or "0" in (value_of(_forwarding(link)), _prior(_forwarding(link)))

    def is_to_keep(link: str) -> bool:
        value = _value(link)
        return (value in ("1", "2") and accept_ra(link) in switched) or (value == "1" and is_host(link))

    found = {link for link in links if link not in left_out and is_to_keep(link)}
    return {link for link in found if link == _TO_COME or is_nodes_own(link)}


def _learnt(switched: "Collection[str]") -> set[str]:
    """The links with a default route from an advertisement, but for those whose accept_ra is 2 without us."""
    from snf_network_helper.kernel.rtnetlink import learnt_default_links

    ours = accept_ra(_TO_COME) in switched
    return {
        link
        for link in learnt_default_links()
        if _value(link) == "1" or (_value(link) == "2" and (ours or accept_ra(link) in switched))
    }


def _prior(path: str) -> str:
    return shared.prior(SharedSysctl(path, "").shared_name())


def _forwarding(link: str) -> str:
    return f"net/ipv6/conf/{link}/forwarding"


def _value(link: str) -> str:
    return value_of(accept_ra(link))


def forces_forwarding() -> bool:
    """True where IPv6 is to be forwarded per link: the kernel can (6.17), and the settings do not say otherwise."""
    return _ipv6_forwarding() == "auto" and value_of("net/ipv6/conf/default/force_forwarding") != ""


def _ipv6_forwarding() -> str:
    """IPV6_FORWARDING of the settings, "auto" where it is not set."""
    value = "auto"
    try:
        with open(SETTINGS, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, equals, text = line.strip().partition("=")
                if equals and name == "IPV6_FORWARDING":
                    value = text.strip("\"' ")
    except OSError:
        pass
    if value not in ("auto", "all"):
        raise RoutedError(f"{SETTINGS}: IPV6_FORWARDING={value}: expected auto or all")
    return value
