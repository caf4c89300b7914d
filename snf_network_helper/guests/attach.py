"""Attach a TAP: the guest behind it is reachable, and the neighbours are told."""

import time

from snf_network_helper.changes.base import AWAITED, PENDING
from snf_network_helper.changes.guest_address import GuestAddress
from snf_network_helper.changes.link_group import GUARDED
from snf_network_helper.errors import RoutedError
from snf_network_helper.guests import link_check
from snf_network_helper.guests.announcing import announce_guests
from snf_network_helper.guests.network import network_of
from snf_network_helper.guests.planning import facts_of, plan_of
from snf_network_helper.guests.requests import journal_name, journal_of
from snf_network_helper.journal.journal import attached
from snf_network_helper.kernel import link
from snf_network_helper.kernel.background import close_in_background, in_background
from snf_network_helper.kernel.rtnetlink import is_own
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.guest import TAP_MAC, asker, hosting
from snf_network_helper.runtime.lock import Lock
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.transaction.bring_up import Goal, attach_guest
from snf_network_helper.transaction.take_down import take_down_guest
from snf_network_helper.transaction.undoing import gone_link
from snf_network_helper.wire.announce import in_use
from snf_network_helper.wire.frames import ETH_P_ALL
from snf_network_helper.wire.packet_socket import open_link

if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

    from snf_network_helper.stanza.network import Network

# How long a migration's target waits for the guest: one that is there already answers at once.
_ARRIVAL_SECONDS = 0.05


def attach(attachment: Attachment, network: "Network", probe: bool) -> None:
    """Makes the guest reachable and says so on the link; with `probe`, unless another host answers for its address."""
    if _make_way(attachment, network) and probe:
        _refuse_what_is_in_use(attachment, network)
    raw = open_link(network.iface)  # where that fails nothing has been made yet
    _make(attachment, network, moves_in=False, then=lambda network: announce_guests(network.iface, [attachment], raw))


def receive(attachment: Attachment, network: "Network") -> None:
    """Makes all for a guest that moves in, but what the node answers for it by: that is done as soon as it is heard."""
    _make_way(attachment, network)
    ears = open_link(attachment.tap, ETH_P_ALL)  # where that fails nothing has been made yet

    def wait(network: "Network") -> None:
        if journal_of(attachment.tap).awaits:
            _await_guest(attachment, network, ears)
            return
        close_in_background(ears)
        announce_guests(network.iface, [attachment])

    _make(attachment, network, moves_in=True, then=wait)


def _make_way(attachment: Attachment, network: "Network") -> bool:
    """Checks the link, and undoes what a TAP of that name had that has vanished; False where it is attached already."""
    tap = attachment.tap
    if why := link.absence(tap):
        raise RoutedError(why.removeprefix(f"{tap}: "))
    attachment.link = link.number(tap)
    seen = link_check.check(tap, network.iface)
    if attachment.mac and attachment.mac in (seen.mac, TAP_MAC):  # a link without MAC address is told later
        raise RoutedError(f"--mac {attachment.mac}: the node's own on {tap}, expected that of the guest's interface")
    for address in attachment.addresses:
        if is_own(address):
            raise RoutedError(f"--ip {address}: this node has it, expected an address that a virtual machine may have")
        GuestAddress(network.iface, str(address), tap, attachment.link).check()
    if attachment.prefixes:  # only who has one pays for the import
        from snf_network_helper.changes.guest_prefix import GuestPrefix

        for prefix in attachment.prefixes:
            GuestPrefix(network.iface, str(prefix), tap, attachment.link).check()
    known = journal_of(tap)
    if gone_link(known):
        take_down_guest(tap, lambda journal: gone_link(journal) != "")
        known = journal_of(tap)
    if seen.group == GUARDED and not known.request:
        _undo_by_former_name(attachment.link)
    return known.request != attachment.request()


def _undo_by_former_name(number: str) -> None:
    """Undoes what the link got when it had another name: what it was before that is what it is to be again."""
    for tap in attached():
        request = journal_of(tap).request
        if request and Attachment.parse(tap, request).link == number:
            take_down_guest(tap, lambda journal: gone_link(journal) != "")


def _refuse_what_is_in_use(attachment: Attachment, network: "Network") -> None:
    for address, mac in in_use(network.iface, attachment.addresses, network.asker).items():
        raise RoutedError(f"--ip {address}: in use, {mac} on {network.iface} answers for it")


def _make(attachment: Attachment, network: "Network", moves_in: bool, then: "Callable[[Network], None]") -> None:
    """Makes the plan, on the network as it is now; no ifup or ifdown of it comes in between.

    `then` does what follows; where that fails, a guest that was not attached before is not afterwards.
    """
    before = journal_of(attachment.tap)
    with Lock(network.iface, shared=True):
        network = network_of(network.iface)
        changes = plan_of(attachment, network, facts_of(network), before)
        awaiting = hosting(changes, attachment.tap) if moves_in else ()
        attach_guest(journal_name(attachment.tap), Goal(changes, request=attachment.request(), awaiting=awaiting))
    try:
        then(network)
    except RoutedError:
        if not before.entries:
            take_down_guest(attachment.tap, lambda journal: journal.request == attachment.request())
        raise


def _await_guest(attachment: Attachment, network: "Network", ears: "socket") -> None:
    """Leaves it to the background; a guest that is there already is reachable when this returns."""
    from snf_network_helper.guests.migration import wait_for_arrival

    in_background(lambda: wait_for_arrival(attachment, asker(attachment, network), ears), keep=[ears.fileno()])
    ears.close()
    end = time.monotonic() + _ARRIVAL_SECONDS
    while time.monotonic() < end and any(
        entry.state in (AWAITED, PENDING) for entry in journal_of(attachment.tap).entries
    ):
        time.sleep(0.001)
