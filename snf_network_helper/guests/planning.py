"""The plan of a guest on this host."""

from snf_network_helper.changes import binding
from snf_network_helper.kernel import link
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.guest import plan
from snf_network_helper.runtime import files
from snf_network_helper.runtime.shared import settings
from snf_network_helper.transaction.host import read_guest_facts

if TYPE_CHECKING:
    from snf_network_helper.journal.journal import Journal
    from snf_network_helper.plan.facts import Facts
    from snf_network_helper.plan.routed import Plan
    from snf_network_helper.stanza.attachment import Attachment
    from snf_network_helper.stanza.network import Network


def facts_of(network: "Network") -> "Facts":
    """The facts that plans of guests of the network depend on."""
    facts = read_guest_facts([subnet.family for subnet in network.subnets], settings())
    facts.mtu = link.mtu(network.iface)
    facts.own_mac = link.mac(network.iface)
    return facts


def plan_of(attachment: "Attachment", network: "Network", facts: "Facts", before: "Journal") -> "Plan":
    """The changes that attach a guest here, with those by which it learns its addresses; `before` is its journal."""
    mtu = attachment.mtu or facts.mtu
    changes = plan(attachment, network, facts, "" if _own_mtu(attachment.tap, before) == mtu else mtu)
    if attachment.serve or files.exists(binding.DIRECTORY):  # no other attach is to pay for the import
        from snf_network_helper.plan.addressing import addressing

        changes += addressing(attachment, network, mtu)
    return changes


def _own_mtu(tap: str, journal: "Journal") -> str:
    """The MTU that a TAP has by itself: what it had before an earlier attach changed it."""
    if journal.entries:  # no first attach is to pay for the import
        from snf_network_helper.changes.link_mtu import LinkMtu

        for entry in journal.entries:
            if isinstance(entry.change, LinkMtu) and entry.was_made():
                return entry.prior
    return link.mtu(tap)
