"""A node that is put into the state of a release, and what a test looks at there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from guestlab import RUN, configure, leftovers, plug
from lab.host import Host
from lab.node import Node, lone_node
from lab.snapshot import Snapshot
from lab.stanzas import GATEWAY, GATEWAY6
from lab.traffic import reaches
from lab.waiting import comes_true
from releases import LINK_NUMBER, Case

NFDHCPD = "/var/lib/nfdhcpd"


@dataclass(frozen=True)
class Place:
    """A node with a link to a segment, guests that say nothing, and on the segment somebody to talk to."""

    node: Node
    guests: dict[str, Host]
    peer: Host

    @property
    def host(self) -> Host:
        """The node's host."""
        return self.node.host

    def wake(self, addresses: dict[str, tuple[str, ...]]) -> None:
        """From now on the guests are there, with these addresses."""
        for tap, guest in self.guests.items():
            guest.run("echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
            configure(guest, *addresses[tap])
            guest.settle()

    def leftovers(self) -> list[str]:
        """The files of ours on the node, without the locks."""
        bindings = self.host.run(f"find {NFDHCPD} -type f 2>/dev/null || :").splitlines()
        return leftovers(self.host) + bindings

    def goes_quiet(self) -> bool:
        """Whether no server of ours, and nobody who waits, is at work on the node, now or soon."""
        return comes_true(lambda: not at_work(self.host))


@contextmanager
def place(link: str, taps: Iterable[str], xtables: str = "nft") -> Iterator[Place]:
    """The link and the TAPs are down."""
    with ExitStack() as stack:
        node = stack.enter_context(lone_node(xtables))
        guests = {tap: stack.enter_context(Host(f"guest-{tap}")) for tap in taps}
        for tap, guest in guests.items():
            guest.run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
            plug(node.host, guest, tap)
        node.plug(link)
        peer = stack.enter_context(Host("peer"))
        node.segment.plug(peer, "eth0")
        try:
            yield Place(node, guests, peer)
        finally:  # a server, or whoever waits, would outlive the node
            for process in at_work(node.host):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)


@dataclass(frozen=True)
class Laid:
    """A node in the state of a release; what its kernel held before, and with the network but without the guests."""

    case: Case
    place: Place
    before: Snapshot
    network: Snapshot

    @property
    def host(self) -> Host:
        """The node's host."""
        return self.place.host

    def command(self, command: str) -> None:
        """Has the node run a command that must do its work without a word."""
        done = self.host.attempt(command)
        assert (done.returncode, done.stderr) == (0, ""), f"{command}: {done}"

    def differs(self, earlier: Snapshot) -> str:
        """What is other in the node's kernel now."""
        return earlier.difference(self.place.node.snapshot())

    def status(self) -> list[str]:
        """What the status finds wrong."""
        done = self.host.attempt("snf-network-helper status")
        wrong = [line for line in done.stdout.splitlines() if line.split()[0] in ("missing", "orphan")]
        return wrong + [f"exit {done.returncode}: {done.stderr}"] * bool(done.returncode or done.stderr)

    def ifdown_and_up(self) -> None:
        """Takes the network down and brings it up, with a link made anew where ifdown deleted it."""
        self.host.run(f"ifdown {self.case.link}")  # which says what it leaves for the guests
        if self.host.attempt(f"ip link show {self.case.link}").returncode:
            self.place.node.plug(self.case.link)
        self.command(f"ifup {self.case.link}")
        # Nothing of IPv6 is left to a guest that has none, and the kernel makes its TAP no address while that is up
        taps = self.host.attempt("ls /run/snf-network-helper/attached").stdout.split()  # no folder, no guests
        self.host.settle(but=taps)

    def wake(self) -> None:
        """From now on the guests are there, and their gateway, which is on the segment or the node itself."""
        self.place.wake(self.case.guests)
        if self.gateway is self.place.peer:
            self.gateway.run(
                f"""
                ip addr add {GATEWAY}/24 dev eth0
                ip -6 addr add {GATEWAY6}/64 dev eth0 nodad
                ip link set eth0 up
                """
            )
            self.gateway.settle()

    @property
    def gateway(self) -> Host:
        """Whoever has the gateway's addresses."""
        return self.host if "routed-role" in self.case.text("interfaces") else self.place.peer

    def has_traffic(self) -> bool:
        """Whether every guest that is awake reaches its gateway by each of its families, and is reached."""
        return all(
            reaches(self.place.guests[tap], GATEWAY6 if ":" in address else GATEWAY) and reaches(self.gateway, address)
            for tap, addresses in self.case.guests.items()
            for address in addresses
        )

    def has_nothing(self) -> bool:
        """Whether all is as it was before: kernel, files and processes."""
        assert self.differs(self.before) == ""
        assert self.place.leftovers() == []
        return self.place.goes_quiet()


@contextmanager
def laid(case: Case, xtables: str = "nft") -> Iterator[Laid]:
    """Puts a node into the state of the case."""
    with place(case.link, case.guests, xtables) as here:
        host = here.host
        run(host, case, "before.sh")
        if is_vlan(case.link):  # ifdown will delete it, so before means without it
            host.run(f"ip link del {case.link}")
        before = here.node.snapshot()
        if is_vlan(case.link):
            here.node.plug(case.link)
            run(host, case, "before.sh")
        host.interfaces(case.text("interfaces"))
        host.write("/etc/default/snf-network-helper", case.text("settings"))
        host.run(f"ifup --no-scripts {case.link}")  # ifupdown notes that it is up
        host.run(f"mkdir {RUN}; cp -R --no-preserve=all {case.folder}/run/. {RUN}; chmod -R u=rwX,go= {RUN}")
        for tap in case.guests:
            number = host.run(f"cat /sys/class/net/{tap}/ifindex").strip()
            host.run(f"sed -i 's/ link={LINK_NUMBER}\\b/ link={number}/' {RUN}/attached/{tap}")
        run(host, case, "ifup.sh")
        network = here.node.snapshot()
        run(host, case, "attach.sh")
        yield Laid(case, here, before, network)


def run(host: Host, case: Case, name: str) -> None:
    """Runs one of the case's scripts."""
    host.run(f"cd {case.folder}\n{case.text(name)}")


def is_vlan(link: str) -> bool:
    """Whether ifdown takes a link for a VLAN's."""
    return "." in link


def at_work(host: Host) -> list[int]:
    """The processes in a host's network, but for the one that holds it and those that have ended."""
    network = os.readlink(f"/proc/{host.pid}/ns/net")
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(directory / "ns/net") == network and (directory / "cmdline").read_bytes():
                found.append(int(directory.name))
    return [process for process in found if process != host.pid]
