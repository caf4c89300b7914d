"""What stands beside routed-* options and does nothing, or does the same by hand."""

from collections.abc import Iterator

from snf_network_helper.interfaces.document import WARNING, Document, Interface
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import plan
from snf_network_helper.review.effect import Effect
from snf_network_helper.review.findings import Finding, finding
from snf_network_helper.review.networks import Network
from snf_network_helper.review.recipe import effects, of_commands
from snf_network_helper.stanza.options import OPTIONS, PREDECESSORS, as_in_environment
from snf_network_helper.stanza.spelling import nearest, without_effect

_ALIKE = 0.8
_LEFT_OVER = ("rule", "route", "arp", "masquerade", "neighbour", "sysctl", "address")


def beside(document: Document, networks: list[Network]) -> Iterator[Finding]:
    """Of each interface that is routed, its hand-written lines; of every one, options that are none."""
    routed: dict[str, list[Network]] = {}
    for network in networks:
        routed.setdefault(network.interface.name.text, []).append(network)
    meant: dict[str, str] = {}
    has_options = {id(option) for network in networks for option in network.options}
    for one in document.interfaces:
        if own := routed.get(one.name.text):
            yield from _left_over(one, own)
        for option in one.options:
            name = option.name.text
            known = as_in_environment(name)
            if known in PREDECESSORS and id(option) not in has_options:
                yield finding(option.name, WARNING, one.name.text, without_effect([known], PREDECESSORS))
            if known or option.phase:
                continue
            if name not in meant:
                meant[name] = nearest(name.lower().replace("_", "-"), OPTIONS, _ALIKE)
            if meant[name]:
                message = f"{name}: no option of ifupdown or of ours, did you mean {meant[name]}?"
                yield finding(option.name, WARNING, one.name.text, message)


def _left_over(interface: Interface, networks: list[Network]) -> Iterator[Finding]:
    iface = networks[0].iface
    lines = [option for option in interface.options if option.phase]
    if not lines:
        return
    planned: list[Effect] = []
    for network in networks:
        if network.stanza is not None:
            commands = (change.add() for change in plan(network.stanza, Facts()))
            planned += [effect for _, effect in of_commands(commands, iface)]
    for option in lines:
        found = [one for one in effects(option.value, iface) or () if one.kind in _LEFT_OVER]
        if any(_is_ours(one, planned) for one in found):
            text = f"{option.name.text} {option.value}"
            message = f"{text}: routed-* does this; snf-network-helper convert takes the line out"
            yield finding(option.name, WARNING, iface, message)


def _is_ours(effect: Effect, planned: list[Effect]) -> bool:
    """Whether a line makes, or undoes, what the options make, or something else in its place."""
    if effect.undoes:
        return any(one.is_undone_by(effect) for one in planned)
    if effect.kind == "rule":
        return any(one.kind == "rule" and one.get("iif") == effect.get("iif") != "" for one in planned)
    if effect.kind == "arp":
        return any(one.kind == "arp" for one in planned)
    return any(effect.is_made_by(one) for one in planned) or (
        effect.kind == "route" and bool(effect.get("table")) and any(
            one.kind == "route" and one.get("table") == effect.get("table") for one in planned)
    )  # fmt: skip
