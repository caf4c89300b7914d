"""Another host answers for a guest's address."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import BAD, Finding

ID = "address-taken"
SEVERITY = BAD
ACTIVE = True


def look(facts: Facts) -> Iterator[Finding]:
    """Packets for the guest go to the one or the other. It may be the node that the guest has left."""
    for iface, answers in facts.answered():
        for guest in facts.guests:
            for address in guest.here if guest.attachment.network == iface else ():
                if address in answers:
                    tap, mac = guest.attachment.tap, answers[address]
                    advice = f"find the host with {mac}, and take {address} from it; on a node, detach the guest there"
                    yield Finding(tap, f"{mac} on {iface} answers for {address}, which {tap} has here", advice=advice)
