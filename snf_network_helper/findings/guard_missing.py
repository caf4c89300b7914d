"""The guard's tables in nftables, or elements of them, are gone."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding, some

ID = "guard-missing"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """`nft flush ruleset` does it, as many a firewall's reload begins."""
    for owner, network, commands in facts.lost("nft"):
        yield Finding(
            owner, f"nftables lost what guards the guest: {some(commands)}", (f"snf-network-helper up {network}",)
        )
