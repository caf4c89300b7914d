"""Virtual machines: attach and detach a TAP, and renew what an ifdown of their network took with it."""

from __future__ import annotations

import os

from snf_network_helper import links, shared
from snf_network_helper.address import Address
from snf_network_helper.announce import announce, in_use
from snf_network_helper.attachment import Attachment
from snf_network_helper.bystanders import ends_table
from snf_network_helper.errors import RoutedError
from snf_network_helper.facts import forces_forwarding
from snf_network_helper.guest_changes import NFDHCPD_DIRECTORY, SharedRule
from snf_network_helper.journal import ATTACHED, Journal, Lock, attached, names
from snf_network_helper.network import Network
from snf_network_helper.plan import Plan
from snf_network_helper.tap import plan
from snf_network_helper.transaction import bring_up, take_down, take_down_guest


def attach(attachment: Attachment, network: Network, probe: bool) -> None:
    """Makes the guest reachable and says so on the link; with `probe`, unless another host answers for its address."""
    tap = attachment.tap
    attachment.link = links.number(tap)
    if not attachment.link:
        raise RoutedError("no such interface")
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
        bring_up(_name(tap), _plan(attachment, network), request=attachment.request())
    _announce(network.iface, [attachment])


def detach(tap: str, only_if_gone: bool = False) -> None:
    """Undoes an attachment, also of a TAP that is gone, and what an earlier ifdown had to leave for it."""
    journal = Journal.read(_name(tap))
    if not journal.entries:
        return
    attachment = Attachment.parse(tap, journal.request)
    if only_if_gone and links.number(tap) == attachment.link:
        return
    take_down_guest(tap)
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
    for attachment in attached_to(iface):
        tap = attachment.tap
        try:
            if links.number(tap) != attachment.link:
                take_down_guest(tap)
                continue
            bring_up(_name(tap), _plan(attachment, Network.of(iface)), request=attachment.request(), renewing=True)
            works.append(attachment)
        except RoutedError as error:
            errors.append(f"{tap}: {error}")
    if works:
        _announce(iface, works)
    return errors


def _plan(attachment: Attachment, network: Network) -> Plan:
    changes = plan(attachment, network, forces_forwarding())
    if attachment.serve or os.path.isdir(NFDHCPD_DIRECTORY):  # no other attach is to pay for the import
        from snf_network_helper.addressing import addressing

        changes += addressing(attachment, network)
    return changes


def _announce(iface: str, attachments: list[Attachment]) -> None:
    """Announces the addresses, and later only those of the attachments that still stand."""
    taps = {address: one.tap for one in attachments for address in one.addresses}

    def is_here(address: Address) -> bool:
        request = Journal.read(_name(taps[address])).request
        return bool(request) and address in Attachment.parse(taps[address], request).addresses

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
