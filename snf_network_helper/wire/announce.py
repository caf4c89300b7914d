"""Announcing addresses to the neighbours on a link, and asking whether somebody else has them.

Debian has neither arpsend nor ndsend, and the kernel announces only addresses of its own.
"""

import select
import time

from snf_network_helper.kernel.background import close_in_background, in_background
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.wire.claims import Claims
from snf_network_helper.wire.frames import ETH_P_ALL, announcements, answer, question, question_to_routers
from snf_network_helper.wire.packet_socket import open_link

if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from snf_network_helper.stanza.addresses import IPAddress

    Frames = Mapping[IPAddress, Sequence[bytes]]

# The first ones are close together, for one may be lost, and a guest that moves is cut off until one is heard.
# Receivers may lock an entry for a second after it changed (locktime, arp(7)), so some come later than that.
LATER_SECONDS = (0.002, 0.01, 0.05, 0.15, 0.4, 1.1, 2.2, 4.5)
# A host on the link answers within a millisecond; half-way the question is asked again.
PROBE_SECONDS = 0.03
# RFC 4861, 6.3.7
ROUTER_QUESTIONS, ROUTER_SECONDS = 3, 4.0


def announce(
    dev: str,
    addresses: "Sequence[IPAddress]",
    is_here: "Callable[[IPAddress], bool]" = lambda _: True,
    raw: "socket | None" = None,
) -> None:
    """Tells the neighbours on a link, once now and several times in the background, that the addresses are here.

    `is_here` is asked before each later time. What another host claims meanwhile has moved there, and is not announced
    any more. `raw` is a socket on the link, where the caller has opened one.
    """
    if not addresses:
        return
    link = raw or open_link(dev)
    claims = Claims(dev)  # of the first announcement too somebody may know better
    frames = announce_now(link, addresses)

    def go_on() -> None:
        taken: set[IPAddress] = set()

        def wait(seconds: float) -> None:
            end = time.monotonic() + seconds
            while address := claims.heard(addresses, max(0.0, end - time.monotonic())):
                taken.add(address)

        announce_later(link, frames, lambda address: address not in taken and is_here(address), wait)

    in_background(go_on, keep=[link.fileno(), *claims.files()])
    link.close()
    claims.close()


def announce_now(raw: "socket", addresses: "Iterable[IPAddress]") -> "Frames":
    """Tells the neighbours once; returns the frames that did it."""
    mac = raw.getsockname()[4]
    frames = {address: list(announcements(address, mac)) for address in addresses}
    _send(raw, frames, frames)
    return frames


def announce_later(
    raw: "socket",
    frames: "Frames",
    is_here: "Callable[[IPAddress], bool]",
    wait: "Callable[[float], None]" = time.sleep,
) -> None:
    """Tells them again, as often and as long as it takes to be heard by all."""
    start = time.monotonic()
    for seconds in LATER_SECONDS:
        wait(max(0.0, start + seconds - time.monotonic()))
        here = [address for address in frames if is_here(address)]
        if not here:
            return
        _send(raw, frames, here)


def ask(raw: "socket", addresses: "Iterable[IPAddress]", asker: "IPAddress | None") -> None:
    """Asks once on a link who has the addresses."""
    mac = raw.getsockname()[4]
    frames = {address: [question(address, mac, asker)] for address in addresses}
    _send(raw, frames, frames)


def in_use(dev: str, addresses: "Sequence[IPAddress]", asker: "IPAddress | None") -> "dict[IPAddress, str]":
    """The addresses that another host on the link answers for, with its MAC address.

    IPv4 is asked in the name of `asker`: nodes with proxy ARP leave a probe from 0.0.0.0 (RFC 5227) unanswered.
    """
    raw = open_link(dev, ETH_P_ALL)
    try:
        return answers(raw, addresses, asker)
    finally:
        close_in_background(raw)


def answers(raw: "socket", addresses: "Sequence[IPAddress]", asker: "IPAddress | None") -> "dict[IPAddress, str]":
    """The same by a socket that hears answers."""
    taken: dict[IPAddress, str] = {}
    mac = raw.getsockname()[4]
    start = time.monotonic()
    for end in (start + PROBE_SECONDS / 2, start + PROBE_SECONDS):
        ask(raw, [address for address in addresses if address not in taken], asker)
        while len(taken) < len(addresses):
            # What has arrived by then counts, also where nobody let us look in time
            if not select.select([raw], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            frame = raw.recv(2048)
            address = answer(frame)
            if address is not None and address in addresses and frame[6:12] != mac:
                taken[address] = frame[6:12].hex(":")
    return taken


def ask_routers(dev: str) -> None:
    """Asks the routers on a link to advertise themselves, as a host does that comes up; goes on in the background."""
    raw = open_link(dev)
    frame = question_to_routers(raw.getsockname()[4])

    def go_on() -> None:
        for _ in range(ROUTER_QUESTIONS):
            try:
                raw.send(frame)
            except OSError:  # the link is down: once it is up, the kernel asks by itself
                return
            time.sleep(ROUTER_SECONDS)

    in_background(go_on, keep=[raw.fileno()])
    raw.close()


def _send(raw: "socket", frames: "Frames", addresses: "Iterable[IPAddress]") -> None:
    for address in addresses:
        for frame in frames[address]:
            try:
                raw.send(frame)
            except OSError:  # the link is down, or its queue full: what comes later may get through
                return
