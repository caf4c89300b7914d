"""A policy rule is gone."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding, some

ID = "rule-missing"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """Packets are then routed by main, or not at all. `ip rule flush` does it, and so does systemd-networkd."""
    for owner, network, commands in facts.lost("rule"):
        yield Finding(owner, f"the kernel lost {some(commands)}", (f"snf-network-helper up {network}",))
