"""A firewall of the node drops what guests send and get."""

from collections.abc import Iterator, Mapping
from typing import Any

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding, NotKnown
from snf_network_helper.stanza.addresses import IPV4, Prefix

ID = "forward-drop"
SEVERITY = BAD
_FAMILIES = {"ip": ("4",), "ip6": ("6",), "inet": ("4", "6")}


def look(facts: Facts) -> Iterator[Finding]:
    """A policy of DROP, unless a rule accepts what comes from the subnet and what goes to it, or all."""
    subnets = [(iface, subnet) for iface, network in facts.networks.items() for subnet in network.subnets]
    for iface, subnet in subnets:
        program = "iptables" if subnet.family == IPV4 else "ip6tables"
        rules = facts.legacy.get(program, "").splitlines()
        accepted = all(f"-A FORWARD {way} {subnet} -j ACCEPT" in rules for way in ("-s", "-d"))
        if "-P FORWARD DROP" in rules and not accepted:
            yield _finding(iface, f"{program}-legacy", subnet)
    if not subnets:
        return
    if isinstance(facts.ruleset, str):
        raise NotKnown(facts.ruleset)
    for chain in (item["chain"] for item in facts.ruleset if "chain" in item):
        if chain.get("hook") == "forward" and chain.get("policy") == "drop":
            accepts = [item["rule"] for item in facts.ruleset if _accepts(item.get("rule", {}), chain)]
            for iface, subnet in subnets:
                is_let = all(any(_matches(rule, way, subnet) for rule in accepts) for way in ("saddr", "daddr"))
                if subnet.family in _FAMILIES.get(chain["family"], ()) and not is_let:
                    yield _of_nft(iface, chain, subnet)


def _accepts(rule: Mapping[str, Any], chain: Mapping[str, Any]) -> bool:
    """In any chain of the table: a firewall's own jump to others."""
    same = (rule.get("family"), rule.get("table")) == (chain["family"], chain["table"])
    return same and any("accept" in part for part in rule.get("expr", ()))


def _matches(rule: Mapping[str, Any], way: str, subnet: Prefix) -> bool:
    matches = [part["match"] for part in rule["expr"] if "match" in part]
    if not matches:
        return not any("xt" in part for part in rule["expr"])
    (match, *more) = matches
    left, right = match.get("left", {}), match.get("right")
    prefix = right.get("prefix", {}) if isinstance(right, dict) else {"addr": right, "len": subnet.length}
    text = f"{prefix.get('addr')}/{prefix.get('len')}"
    return not more and left.get("payload", {}).get("field") == way and text == str(subnet)


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
