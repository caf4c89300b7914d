"""A firewall of the node drops what guests send and get."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding, NotKnown
from snf_network_helper.findings.firewall import Way, are_let, of_iptables, of_nft
from snf_network_helper.stanza.addresses import IPV4, Prefix

ID = "forward-drop"
SEVERITY = BAD
_FAMILIES = {"ip": ("4",), "ip6": ("6",), "inet": ("4", "6")}


def look(facts: Facts) -> Iterator[Finding]:
    """A policy of DROP, unless rules accept what guests of the subnet send, and what they get or the answers to it."""
    ways = [(iface, subnet, *_ways(facts, iface, subnet)) for iface in facts.networks for subnet in _of(facts, iface)]
    for iface, subnet, sent, received in ways:
        program = "iptables" if subnet.family == IPV4 else "ip6tables"
        lines = facts.legacy.get(program, "").splitlines()
        if "-P FORWARD DROP" in lines and not are_let([*of_iptables(lines)], sent, received):
            yield _finding(iface, f"{program}-legacy", subnet)
    if not ways:
        return
    if isinstance(facts.ruleset, str):
        raise NotKnown(facts.ruleset)
    for chain in (item["chain"] for item in facts.ruleset if "chain" in item):
        if chain.get("hook") == "forward" and chain.get("policy") == "drop":
            # In any chain of the table: a firewall's own jump to others
            table = [item["rule"] for item in facts.ruleset if _is_of(item.get("rule", {}), chain)]
            rules = [*of_nft(table)]
            for iface, subnet, sent, received in ways:
                if subnet.family in _FAMILIES.get(chain["family"], ()) and not are_let(rules, sent, received):
                    yield _of_nft(iface, chain, subnet)


def _of(facts: Facts, iface: str) -> Sequence[Prefix]:
    return facts.networks[iface].subnets


def _ways(facts: Facts, iface: str, subnet: Prefix) -> tuple[Way, Way]:
    """Of what guests send, and of what they get."""
    taps = [guest.attachment.tap for guest in facts.guests if guest.attachment.network == iface]
    return Way("saddr", subnet, taps, [iface]), Way("daddr", subnet, [iface], taps)


def _is_of(rule: Mapping[str, Any], chain: Mapping[str, Any]) -> bool:
    return (rule.get("family"), rule.get("table")) == (chain["family"], chain["table"])


def _of_nft(iface: str, chain: Mapping[str, Any], subnet: Prefix) -> Finding:
    if chain["table"] == "filter" and chain["name"] == "FORWARD":
        return _finding(iface, "iptables-nft" if subnet.family == IPV4 else "ip6tables-nft", subnet)
    place = f"{chain['family']} {chain['table']} {chain['name']}"
    ip = "ip" if subnet.family == IPV4 else "ip6"
    allow = tuple(f"nft insert rule {place} {ip} {way} {subnet} accept" for way in ("saddr", "daddr"))
    return Finding(iface, f"the policy of `nft list chain {place}` is drop, and no rule accepts {subnet}", allow)


def _finding(iface: str, program: str, subnet: Prefix) -> Finding:
    allow = tuple(f"{program} -I FORWARD {way} {subnet} -j ACCEPT" for way in ("-s", "-d"))
    return Finding(iface, f"the policy of `{program} -S FORWARD` is DROP, and no rule accepts {subnet}", allow)
