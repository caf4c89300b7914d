"""A guest that moves: hosted here once it is heard on its TAP, and no more once another node has announced it.

Neither node is told anything by the other, and no caller has to hit the right moment. Whoever waits has everything at
hand: a guest that moves is cut off until this is done.
"""

import select
import time

from snf_network_helper.changes import foreign
from snf_network_helper.changes.base import APPLIED, Entry
from snf_network_helper.changes.by_ip import Answers, judge_standing
from snf_network_helper.changes.by_nft import add_run, joining
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.selection import of_kind
from snf_network_helper.errors import RoutedError
from snf_network_helper.guests.requests import journal_name, journal_of, make_awaited
from snf_network_helper.kernel import daemon, link, link_addresses, nft, process, rtnetlink, sysctl
from snf_network_helper.kernel.background import complain, in_background
from snf_network_helper.kernel.waiting_ip import WaitingIp
from snf_network_helper.lean import TYPE_CHECKING, socket
from snf_network_helper.runtime.lock import Lock
from snf_network_helper.transaction import take_down
from snf_network_helper.transaction.making import user_of
from snf_network_helper.wire.announce import announce_later, announce_now, ask
from snf_network_helper.wire.packet_socket import open_link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from snf_network_helper.journal.journal import Journal
    from snf_network_helper.stanza.addresses import IPAddress
    from snf_network_helper.stanza.attachment import Attachment
    from snf_network_helper.wire.claims import Claims

# Whoever waits may see the package replaced meanwhile: all that making and undoing will need is loaded by then.
LOADED = (daemon, foreign, link, link_addresses, nft, process, rtnetlink, sysctl, take_down)

_OUTGOING = 4  # PACKET_OUTGOING, include/uapi/linux/if_packet.h
_IPV4, _IGMP, _NO_ADDRESS = b"\x08\x00", b"\x02", bytes(4)
# How often it is looked whether there is anything to wait for any more.
_LOOK_SECONDS = 1.0
# A guest that is running, but says nothing by itself, is asked; one that is not yet finds the questions in its queue.
_FIRST_PAUSE, _LAST_PAUSE = 0.05, 30.0
_FIRST_RETRY = 1.0


def wait_for_arrival(attachment: "Attachment", gateway: "IPAddress | None", ears: socket.socket) -> None:
    """Waits until anything comes out of the TAP; then says so on the link, and has the node answer for the guest.

    Ends without that when nothing is awaited any more. `gateway` is in whose name the guest is asked, `ears` hears all
    on the TAP. Where something fails, it is in the log, and tried again less and less often.
    """
    tap = attachment.tap
    ears.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # it may have been opened while the link was down
    pause = _FIRST_RETRY
    while journal_of(tap).awaits:
        try:
            _host_when_heard(attachment, gateway, ears)
        except (RoutedError, OSError) as error:
            complain(f"{tap}: {error}; the guest is not reachable, next attempt in {pause:.0f} s")
            end = time.monotonic() + pause
            while journal_of(tap).awaits and time.monotonic() < end:
                time.sleep(_LOOK_SECONDS)
            pause = min(pause * 2, _LAST_PAUSE)


def _host_when_heard(attachment: "Attachment", gateway: "IPAddress | None", ears: socket.socket) -> None:
    tap = attachment.tap
    pause, asked = _FIRST_PAUSE, 0.0
    with WaitingIp() as waiting_ip:
        while journal_of(tap).awaits:
            if time.monotonic() >= asked + pause or not asked:
                pause = min(pause * 2, _LAST_PAUSE) if asked else pause
                asked = time.monotonic()
                ask(ears, attachment.addresses, gateway)
            if _hears_guest(ears, min(pause, _LOOK_SECONDS)):
                _host(attachment, waiting_ip)


def _hears_guest(ears: socket.socket, seconds: float) -> bool:
    """Whether a frame comes out of the TAP within that time; those of the node itself don't count."""
    end = time.monotonic() + seconds
    while select.select([ears], [], [], max(0.0, end - time.monotonic()))[0]:
        try:
            frame, (_, _, direction, *_) = ears.recvfrom(64)
            if direction != _OUTGOING and not _is_of_a_bridge(frame):
                return True
        except OSError:  # the link went down: perhaps detached, perhaps gone
            return False
    return False


def _is_of_a_bridge(frame: bytes) -> bool:
    """Whether a bridge between the guest and its TAP says which multicast it takes, as Proxmox's firewall has one."""
    return frame[12:14] == _IPV4 and frame[23:24] == _IGMP and frame[26:30] == _NO_ADDRESS


def _host(attachment: "Attachment", waiting_ip: WaitingIp) -> None:
    """Announces the guest and makes what is awaited for it; RoutedError where the network is down, say."""
    request = attachment.request()
    tap = attachment.tap
    user = user_of(journal_name(tap))

    def is_here(address: "IPAddress") -> bool:
        return journal_of(tap).request == request

    def make(awaited: "Sequence[Entry]") -> None:
        by_ip, by_itself, elements = (
            [entry for entry in awaited if entry.change.door().partition(" ")[0] == door] for door in ("ip", "", "nft")
        )
        raw = open_link(attachment.network)
        announce_now(raw, attachment.addresses)
        # The node that the guest left is silent from here on; before, this one must not answer
        waiting_ip.tell([entry.change.add() for entry in by_ip])
        for entry in by_itself:
            entry.change.make(user)
        for entry in awaited:
            entry.state = APPLIED
        for index, reason in waiting_ip.finish():
            judge_standing(by_ip[index], reason, user, Answers())
        frames = announce_now(raw, attachment.addresses)  # the first may be lost
        in_background(lambda: announce_later(raw, frames, is_here), keep=[raw.fileno()])
        raw.close()
        joining(elements, user, lambda again: add_run(elements, again))

    with Lock(attachment.network, shared=True):  # no ifup or ifdown of the network meanwhile
        make_awaited(attachment.tap, request, make)


def wait_for_departure(
    attachment: "Attachment", claims: "Claims", detach: "Callable[[Callable[[Journal], bool]], None]"
) -> None:
    """Waits until another node claims an address of the guest; then `detach` undoes the attachment.

    Ends without that when the guest is not about to leave any more.
    """
    request = attachment.request()
    tap = attachment.tap
    with WaitingIp() as waiting_ip:

        def withdraw(journal: "Journal") -> bool:
            if journal.request != request:
                return False
            made = [entry.change for entry in reversed(journal.entries) if entry.state == APPLIED]
            waiting_ip.tell([route.remove() for route in of_kind(Route, made) if route.dev == tap])
            waiting_ip.finish()
            return True

        while journal_of(tap).request == request:
            if claims.heard(attachment.addresses, _LOOK_SECONDS) is not None:
                detach(withdraw)
                return
