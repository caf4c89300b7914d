"""After ifup: what an ifdown of their network took from guests is made anew."""

from snf_network_helper.changes.base import APPLIED, PROTOCOL
from snf_network_helper.changes.by_nft import NftElement, add_elements
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.selection import of_kind
from snf_network_helper.errors import KernelError, RoutedError, one_line
from snf_network_helper.guests.announcing import announce_guests
from snf_network_helper.guests.network import network_of
from snf_network_helper.guests.planning import facts_of, plan_of
from snf_network_helper.guests.requests import attached_to, journal_name, journal_of
from snf_network_helper.kernel import link
from snf_network_helper.kernel.process import query
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.guest import hosting
from snf_network_helper.transaction.bring_up import Goal, renew_guest
from snf_network_helper.transaction.take_down import take_down_guest
from snf_network_helper.transaction.undoing import gone_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snf_network_helper.changes.base import Change
    from snf_network_helper.journal.journal import Journal


def renew(iface: str) -> list[str]:
    """After ifup: every guest of the network works again; one whose TAP is gone leaves nothing.

    Returns what went wrong: it is one guest's trouble, not the network's.
    """
    works = []
    facts = None
    attachments, errors = attached_to(iface)
    standing = _standing([journal for _, journal in attachments])
    for attachment, before in attachments:
        tap = attachment.tap
        try:
            if link.number(tap) != attachment.link:
                take_down_guest(tap, lambda journal: gone_link(journal) != "")
                continue
            network = network_of(iface)
            facts = facts or facts_of(network)
            changes = plan_of(attachment, network, facts, before)
            awaiting = hosting(changes, tap) if journal_of(tap).awaits else ()
            renew_guest(journal_name(tap), Goal(changes, "", attachment.request(), awaiting, standing))
            if not awaiting:
                works.append(attachment)
        except RoutedError as error:
            errors.append(f"{tap}: {error}")
        except Exception as error:  # nor is it the other guests' trouble
            errors.append(f"{tap}: {one_line(repr(error))}")
    try:
        if works:
            announce_guests(iface, works)
    except RoutedError as error:
        errors.append(str(error))
    return errors


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
