"""Virtual machines: attach and detach a TAP, and renew what an ifdown of their network took with it."""

from __future__ import annotations

import os
import time

from snf_network_helper import kernel, kinds, links, shared
from snf_network_helper.address import Address
from snf_network_helper.announce import announce, in_use
from snf_network_helper.attachment import Attachment
from snf_network_helper.background import in_background
from snf_network_helper.bystanders import ends_table
from snf_network_helper.changes import Change, Route
from snf_network_helper.claims import Claims
from snf_network_helper.errors import KernelError, NetworkDownError, RoutedError
from snf_network_helper.facts import Facts
from snf_network_helper.families import IPV4
from snf_network_helper.guest_changes import NFDHCPD_DIRECTORY, SharedRule
from snf_network_helper.journal import APPLIED, ATTACHED, Journal, Lock, attached, names
from snf_network_helper.making import add_elements
from snf_network_helper.network import Network
from snf_network_helper.plan import Plan
from snf_network_helper.tap import hosting, plan
from snf_network_helper.transaction import bring_up, change_request, take_down, take_down_guest

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every attach 2 ms
    from collections.abc import Callable, Sequence

# How long an attach waits for a machine that is about to move in: one that is there already answers at once.
_ARRIVAL_SECONDS = 0.05


def attach(attachment: Attachment, network: Network, probe: bool, moves_in: bool = False) -> None:
    """Makes the guest reachable and says so on the link; with `probe`, unless another host answers for its address.

    For one that `moves_in` all is made but that the node answers for it; this is done as soon as it is heard.
    """
    tap = attachment.tap
    attachment.link = links.number(tap)
    if not attachment.link:
        raise RoutedError("no such interface")
    kinds.check(tap, network.iface)
    before = Journal.read(_name(tap))
    if before.entries and before.request and Attachment.parse(tap, before.request).link != attachment.link:
        take_down_guest(tap)  # of a TAP that has vanished, and this is another one
    elif before.request == attachment.request():
        probe = False
    if probe:
        taken = in_use(network.iface, attachment.addresses, network.asker)
        for address, mac in taken.items():
            raise RoutedError(f"--ip {address}: in use, {mac} on {network.iface} answers for it")
    with Lock(network.iface, shared=True):  # no ifup or ifdown of the network meanwhile
        network = Network.of(network.iface)
        changes = _plan(attachment, network, _facts(network))
        awaiting = hosting(changes, tap) if moves_in else ()
        bring_up(_name(tap), changes, request=attachment.request(), awaiting=awaiting)
    if Journal.read(_name(tap)).awaits:
        _await_machine(attachment, network)
    else:
        _announce(network.iface, [attachment])


def _await_machine(attachment: Attachment, network: Network) -> None:
    """Leaves it to the background; a machine that is there already is reachable when this returns."""
    from snf_network_helper.migration import wait_for_arrival

    in_background(lambda: wait_for_arrival(attachment, network.gateways.get(IPV4)))
    end = time.monotonic() + _ARRIVAL_SECONDS
    while time.monotonic() < end and Journal.read(_name(attachment.tap)).awaits:
        time.sleep(0.001)


def leave(tap: str) -> None:
    """Undoes an attachment as soon as another node answers for its machine; until then it goes on being reachable here.

    At once where another one does so already, where the machine has not moved in yet, and where there is no network.
    """
    journal = Journal.read(_name(tap))
    if not journal.entries:
        return
    attachment = Attachment.parse(tap, journal.request)
    claims = None
    if not journal.awaits and links.number(tap) == attachment.link:
        claims = _claims_unless_moved(attachment)
    if claims is None:
        detach(tap)
        return
    attachment.leaves = True
    if change_request(tap, journal.request, attachment.request()):
        in_background(_departure(attachment, claims), keep=claims.files())
    claims.close()


def _departure(attachment: Attachment, claims: Claims) -> Callable[[], None]:
    from snf_network_helper.migration import wait_for_departure

    return lambda: wait_for_departure(attachment, claims, lambda first: detach(attachment.tap, first=first))


def _claims_unless_moved(attachment: Attachment) -> Claims | None:
    """What others claim from now on; None where another node answers for the machine already, or no network is up."""
    try:
        asker = Network.of(attachment.network).asker
        claims = Claims(attachment.network)
        if not in_use(attachment.network, attachment.addresses, asker):
            return claims
    except (NetworkDownError, KernelError):
        return None
    claims.close()
    return None


