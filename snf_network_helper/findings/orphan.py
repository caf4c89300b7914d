"""Something bears the mark of this package, and no journal lists it."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import WARNING, Finding

ID = "orphan"
SEVERITY = WARNING


def look(facts: Facts) -> Iterator[Finding]:
    """Not looked for where one interface is asked about: nothing says whose it is."""
    for change in facts.orphans if not facts.unread else ():
        yield Finding("", f"`{change.add()}` is in no journal", (change.remove(),) if change.remove() else (),
                      "" if change.remove() else "remove it by hand")  # fmt: skip
