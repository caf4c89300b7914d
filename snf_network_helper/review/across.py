"""What is wrong between networks: tables and subnets that two have, links that are not there, the order of uplinks."""

from collections.abc import Iterator, Sequence

from snf_network_helper.interfaces.document import ERROR, WARNING, Document, Interface
from snf_network_helper.review.findings import Finding, finding
from snf_network_helper.review.networks import Names, Network
from snf_network_helper.review.node import Node
from snf_network_helper.stanza.addresses import FAMILY_NAMES, Prefix
from snf_network_helper.stanza.names import vlan_id
from snf_network_helper.stanza.stanza import ROUTER, VMC, Stanza

# Options and commands by which an interface that is not there yet is made.
_MAKERS = ("bridge", "bond", "vlan", "vxlan", "tunnel", "link-type", "ovs", "wireguard", "vrf", "batman", "veth", "tun")
_MAKING = ("link add", "brctl addbr", "tuntap add", "ip tunnel add", "ovs-vsctl", "openvpn", "wg-quick", "vconfig add")
_METHODS = ("tunnel", "v4tunnel", "6to4", "ppp", "wvdial")


def across(networks: Sequence[Network], document: Document, names: Names, node: Node) -> Iterator[Finding]:
    """All of these, in no order."""
    yield from _tables(networks)
    yield from _subnets(networks)
    yield from _links(networks, document, names, node)


def _tables(networks: Sequence[Network]) -> Iterator[Finding]:
    """Two interfaces with one table, and one table with two gateways."""
    owners: dict[tuple[str, str], tuple[Network, str]] = {}
    links: dict[str, str] = {}
    for network in networks:
        stanza = network.stanza
        if stanza is None or stanza.role == ROUTER or not network.knows("routed-table"):
            continue
        for family, table, gateway in _defaults(stanza):
            owner, other = owners.setdefault((family, table), (network, gateway))
            word = network.at("routed-table")
            if owner.iface != network.iface and not (owner.is_mapped or network.is_mapped):
                message = f"routed-table {_said(network, table)} is {owner.iface}'s already"
                yield finding(word, ERROR, network.iface, message, owner.iface)
            elif owner is not network and other != gateway and network.knows("routed-gateway"):
                has = f"has the {FAMILY_NAMES[family]} gateway {other}"
                message = f"routed-gateway {gateway}: routed-table {_said(network, table)} {has}"
                yield finding(network.at("routed-gateway", gateway), ERROR, network.iface, message)
            elif links.setdefault(table, network.iface) != network.iface and not network.is_mapped:
                message = f"routed-table {_said(network, table)} is {links[table]}'s too, for the other family"
                yield finding(word, WARNING, network.iface, message)


def _defaults(stanza: Stanza) -> Iterator[tuple[str, str, str]]:
    """Family, table and gateway of each table that a stanza fills."""
    for family in stanza.families:
        yield family, stanza.table, str(stanza.gateways[family]) if stanza.role == VMC else ""
        for _, gateway, table in stanza.further_of_family(family):
            if table:
                yield family, table, str(gateway)


def _said(network: Network, table: str) -> str:
    """A table as the stanza names it."""
    given = next((one for one in network.options if one.name is network.at("routed-table")), None)
    return given.words[0].text if given is not None and len(given.words) == 1 else table


def _subnets(networks: Sequence[Network]) -> Iterator[Finding]:
    """Subnets of two stanzas that are equal, or part of each other: one look at all of them in order."""
    found: list[tuple[str, int, int, int, Network, Prefix]] = []
    for number, network in enumerate(networks):
        if network.stanza is not None and network.knows("routed-subnet"):
            for one in network.stanza.subnets:
                found.append((one.family, one.value, one.length, number, network, one))
    around: list[tuple[Network, Prefix]] = []
    for _, _, _, _, network, subnet in sorted(found, key=lambda row: row[:4]):
        while around and not subnet.is_within(around[-1][1]):
            around.pop()
        if around:
            other, wide = around[-1]
            word = network.at("routed-subnet", str(subnet))
            if other.iface == network.iface or other.is_mapped or network.is_mapped:
                pass  # a stanza may name a part of its own subnet, and a mapping chooses one stanza of several
            elif wide == subnet:
                message = f"routed-subnet {subnet} is {other.iface}'s already"
                yield finding(word, ERROR, network.iface, message, other.iface)
            else:
                message = f"routed-subnet {subnet} is part of {wide} of {other.iface}"
                yield finding(word, WARNING, network.iface, message)
        around.append((network, subnet))


def _links(networks: Sequence[Network], document: Document, names: Names, node: Node) -> Iterator[Finding]:
    """Links and uplinks that are not there, and that nothing in the file makes; uplinks that are made too late."""
    made: dict[str, bool] = {}
    for one in document.interfaces:
        made[one.name.text] = made.get(one.name.text, False) or _is_made(one)
    known = {*made, *names.order}
    seen: set[str] = set()
    for network in networks:
        if not network.is_mapped and network.iface not in seen:
            seen.add(network.iface)
            yield from _link(network, made, names, node)
        if network.stanza is None or network.stanza.role == VMC or not (uplink := network.stanza.uplink):
            continue
        word = network.at("routed-uplink", uplink)
        if made.get(uplink):
            own, others = names.order.get(network.iface, -1), names.order.get(uplink, -1)
            if -1 < own < others:
                message = f"routed-uplink {uplink} is brought up after {network.iface}, it will be used when it comes"
                yield finding(word, WARNING, network.iface, message)
        elif why := node.likely_absence(uplink, known):
            is_other = "altname" in why
            said = f"routed-uplink {why}" + ("" if is_other else ", it will be used when it comes")
            yield finding(word, ERROR if is_other else WARNING, network.iface, said)


def _link(network: Network, made: dict[str, bool], names: Names, node: Node) -> Iterator[Finding]:
    name = network.iface
    if not names.is_selected(name):
        message = f"no auto line has it, so ifup -a and the next boot leave it down; expected auto {name}"
        yield finding(network.place, WARNING, name, message)
    if made.get(name) or (names.order.get(name) == -1):  # one that allow-hotplug has comes when it is plugged in
        below = _below(network) if vlan_id(name) else ""
        if below and not made.get(below) and (why := node.absence(below)):
            yield finding(network.place, ERROR, name, f"the link below it: {why}")
    elif why := node.absence(name):
        yield finding(network.place, ERROR, name, why.removeprefix(f"{name}: "))


def _below(network: Network) -> str:
    """The link that a VLAN is on, "" where nothing tells."""
    for option in network.options:
        if option.name.text.replace("_", "-") == "vlan-raw-device" and option.words:
            return option.words[0].text
    return network.iface.rpartition(".")[0]


def _is_made(interface: Interface) -> bool:
    """Whether ifup makes the link itself."""
    if vlan_id(interface.name.text) or interface.method in _METHODS:
        return True
    return any(
        option.name.text.startswith(_MAKERS) or (option.phase and any(words in option.value for words in _MAKING))
        for option in interface.all_options()
    )
