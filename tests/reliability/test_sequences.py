"""Whatever was done in whatever order: down is as if nothing had been, up is as a fresh up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab.snapshot import Snapshot
from lab.stanzas import Stanza
from node import Node
from routed import LINK
from traced import THOROUGH

STANZAS = [
    str(Stanza(role, family, nat=nat and family != "IPv6", nat6=nat and family == "dual stack", link=LINK))
    for role in ("vmc", "router", "router-vmc")
    for family in ("IPv4", "IPv6", "dual stack")
    for nat in {False, role != "vmc"}
]
# Stanzas that differ from the first in one option each, and one that has lost its options.
STANZAS += [
    STANZAS[0] + "    routed-arp-ip 192.0.2.77\n",
    STANZAS[0] + "    routed-priority 1500\n",
    STANZAS[0].replace("192.0.2.0/24", "192.0.2.0/24 198.51.100.128/25"),
    STANZAS[0].replace("192.0.2.1", "192.0.2.9"),
    STANZAS[0].replace("222", "333"),
]
BARE = f"auto {LINK}\niface {LINK} inet manual\n"

# What others may do to the link, or to what is ours, behind our back.
FOREIGN = (
    f"ip link set {LINK} down; ip link set {LINK} up",
    "ip route flush table 222 proto snf",
    "ip -6 route flush table 222 proto snf",
    "while ip rule del priority 32000; do :; done 2>&-",
    "while ip -6 rule del priority 32000; do :; done 2>&-",
    f"ip address flush dev {LINK} scope global",
    "arptables -F OUTPUT; arptables -A OUTPUT -o eth0 --opcode request -j mangle --mangle-ip-s 198.51.100.11",
    f"ip route del 192.0.2.0/24 dev {LINK} || :",
    f"ip -6 route del 2001:db8::/64 dev {LINK} || :",
)
# Others' settings stay as they left them, so these go back to what they were when all is over.
SWITCHES = tuple(f"ipv4/conf/{LINK}/{name}" for name in ("forwarding", "proxy_arp", "promote_secondaries"))

STEPS = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from([*STANZAS, BARE])),
    st.tuples(st.just("ifup"), st.sampled_from(["", "--force"])),
    st.tuples(st.just("ifup"), st.just("--force")),
    st.tuples(st.just("ifdown"), st.sampled_from(["", "--force"])),
    st.tuples(st.just("clean"), st.just("")),
    st.tuples(st.just("foreign"), st.sampled_from(FOREIGN)),
    st.tuples(st.just("switch"), st.sampled_from(SWITCHES)),
)


class Sequences:
    """A node, and how it looks when nothing, and when each stanza, is up."""

    def __init__(self) -> None:
        self.node = Node(LINK)
        self.nothing = self.node.snapshot()
        self.fresh: dict[str, Snapshot] = {}

    def run(self, steps: list[tuple[str, str]], last: str) -> None:
        """Take the steps on a node that is as it was in the beginning, and leave such a node behind."""
        try:
            self.take(steps, last)
        except AssertionError:
            self.node.leave()
            self.node = Node(LINK)
            self.nothing = self.node.snapshot()
            raise

    def take(self, steps: list[tuple[str, str]], last: str) -> None:
        """Take the steps, then end with `last` up, and then down."""
        self.node.interfaces(STANZAS[0])
        for kind, value in steps:
            self.step(kind, value)
        self.node.interfaces(last)
        self.quietly(f"ifup --force {LINK}")
        self.same(self.routed(last), self.node.snapshot(), "up")
        self.quietly(f"ifdown --force {LINK}")
        self.ended()

    def step(self, kind: str, value: str) -> None:
        """Take one step; ifup may say that the link is up already, nothing else."""
        if kind == "edit":
            self.node.interfaces(value)
        elif kind == "foreign":
            self.node.run(f"({value}) 2>&-")
        elif kind == "switch":
            path = f"/proc/sys/net/{value}"
            self.node.run(f"echo 0 > {path}")
        elif kind == "clean":
            self.quietly(f"snf-network-helper down {LINK}")
        else:
            self.quietly(f"{kind} {value} {LINK}")
            self.node.up_again(LINK)

    def quietly(self, command: str) -> None:
        """Run a command that must succeed and have nothing to complain about."""
        outcome = self.node.do(f"exec {command}")
        assert outcome.code == 0, command
        assert outcome.of_the_hook() == [], command

    def ended(self) -> None:
        """Nothing of ours is there any more."""
        self.node.up_again(LINK)
        self.same(self.nothing, self.node.snapshot(), "down")
        assert self.node.leftovers() == []

    def routed(self, stanza: str) -> Snapshot:
        """How a fresh up looks."""
        if stanza not in self.fresh:
            with Node(LINK) as other:
                other.interfaces(stanza)
                assert other.ifup(LINK).code == 0
                self.fresh[stanza] = other.snapshot()
        return self.fresh[stanza]

    def same(self, expected: Snapshot, found: Snapshot, end: str) -> None:
        """Compare snapshots, of nodes whose links may have other hardware addresses."""
        difference = comparable(expected).difference(comparable(found))
        assert not difference, f"{end}:\n{difference}"


def comparable(snapshot: Snapshot) -> Snapshot:
    """A snapshot without what differs between any two nodes, and without the order of rules of one priority."""
    return Snapshot(tuple(sorted(line for line in snapshot.lines if "fe80::" not in line and "link: " not in line)))


@pytest.fixture(scope="module")
def sequences() -> Iterator[Sequences]:
    """Each example leaves the node as it was, so one serves for all."""
    sequences = Sequences()
    yield sequences
    sequences.node.leave()


@settings(
    max_examples=300 if THOROUGH else 25,
    deadline=None,
    derandomize=not THOROUGH,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, max_size=8), last=st.sampled_from(STANZAS))
def test_only_the_last_step_counts(sequences: Sequences, steps: list[tuple[str, str]], last: str) -> None:
    sequences.run(steps, last)
