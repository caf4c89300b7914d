"""A link forwards no packets any more."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "forwarding-off"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """Writing ip_forward, or `sysctl --system`, resets it on every link at once."""
    for owner, _, commands in facts.lost("forwarding", "force_forwarding"):
        links = " ".join(dict.fromkeys(command.split("/")[-2] for command in commands))
        yield Finding(owner, f"forwarding is off on {links}", tuple(commands))
