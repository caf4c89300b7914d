"""A machine that moves: hosted here once it is heard on its TAP, and no more once another node has announced it.

Neither node is told anything by the other, and no caller has to hit the right moment. Whoever waits has everything at
hand: a machine that moves is cut off until this is done.
"""

from __future__ import annotations

import select
import time

# The C half of `socket`, whose Python half costs some 5 ms.
from _socket import socket

from snf_network_helper import links
from snf_network_helper.address import Address
from snf_network_helper.announce import announce_later, announce_now, ask
from snf_network_helper.attachment import Attachment
from snf_network_helper.background import in_background
from snf_network_helper.changes import ProxyNeighbour, Route
from snf_network_helper.claims import Claims
from snf_network_helper.errors import RoutedError
from snf_network_helper.frames import ETH_P_ALL
from snf_network_helper.guest_changes import Hosted
from snf_network_helper.journal import APPLIED, ATTACHED, Entry, Journal, Lock
from snf_network_helper.making import add_elements, state_of_existing
from snf_network_helper.raw import open_link
from snf_network_helper.standby import Standby
from snf_network_helper.transaction import make_awaited

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every attach 2 ms
    from collections.abc import Callable, Sequence

_OUTGOING = 4  # PACKET_OUTGOING, include/uapi/linux/if_packet.h
# How often it is looked whether there is anything to wait for any more.
_LOOK_SECONDS = 1.0
# A machine that is running, but says nothing by itself, is asked; one that is not yet finds the questions in its queue.
_FIRST_PAUSE, _LAST_PAUSE = 0.05, 30.0


def wait_for_arrival(attachment: Attachment, gateway: Address | None) -> None:
    """Waits until anything comes out of the TAP; then says so on the link, and has the node answer for the machine.

    Ends without that when nothing is awaited any more. `gateway` is in whose name the machine is asked.
    """
    name = f"{attachment.tap}:{ATTACHED}"
    pause, asked = _FIRST_PAUSE, 0.0
    ears = open_link(attachment.tap, ETH_P_ALL)
    with Standby() as standby:
        while Journal.read(name).awaits:
            if time.monotonic() >= asked + pause or not asked:
                pause = min(pause * 2, _LAST_PAUSE) if asked else pause
                asked = time.monotonic()
                ask(ears, attachment.addresses, gateway)
            if _hears_machine(ears, min(pause, _LOOK_SECONDS)):
                _host(attachment, standby)


def _hears_machine(ears: socket, seconds: float) -> bool:
    """Whether a frame comes out of the TAP within that time; those of the node itself don't count."""
    end = time.monotonic() + seconds
    while select.select([ears], [], [], max(0.0, end - time.monotonic()))[0]:
        try:
            if ears.recvfrom(64)[1][2] != _OUTGOING:
                return True
        except OSError:  # the link went down: perhaps detached, perhaps gone
            return False
    return False


def _host(attachment: Attachment, standby: Standby) -> None:
    """Announces the machine and makes what is awaited for it; what can't be made goes on being awaited."""
    request = attachment.request()
    name = f"{attachment.tap}:{ATTACHED}"

    def is_here(address: Address) -> bool:
        return Journal.read(name).request == request

    def make(awaited: Sequence[Entry]) -> None:
        routes = [entry for entry in awaited if isinstance(entry.change, Route)]
        link = open_link(attachment.network)
        announce_now(link, attachment.addresses)
        # The node that the machine left is silent from here on; before, this one must not answer
        standby.tell([entry.change.add() for entry in routes])
        for entry in awaited:
            if isinstance(entry.change, ProxyNeighbour):
                links.make(entry.change)
            entry.state = APPLIED
        for index, reason in standby.finish():
            routes[index].state = state_of_existing(name, routes[index], reason)
        frames = announce_now(link, attachment.addresses)  # the first may be lost
        in_background(lambda: announce_later(link, frames, is_here), keep=[link.fileno()])
        link.close()
        add_elements([entry.change.add() for entry in awaited if isinstance(entry.change, Hosted)])

    try:
        with Lock(attachment.network, shared=True):  # no ifup or ifdown of the network meanwhile
            make_awaited(attachment.tap, request, make)
    except RoutedError:  # the network is down, say: the machine will be heard again
        return


def wait_for_departure(
    attachment: Attachment, claims: Claims, detach: Callable[[Callable[[Journal], bool]], None]
) -> None:
    """Waits until another node claims an address of the machine; then `detach` undoes the attachment.

    Ends without that when the machine is not about to leave any more.
    """
    request = attachment.request()
    name = f"{attachment.tap}:{ATTACHED}"
    with Standby() as standby:

        def withdraw(journal: Journal) -> bool:
            if journal.request != request:
                return False
            changes = [entry.change for entry in reversed(journal.entries) if entry.state == APPLIED]
            routes = [change for change in changes if isinstance(change, Route) and change.dev == attachment.tap]
            standby.tell([route.remove() for route in routes])
            standby.finish()
            return True

        while Journal.read(name).request == request:
            if claims.heard(attachment.addresses, _LOOK_SECONDS) is not None:
                detach(withdraw)
                return
