"""One node by itself, with an administrator's own network on it, for tests that look into its kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.host import Host, Switch
from lab.snapshot import Snapshot, snapshot

# What an administrator has anyway, of every kind that this package makes: none of it may ever change.
LIVED_IN = """
ip addr add 198.51.100.11/24 dev eth0
ip -6 addr add 2001:db8:64::11/64 dev eth0
ip link set eth0 up
ip route add default via 198.51.100.1
ip -6 route add default via 2001:db8:64::1
ip rule add from 198.51.100.11 lookup 100 priority 1000
ip -6 rule add from 2001:db8:64::11 lookup 100 priority 1000
ip rule add iif eth0 lookup 100
ip route add default via 198.51.100.1 table 100
ip route add 203.0.113.0/24 via 198.51.100.1 table 222
ip -6 route add 2001:db8:80::/64 via 2001:db8:64::1 table 222
ip -6 neigh add proxy 2001:db8:64::99 dev eth0
arptables -A INPUT -s 203.0.113.9 -j DROP
arptables -A OUTPUT -o eth0 --opcode request -j mangle --mangle-ip-s 198.51.100.11
iptables -A INPUT -s 203.0.113.9 -j DROP
iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE
ip6tables -A INPUT -s 2001:db8:80::9 -j DROP
ip6tables -t nat -A POSTROUTING -s fd00::/8 -o eth0 -j MASQUERADE
echo 1 > /proc/sys/net/ipv4/conf/eth0/log_martians
"""


@dataclass(frozen=True)
class Node:
    """A host with its eth0 up, and the segment that its routed links go to."""

    host: Host
    segment: Switch

    def plug(self, link: str) -> None:
        """Give the node a link to the segment, down."""
        self.segment.plug(self.host, link)

    def snapshot(self) -> Snapshot:
        """What the kernel holds now."""
        return snapshot(self.host)

    def errors(self, command: str) -> tuple[int, list[str]]:
        """The exit code of a command and what it says on stderr, without ifup's own remarks on a hook that failed."""
        done = self.host.attempt(command)
        lines = done.stderr.splitlines()
        return done.returncode, [line for line in lines if not line.startswith(("ifup: ", "ifdown: ", "run-parts: "))]


@contextmanager
def lone_node(xtables: str = "nft") -> Iterator[Node]:
    """A node that an administrator has lived on."""
    with Switch("segment") as segment, Switch("lan") as lan, Host("node") as host:
        # Addresses are not tried out first: what these tests see should not depend on how far that has come.
        host.run("for scope in all default; do echo 0 > /proc/sys/net/ipv6/conf/$scope/accept_dad; done")
        host.use_xtables(xtables)
        lan.plug(host, "eth0")
        host.run(LIVED_IN)
        yield Node(host, segment)
