"""Rules stand in an order in which packets between guests of two networks go round."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "rule-order"
SEVERITY = BAD


def look(facts: Facts) -> Iterator[Finding]:
    """A rule for what guests send comes before one for what comes in by another network's link."""
    for rule, why in facts.disorder:
        cause, _, remedy = why.partition("; ")
        iface = remedy.rpartition(" ")[2] if remedy.startswith("run ") else ""
        yield Finding(iface, f"`{rule.add()}` stands {cause}", (remedy.removeprefix("run "),) if iface else (),
                      "" if iface else remedy)  # fmt: skip
