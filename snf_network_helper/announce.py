"""Announcing addresses to the neighbours on a link, and asking whether somebody else has them.

Debian has neither arpsend nor ndsend, and the kernel announces only addresses of its own.
"""

from __future__ import annotations

import select
import time

# The C half of `socket`, whose Python half would cost every attach 5 ms.
from _socket import socket

from snf_network_helper.address import Address
from snf_network_helper.background import close_in_background, in_background
from snf_network_helper.claims import Claims
from snf_network_helper.frames import ETH_P_ALL, announcements, answer, question, question_to_routers
from snf_network_helper.raw import open_link

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every attach 2 ms
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Frames = Mapping[Address, Sequence[bytes]]

# The first ones are close together, for one may be lost, and a guest that moves is cut off until one is heard.
# Receivers may lock an entry for a second after it changed (locktime, arp(7)), so some come later than that.
LATER_SECONDS = (0.002, 0.01, 0.05, 0.15, 0.4, 1.1, 2.2, 4.5)
# A host on the link answers within a millisecond; half-way the question is asked again.
PROBE_SECONDS = 0.03
# RFC 4861, 6.3.7
ROUTER_QUESTIONS, ROUTER_SECONDS = 3, 4.0


def announce(dev: str, addresses: Sequence[Address], is_here: Callable[[Address], bool] = lambda _: True) -> None:
    """Tells the neighbours on a link, once now and several times in the background, that the addresses are here.

    `is_here` is asked before each later time. What another host claims meanwhile has moved there, and is not announced
    any more.
    """
    if not addresses:
        return
    link = open_link(dev)
    claims = Claims(dev)  # of the first announcement too somebody may know better
    frames = announce_now(link, addresses)

    def go_on() -> None:
        taken: set[Address] = set()

        def wait(seconds: float) -> None:
            end = time.monotonic() + seconds
            while address := claims.heard(addresses, max(0.0, end - time.monotonic())):
                taken.add(address)

        announce_later(link, frames, lambda address: address not in taken and is_here(address), wait)

    in_background(go_on, keep=[link.fileno(), *claims.files()])
    link.close()
    claims.close()


def announce_now(link: socket, addresses: Iterable[Address]) -> Frames:
    """Tells the neighbours once; returns the frames that did it."""
    mac = link.getsockname()[4]
    frames = {address: list(announcements(address, mac)) for address in addresses}
    _send(link, frames, frames)
    return frames


def announce_later(
    link: socket, frames: Frames, is_here: Callable[[Address], bool], wait: Callable[[float], None] = time.sleep
) -> None:
    """Tells them again, as often and as long as it takes to be heard by all."""
    start = time.monotonic()
    for seconds in LATER_SECONDS:
        wait(max(0.0, start + seconds - time.monotonic()))
        here = [address for address in frames if is_here(address)]
        if not here:
            return
        _send(link, frames, here)


def ask(link: socket, addresses: Iterable[Address], asker: Address | None) -> None:
    """Asks once on a link who has the addresses."""
    mac = link.getsockname()[4]
    frames = {address: [question(address, mac, asker)] for address in addresses}
    _send(link, frames, frames)


def in_use(dev: str, addresses: Sequence[Address], asker: Address | None) -> dict[Address, str]:
    """The addresses that another host on the link answers for, with its MAC address.

    IPv4 is asked in the name of `asker`: nodes with proxy ARP leave a probe from 0.0.0.0 (RFC 5227) unanswered.
    """
    taken: dict[Address, str] = {}
    link = open_link(dev, ETH_P_ALL)
    try:
        mac = link.getsockname()[4]
        start = time.monotonic()
        for end in (start + PROBE_SECONDS / 2, start + PROBE_SECONDS):
            ask(link, [address for address in addresses if address not in taken], asker)
            while len(taken) < len(addresses):
                # What has arrived by then counts, also where nobody let us look in time
                if not select.select([link], [], [], max(0.0, end - time.monotonic()))[0]:
                    break
                frame = link.recv(2048)
                address = answer(frame)
                if address is not None and address in addresses and frame[6:12] != mac:
                    taken[address] = frame[6:12].hex(":")
    finally:
        close_in_background(link)
    return taken


def ask_routers(dev: str) -> None:
    """Asks the routers on a link to advertise themselves, as a host does that comes up; goes on in the background."""
    link = open_link(dev)
    frame = question_to_routers(link.getsockname()[4])

    def go_on() -> None:
        for _ in range(ROUTER_QUESTIONS):
            try:
                link.send(frame)
            except OSError:  # the link is down: once it is up, the kernel asks by itself
                return
            time.sleep(ROUTER_SECONDS)

    in_background(go_on, keep=[link.fileno()])
    link.close()


def _send(link: socket, frames: Frames, addresses: Iterable[Address]) -> None:
    for address in addresses:
        for frame in frames[address]:
            try:
                link.send(frame)
            except OSError:  # the link is down, or its queue full: what comes later may get through
                return
