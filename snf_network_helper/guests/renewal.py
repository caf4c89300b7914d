"""After ifup: what an ifdown of their network took from guests is made anew."""

from snf_network_helper.changes.base import APPLIED, PROTOCOL
from snf_network_helper.changes.by_nft import NftElement, add_elements
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.selection import of_kind
from snf_network_helper.errors import KernelError, RoutedError, told
from snf_network_helper.guests.announcing import announce_guests
from snf_network_helper.guests.network import network_of
from snf_network_helper.guests.planning import facts_of, plan_of
from snf_network_helper.guests.requests import attached_to, journal_name, journal_of
from snf_network_helper.kernel import link
from snf_network_helper.kernel.process import query
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.guest import hosting
from snf_network_helper.transaction.bring_up import Goal, has_others, renew_guest
from snf_network_helper.transaction.take_down import take_down_guest
from snf_network_helper.transaction.undoing import gone_link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from snf_network_helper.changes.base import Change
    from snf_network_helper.journal.journal import Journal
    from snf_network_helper.plan.facts import Facts
    from snf_network_helper.stanza.attachment import Attachment
    from snf_network_helper.stanza.network import Network
    from snf_network_helper.stanza.stanza import Stanza


def renew(iface: str, to_come: "Callable[[], Sequence[Stanza | None]]" = list) -> list[str]:
    """After ifup: every guest of the network works again; one whose TAP is gone leaves nothing.

    `to_come` tells of the stanzas whose turn is yet to come: what is for them stays. Returns what went wrong: it is one
    guest's trouble, not the network's.
    """
    works = []
    facts = expected = None
    attachments, errors = attached_to(iface)
    standing = _standing([journal for _, journal in attachments])
    for attachment, journal in attachments:
        tap = attachment.tap
        try:
            if link.number(tap) != attachment.link:
                take_down_guest(tap, lambda journal: gone_link(journal) != "")
                continue
            network = network_of(iface)
            facts = facts or facts_of(network)
            asked = attachment.request()
            if not journal.awaits:
                attachment = attachment.following(network)
            changes = plan_of(attachment, network, facts, journal)
            stays: set[Change] = set()
            if has_others(journal, changes) or attachment.is_outside(network):
                expected = _Expected(to_come()) if expected is None else expected
                if attachment.is_outside(network) and not expected.stanzas:
                    errors.append(f"{tap}: {attachment.outside()}")
                stays = expected.changes(attachment, network, journal)
                changes = tuple(change for change in changes if change in stays or not stays)
            awaiting = hosting(changes, tap) if journal_of(tap).awaits else ()
            renew_guest(journal_name(tap), Goal(changes, "", attachment.request(), awaiting, standing), asked, stays)
            if not awaiting:
                works.append(attachment)
        except Exception as error:  # nor is it the other guests' trouble
            errors.append(f"{tap}: {told(error)}")
    try:
        if works:
            announce_guests(iface, works)
    except RoutedError as error:
        errors.append(str(error))
    return errors


class _Expected:
    """What guests are to have when the stanzas to come are up."""

    def __init__(self, stanzas: "Sequence[Stanza | None]") -> None:
        self.stanzas = stanzas
        self._facts: Facts | None = None

    def changes(self, attachment: "Attachment", network: "Network", journal: "Journal") -> "set[Change]":
        """What is not to be undone before; all that it has where one of these stanzas cannot be read."""
        if None in self.stanzas:
            return {entry.change.successor() for entry in journal.entries}
        if not self.stanzas:
            return set()
        for stanza in filter(None, self.stanzas):
            network = network.with_stanza(stanza)
        self._facts = self._facts or facts_of(network)
        return {*plan_of(attachment, network, self._facts, journal)}


def _standing(journals: "Sequence[Journal]") -> "set[Change]":
    """What guests have by their journals and the kernel holds: their routes, and the guard's elements.

    It is found out at once for all of them; elements may be added once more, so they are.
    """
    made = [entry.change for journal in journals for entry in journal.entries if entry.state == APPLIED]
    standing: set[Change] = {*of_kind(NftElement, made)}
    try:
        add_elements([change.add() for change in standing])
    except KernelError:  # whose fault it is shows when each adds its own
        standing.clear()
    routes = of_kind(Route, made)
    for ip, table in {(route.door(), route.table) for route in routes}:
        shown = query(f"{ip} route show table {table} proto {PROTOCOL} type unicast")
        there = {tuple(line.split()[:3]) for line in shown.splitlines()}
        standing.update(one for one in routes if (one.prefix.partition("/")[0], "dev", one.dev) in there)
    return standing
