"""Guests that talk beside the kernel's limit of neighbours, net.ipv4.neigh.default.gc_thresh3 and the same of IPv6.

tools/bench makes the namespaces and starts this; docs/guests.md has the figures. The node sends each of many addresses
a packet, as to guests on its TAPs or on other nodes. At the far end of the link all of them answer, and are counted.
"""

import argparse
import socket
import sys
import time
from pathlib import Path
from threading import Thread

import node
from lab.host import enter
from network import spawn_host
from report import print_table

sys.path.append("/usr/lib/python3/dist-packages")

from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress
from snf_network_helper.wire.frames import announcements

LINK = "eth0"
COUNTS = (500, 1000, 1500, 3000)
ROUNDS, PAUSE_SECONDS = 3, 1.0
SO_RCVBUFFORCE = 33  # include/uapi/asm-generic/socket.h
FIRST = {IPV4: IPAddress.parse("10.0.1.0").value, IPV6: IPAddress.parse("2001:db8::1:0").value}
NAMES = {IPV4: "IPv4", IPV6: "IPv6"}


class Guests(Thread):
    """Whoever answers at the far end for every address, and writes down which ones a packet came for."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.heard: set[bytes] = set()
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/proc/{pid}/ns/net", "rb") as there:
            enter(there.fileno())
            self._ears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            enter(home.fileno())
        self._ears.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        self._ears.bind((LINK, 3))
        self._mac: bytes = self._ears.getsockname()[4]

    def run(self) -> None:
        """Answers ARP and neighbour solicitations; UDP is what the node has to say."""
        while True:
            try:
                frame = self._ears.recv(2048)
            except OSError:  # the link has gone
                return
            if frame[12:14] == b"\x08\x06":
                self._answer(IPV4, frame[38:42])
            elif frame[12:14] == b"\x86\xdd" and frame[20] == socket.IPPROTO_ICMPV6 and frame[54] == 135:
                self._answer(IPV6, frame[62:78])
            elif frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_UDP:
                self.heard.add(frame[30:34])
            elif frame[12:14] == b"\x86\xdd" and frame[20] == socket.IPPROTO_UDP:
                self.heard.add(frame[38:54])

    def _answer(self, family: str, target: bytes) -> None:
        address = IPAddress(family, int.from_bytes(target, "big"))
        if address.value >= FIRST[family]:  # not the node's own
            *_, frame = announcements(address, self._mac)
            self._ears.send(frame)


def talk(guests: Guests, family: str, count: int) -> tuple[str, int]:
    """Sends each guest a packet, some times; the least share of the guests that one came for, and what was refused."""
    shares, refused = [], 0
    kind = socket.AF_INET if family == IPV4 else socket.AF_INET6
    with socket.socket(kind, socket.SOCK_DGRAM) as sender:
        for _ in range(ROUNDS):
            guests.heard.clear()
            for number in range(count):
                try:
                    sender.sendto(b"x", (str(IPAddress(family, FIRST[family] + number)), 9))
                except OSError:  # ENOBUFS
                    refused += 1
                if number % 20 == 0:
                    time.sleep(0.002)
            time.sleep(PAUSE_SECONDS)
            shares.append(len(guests.heard) / count)
    return f"{min(shares):.0%}", refused


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(prog="tools/bench neighbours", description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/guests.md has it")
    options = parser.parse_args()
    rows = []
    for count in COUNTS:
        row = [str(count)]
        for family in (IPV4, IPV6):
            far = spawn_host()
            node.run("ip", "link", "add", LINK, "type", "veth", "peer", "name", LINK, "netns", str(far))
            node.run("nsenter", f"--target={far}", "--net", "ip", "link", "set", LINK, "up")
            node.run("ip", "link", "set", LINK, "up")
            node.run("ip", "addr", "add", "10.0.0.1/8", "dev", LINK)
            node.run("ip", "-6", "addr", "add", "2001:db8::1/64", "dev", LINK, "nodad")
            guests = Guests(far)
            guests.start()
            row += map(str, talk(guests, family, count))
            node.run("ip", "link", "del", LINK)
        rows.append(row)
    has_limit = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3").exists()
    print("a namespace like this one has", "a limit" if has_limit else "no limit", "of its own")
    head = ["guests", *(f"{NAMES[family]}{what}" for family in NAMES for what in (" reached", " refused"))]
    print_table(f"Guests that talk, the worst of {ROUNDS} rounds", head, rows, options.markdown)


main()
