"""What ifupdown2 and ifupdown-ng, or Proxmox VE's GUI, make of a file that is right with ifupdown."""

from collections.abc import Iterator

from snf_network_helper.interfaces.document import IFUPDOWN2, NG, WARNING, Document, Interface, Option
from snf_network_helper.review.findings import Finding, finding
from snf_network_helper.review.networks import Network
from snf_network_helper.stanza.options import as_in_environment
from snf_network_helper.stanza.stanza import VMC


def others(document: Document, networks: list[Network], ifupdown: str, has_addon: bool) -> Iterator[Finding]:
    """The warnings for one of them; none for ifupdown itself. `has_addon`: ifupdown2 is told of routers' addresses."""
    if ifupdown == IFUPDOWN2:
        yield from _inherits(document, networks)
        if not has_addon:
            yield from _gateways(networks)
        yield from _bridges(document, networks)
        yield from _for_the_gui(document, networks)
    elif ifupdown == NG:
        yield from _overridden(document, networks)


def _inherits(document: Document, networks: list[Network]) -> Iterator[Finding]:
    routed = {network.interface.name.text for network in networks}
    for one in document.interfaces:
        if one.parent is None:
            continue
        parent = document.named(one.parent.text)
        if one.name.text in routed or (parent is not None and _routed(parent)):
            message = f"ifupdown2 knows no inherits: of {one.parent.text} it takes nothing, write its options here"
            yield finding(one.parent, WARNING, one.name.text, message)


def _overridden(document: Document, networks: list[Network]) -> Iterator[Finding]:
    routed = {network.interface.name.text for network in networks}
    for one in document.interfaces:
        parent = one.parent.text if one.parent is not None else ""
        own = {as_in_environment(option.name.text): option for option in one.options}
        for name in dict.fromkeys(as_in_environment(option.name.text) for option in one.inherited):
            if name.startswith("routed-") and name in own and one.name.text in routed:
                message = f"{name}: ifupdown-ng takes these values only, and none of what {parent} has"
                yield finding(own[name].name, WARNING, one.name.text, message)


def _routed(interface: Interface) -> list[Option]:
    """The routed-* options of a stanza."""
    return [one for one in interface.options if as_in_environment(one.name.text).startswith("routed-")]


def _gateways(networks: list[Network]) -> Iterator[Finding]:
    """ifupdown2 takes addresses that no stanza names off the link at each run, with the routes of others by it."""
    for network in networks:
        stanza = network.stanza
        if stanza is None or stanza.role == VMC:
            continue
        values: dict[str, set[str]] = {}
        for option in network.options:
            values.setdefault(option.name.text, set()).update(word.text.partition("/")[0] for word in option.words)
        if "no" in values.get("address-purge", set()):
            continue
        gateways = {str(one) for family in stanza.families for one in stanza.gateways_of_family(family)}
        if missing := sorted(gateways - values.get("address", set())):
            expected = f"expected address-purge no, or address {missing[0]}/…"
            message = f"ifupdown2 takes {missing[0]} away at each run; {expected}"
            yield finding(network.at("routed-gateway", missing[0]), WARNING, network.iface, message)


def _bridges(document: Document, networks: list[Network]) -> Iterator[Finding]:
    """ifupdown2 switches forwarding off, at each run, on a bridge that has neither an address nor a VLAN on it."""
    silent: dict[str, bool] = {}
    below = {one.name.text.rpartition(".")[0] for one in document.interfaces}
    for one in document.interfaces:
        names = {option.name.text.replace("_", "-") for option in one.options}
        is_bridge = any(name.startswith("bridge-") for name in names) and one.name.text not in below
        silent[one.name.text] = silent.get(one.name.text, is_bridge) and "address" not in names
    for network in networks:
        stanza = network.stanza
        uplink = stanza.uplink if stanza is not None and stanza.role != VMC else ""
        for name, word in ((network.iface, network.place), (uplink, network.at("routed-uplink", uplink))):
            if silent.get(name):
                message = f"ifupdown2 has {name} forward nothing for a while at each run, as it has no address"
                yield finding(word, WARNING, network.iface, f"{message}; expected an address there")


def _for_the_gui(document: Document, networks: list[Network]) -> Iterator[Finding]:
    """Proxmox VE's GUI writes the file anew: not all of what it reads is the same afterwards."""
    routed = {network.interface.name.text for network in networks}
    families: dict[str, set[str]] = {}
    for one in document.interfaces:
        name = one.name.text
        if name not in routed:
            continue
        families.setdefault(name, set()).add(one.family)
        last = one.name.line
        for option in one.options:
            is_ours = as_in_environment(option.name.text).startswith("routed-")
            if is_ours and option.line.last != option.line.first:
                yield finding(option.name, WARNING, name, "Proxmox VE's GUI breaks a line that goes on in the next one")
            if is_ours and last and document.has_blank(option.name.path, last, option.line.first):
                message = "Proxmox VE's GUI moves what follows a blank line below another interface"
                yield finding(option.name, WARNING, name, message)
                break
            last = option.line.last
        ours = _routed(one)
        if one.family == "inet6" and "inet" in families[name] and ours:
            message = "Proxmox VE's GUI drops the options of an inet6 stanza; expected them in the inet stanza"
            yield finding(ours[0].name, WARNING, name, message)