def detach(tap: str, only_if_gone: bool = False, first: Callable[[Journal], bool] = lambda _: True) -> None:
    """Undoes an attachment, also of a TAP that is gone, and what an earlier ifdown had to leave for it."""
    journal = Journal.read(_name(tap))
    if not journal.entries:
        return
    attachment = Attachment.parse(tap, journal.request)
    if only_if_gone and links.number(tap) == attachment.link:
        return
    take_down_guest(tap, first)
    rules = [entry.change for entry in journal.entries if isinstance(entry.change, SharedRule)]
    left = [entry.change for name in names(attachment.network) for entry in Journal.read(name).entries]
    if left and all(ends_table(change) for change in left) and not any(shared.is_used(rule) for rule in rules):
        take_down(attachment.network)


def renew(iface: str) -> list[str]:
    """After ifup: every guest of the network works again; one whose TAP is gone leaves nothing.

    Returns what went wrong: it is one guest's trouble, not the network's.
    """
    errors = []
    works = []
    facts = None
    attachments = attached_to(iface)
    standing = _standing([one.tap for one in attachments])
    for attachment in attachments:
        tap = attachment.tap
        try:
            if links.number(tap) != attachment.link:
                take_down_guest(tap)
                continue
            journal = Journal.read(_name(tap))
            network = Network.of(iface)
            facts = facts or _facts(network)
            changes = _plan(attachment, network, facts)
            awaiting = hosting(changes, tap) if journal.awaits else ()
            bring_up(
                _name(tap), changes, request=attachment.request(), renewing=True, standing=standing, awaiting=awaiting
            )
            if not awaiting:
                works.append(attachment)
        except RoutedError as error:
            errors.append(f"{tap}: {error}")
    if works:
        _announce(iface, works)
    return errors


def _standing(taps: Sequence[str]) -> set[Change]:
    """What guests have by their journals and the kernel holds: their routes, and the guard's elements.

    It is found out at once for all of them; elements may be added once more, so they are.
    """
    made = [entry.change for tap in taps for entry in Journal.read(_name(tap)).entries if entry.state == APPLIED]
    standing = {change for change in made if change.batched_by_nft}
    try:
        add_elements([change.add() for change in standing])
    except KernelError:  # whose fault it is shows when each adds its own
        standing.clear()
    routes = [change for change in made if isinstance(change, Route)]
    for ip, table in {(kernel.family_of(route), route.table) for route in routes}:
        shown = kernel.query(f"{ip} route show table {table} proto snf type unicast")
        there = {tuple(line.split()[:3]) for line in shown.splitlines()}
        standing.update(one for one in routes if (one.prefix.partition("/")[0], "dev", one.dev) in there)
    return standing


def _facts(network: Network) -> Facts:
    return Facts.of_guests([subnet.family for subnet in network.subnets], shared.paths())


def _plan(attachment: Attachment, network: Network, facts: Facts) -> Plan:
    changes = plan(attachment, network, facts.force_forwarding, facts.keep_ra)
    if attachment.serve or os.path.isdir(NFDHCPD_DIRECTORY):  # no other attach is to pay for the import
        from snf_network_helper.addressing import addressing

        changes += addressing(attachment, network)
    return changes


def _announce(iface: str, attachments: list[Attachment]) -> None:
    """Announces the addresses, and later only those of machines that still are here, and not about to leave."""
    taps = {address: one.tap for one in attachments for address in one.addresses}

    def is_here(address: Address) -> bool:
        journal = Journal.read(_name(taps[address]))
        if not journal.request or journal.awaits:
            return False
        attachment = Attachment.parse(taps[address], journal.request)
        return address in attachment.addresses and not attachment.leaves

    announce(iface, list(taps), is_here)


def attached_to(iface: str) -> list[Attachment]:
    """What is attached to a network."""
    found = []
    for tap in attached():
        if request := Journal.read(_name(tap)).request:
            attachment = Attachment.parse(tap, request)
            if attachment.network == iface:
                found.append(attachment)
    return found


def _name(tap: str) -> str:
    return f"{tap}:{ATTACHED}"
