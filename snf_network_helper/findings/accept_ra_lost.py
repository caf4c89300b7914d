"""A link that learns the node's own default route does not heed router advertisements any more."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "accept-ra-lost"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """A link that forwards heeds them with accept_ra 2 only."""
    for owner, _, commands in facts.lost("accept_ra"):
        links = " ".join(dict.fromkeys(command.split("/")[-2] for command in commands))
        yield Finding(owner, f"accept_ra of {links} is not what keeps router advertisements in their place",
                      tuple(commands))  # fmt: skip
