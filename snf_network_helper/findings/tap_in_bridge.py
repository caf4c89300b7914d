"""A guest's TAP is a port of a bridge."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "tap-in-bridge"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """The bridge takes every frame of the guest before a route of the node is looked at."""
    for guest in facts.guests:
        tap = guest.attachment.tap
        if master := facts.links.get(tap, {}).get("master"):
            yield Finding(tap, f"{tap} is a port of {master}, which takes the guest's frames away from the routes",
                          (f"ip link set {tap} nomaster",))  # fmt: skip
