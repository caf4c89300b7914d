"""All that is to be said of a file."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from snf_network_helper.interfaces import including
from snf_network_helper.interfaces.document import CLASSIC, ERROR, WARNING, Document
from snf_network_helper.interfaces.lines import Word
from snf_network_helper.review.across import across
from snf_network_helper.review.beside import beside
from snf_network_helper.review.findings import Finding, finding
from snf_network_helper.review.networks import Names, Network, networks
from snf_network_helper.review.node import Node
from snf_network_helper.review.others import others
from snf_network_helper.review.signs import has_sign


@dataclass
class Report:
    """The findings in the order of the file, and of how many networks."""

    findings: list[Finding] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    is_by_hand: bool = False  # nothing but stanzas that were written by hand

    def count(self, severity: str) -> int:
        """How many are so bad."""
        return sum(one.severity == severity for one in self.findings)


def findings(path: str, text: str, node: Node, ifupdown: str = CLASSIC, place: str = "") -> Report:
    """Reads a file and those that it sources, and looks for all mistakes; `place` as `including.read` has it."""
    document, unread = including.read(path, text, place, ifupdown)
    names = Names(document)
    found = list(networks(document, names, node))
    said = [*_of_lines(document, path), *_of_stanzas(found), *across(found, document, names, node)]
    said += beside(document, found)
    said += others(document, found, ifupdown, node.has_addon)
    said += _of_node(path, found, document, node)
    said += [
        finding(one.word, WARNING, "", f"{one.file} is not read: {one.why}")
        for one in unread
        if not one.is_absent or node.has_files
    ]
    order: dict[str, int] = {}
    for name in (path, *document.texts):
        order.setdefault(name, len(order))
    unique = dict.fromkeys(said)
    by_hand = not found and any(map(has_sign, document.interfaces))
    return Report(sorted(unique, key=lambda one: (order.get(one.path, 0), one)), found, by_hand)


def _of_lines(document: Document, path: str) -> Iterator[Finding]:
    """What ifupdown itself says, and what it does for that."""
    for one in document.problems:
        text = one.text
        if one.severity == ERROR:
            text += "; ifup refuses the whole file" if one.word.path == path else "; ifup reads no further in this file"
        yield finding(one.word, one.severity, one.iface, text)


def _of_stanzas(found: list[Network]) -> Iterator[Finding]:
    for network in found:
        for option, word, message in network.reading.mistakes:
            if not (network.is_mapped and option == "routed-table" and word is network.place):
                yield finding(word, ERROR, network.iface, message)
        for _, word, message in network.reading.warnings:
            yield finding(word, WARNING, network.iface, message)


def _of_node(path: str, found: list[Network], document: Document, node: Node) -> Iterator[Finding]:
    """What has become of the interfaces: bring-ups that failed, and what is up without options."""
    places = {one.name.text: one.name for one in reversed(document.interfaces)}
    routed = {network.iface for network in found}
    for iface, line in node.failures().items():
        why = line.removeprefix(f"{iface}: ")
        word = places.get(iface, Word("", path, 1, 1))
        forget = f"; it is not routed here any more: snf-network-helper down {iface} forgets that"
        yield finding(word, ERROR, iface, f"the last bring-up failed: {why}{'' if iface in routed else forget}")
    if any(network.is_mapped for network in found):  # any link may have those options
        return
    for iface in sorted({*node.up()} - routed):
        message = f"it is up, and has no routed-* option here; snf-network-helper down {iface} undoes it"
        yield finding(places.get(iface, Word("", path, 1, 1)), WARNING, iface, message)
