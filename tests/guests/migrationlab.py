"""A machine that moves between two nodes: its cable is a segment of its own, with a port to either node's TAP."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from guestlab import Place, attach, configure, detach, place
from lab.host import Host, Switch
from lab.stanzas import Stanza

TAP = "tap7"
ADDRESSES = ("192.0.2.77", "2001:db8::77")


@dataclass
class Migration:
    """The machine, its cable and the nodes A and B."""

    place: Place
    guest: Host
    cable: Switch
    a: Host
    b: Host
    voice: socket.socket

    def plug(self, node: Host) -> None:
        """A TAP on a node, which nothing of the machine comes out of yet."""
        node.run(f"ip link add {TAP} type veth peer name {node.name} netns {self.cable.pid}")
        self.cable.run(f"ip link set {node.name} up")

    def stop(self, node: Host) -> None:
        """The machine does not run on the node any more."""
        self.cable.run(f"ip link set {node.name} nomaster")

    def go_on(self, node: Host) -> None:
        """It runs on the node."""
        self.cable.run(f"ip link set {node.name} master bridge")

    def say_hello(self) -> None:
        """What QEMU sends for a machine that goes on (RFC 903), so that switches learn where it is."""
        mac: bytes = self.voice.getsockname()[4]
        body = b"\x00\x01\x08\x00\x06\x04\x00\x03" + (mac + bytes(4)) * 2
        self.voice.send(b"\xff" * 6 + mac + b"\x80\x35" + body)

    def move(self, source: Host, target: Host) -> None:
        """As docs/guests.md says."""
        self.stop(source)
        detach(source, TAP)
        attach(target, TAP, *ADDRESSES, options="--role migrate-in")
        self.go_on(target)


@contextmanager
def migration() -> Iterator[Migration]:
    """The machine runs on node A, which is node1 of the data centre."""
    with place(str(Stanza("router")), str(Stanza())) as here, Host("mover") as guest, Switch("cable") as cable:
        cable.plug(guest, "eth0")
        guest.run("ip link set eth0 up")
        with guest.network():
            voice = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        voice.bind(("eth0", 0))
        lab = Migration(here, guest, cable, here.center.node1, here.center.node2, voice)
        configure(guest, *ADDRESSES)
        lab.plug(lab.a)
        lab.plug(lab.b)
        attach(lab.a, TAP, *ADDRESSES)
        lab.go_on(lab.a)
        guest.settle()
        with voice:
            yield lab
