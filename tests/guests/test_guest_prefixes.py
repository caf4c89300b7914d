"""A guest has a prefix: it is routed to its TAP, and all of it comes out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import COMMAND, NETWORK, attach, attach_command, configure, detach, leftovers, node_up, plug, refused
from lab.datacenter import INTERNET6, LAN6, ROUTER_NUMBER, DataCenter, data_center
from lab.host import Host
from lab.node import Node
from lab.stanzas import Stanza
from lab.waiting import comes_true
from migrationlab import TAP, migration

MAC = "52:54:00:12:34:56"
AGGREGATE = "2001:db8:100::/56"
PREFIX, INSIDE, BESIDE = "2001:db8:100:7::/64", "2001:db8:100:7:aaaa:bbbb:cccc:dddd", "2001:db8:100:8::1"
EUI64 = "2001:db8:100:7:5054:ff:fe12:3456"
ADDRESS, ADDRESS6 = "192.0.2.77", "2001:db8::77"
PREFIX4 = "192.0.2.64/29"


class WithPrefixes(Stanza):
    """A network with more prefixes than that of its link."""

    def __str__(self) -> str:
        return f"{super().__str__()}    routed-subnet  {AGGREGATE} 2001:db8:200::/64\n"


@pytest.fixture(scope="module")
def center() -> Iterator[DataCenter]:
    """A router and nodes that are up; the internet knows the way to the router."""
    with data_center() as center:
        center.bring_up(str(WithPrefixes("router")), str(WithPrefixes("vmc")))
        center.route_back()
        center.internet.run(f"ip -6 route add {AGGREGATE} via {LAN6}{ROUTER_NUMBER}")
        yield center


@pytest.fixture
def guest() -> Iterator[Host]:
    with Host("guest") as guest:
        yield guest


@pytest.fixture
def node(guest: Host) -> Iterator[Node]:
    """A node whose network is up, with two TAPs."""
    with node_up(WithPrefixes()) as node, Host("other") as other:
        plug(node.host, guest)
        plug(node.host, other, "tap1")
        yield node


def pings(host: Host, address: str, source: str = "") -> bool:
    return host.attempt(f"ping -c1 -W2 {f'-I {source}' * bool(source)} {address}").returncode == 0


def test_a_prefix_is_routed_and_let_out(center: DataCenter, guest: Host) -> None:
    plug(center.node1, guest)
    configure(guest, ADDRESS6)
    guest.run(f"for address in {INSIDE} {BESIDE}; do ip -6 addr add $address/128 dev eth0 nodad; done")
    attach(center.node1, "tap0", ADDRESS6, PREFIX, options="--no-probe")
    center.router.run(f"ip -6 route add {PREFIX} via {ADDRESS6} dev {NETWORK}")
    assert comes_true(lambda: pings(center.internet, INSIDE))
    assert pings(guest, INTERNET6, source=INSIDE)
    # What the guest knows nothing of is asked for on its link, and its answer is let out
    guest.run("ip -6 neigh flush dev eth0")
    center.node1.run("ip -6 neigh flush dev tap0")
    assert comes_true(lambda: pings(center.internet, INSIDE))
    center.internet.run(f"ip -6 route add {BESIDE} via {LAN6}{ROUTER_NUMBER}")
    center.router.run(f"ip -6 route add {BESIDE} via {ADDRESS6} dev {NETWORK}")
    assert not pings(guest, INTERNET6, source=BESIDE)
    detach(center.node1, "tap0")
    assert not pings(center.internet, INSIDE)
    center.router.run(f"ip -6 route del {PREFIX} via {ADDRESS6} dev {NETWORK}")
    guest.run("ip link del eth0")


def test_privacy_addresses_of_a_served_guest(center: DataCenter, guest: Host) -> None:
    plug(center.node1, guest)
    guest.run(
        f"""
        ip link set eth0 down
        echo 2 > /proc/sys/net/ipv6/conf/eth0/use_tempaddr
        ip link set eth0 address {MAC}
        ip link set eth0 up
        """
    )
    attach(center.node1, "tap0", PREFIX, options=f"--mac {MAC} --serve --no-probe")
    center.router.run(f"ip -6 route add {PREFIX} via {EUI64} dev {NETWORK}")
    shown = "ip -o -6 addr show dev eth0 scope global temporary -tentative"
    assert comes_true(lambda: "2001:db8:100:7:" in guest.run(shown))
    private = guest.run(shown).split()[3].partition("/")[0]
    assert f"inet6 {EUI64}/64" in guest.run("ip -6 addr show dev eth0")
    assert private != EUI64
    for address in (EUI64, private):
        assert comes_true(lambda: pings(center.internet, address))  # noqa: B023
        assert pings(guest, INTERNET6, source=address)
    detach(center.node1, "tap0")
    center.router.run(f"ip -6 route del {PREFIX} via {EUI64} dev {NETWORK}")
    guest.run("ip link del eth0")


@pytest.mark.parametrize("prefix", [PREFIX, PREFIX4, "2001:db8:200::/64", "2001:db8:100:7::8/125"])
def test_detach_is_exact(node: Node, prefix: str) -> None:
    before = node.snapshot()
    for _ in range(2):
        attach(node.host, "tap0", ADDRESS, ADDRESS6, prefix, options="--no-probe")
    made = node.snapshot()
    assert before.difference(made)
    done = node.host.attempt(f"{COMMAND} status")
    assert done.returncode == 0, done.stdout
    node.host.run("nft flush table inet snf_network_helper; nft delete table inet snf_network_helper")
    done = node.host.attempt(f"{COMMAND} status")
    assert done.returncode == 1
    assert "orphan" not in done.stdout
    node.host.run(f"ip -6 route flush dev tap0 table 222; ifup --force {NETWORK}")
    assert node.host.attempt(f"{COMMAND} status").returncode == 0
    detach(node.host, "tap0")
    assert before.difference(node.snapshot()) == ""
    assert not [path for path in leftovers(node.host) if "tap0" in path or "prefixes" in path]


def test_orphans_of_a_prefix_are_seen(node: Node) -> None:
    attach(node.host, "tap0", ADDRESS6, PREFIX, options="--no-probe")
    node.host.run("rm /run/snf-network-helper/attached/tap0")
    orphans = [line for line in node.host.attempt(f"{COMMAND} status").stdout.splitlines() if "orphan" in line]
    number = "0x20010db8010000070000000000000000-0x20010db801000007ffffffffffffffff"
    for element in (f'prefixes6 {{ "tap0" . {PREFIX} }}', f'prefix_targets6 {{ "tap0" . {number} }}'):
        assert any(element in line for line in orphans), orphans


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (PREFIX, INSIDE, f"{INSIDE} is in {PREFIX}, which is attached to tap0"),
        (PREFIX, "2001:db8:100:7::8/125", f"2001:db8:100:7::8/125 overlaps {PREFIX}, which is attached to tap0"),
        ("2001:db8:100:7::8/125", PREFIX, f"{PREFIX} overlaps 2001:db8:100:7::8/125, which is attached to tap0"),
        (INSIDE, PREFIX, f"{PREFIX} has {INSIDE}, which is attached to tap0"),
        (PREFIX4, "192.0.2.66", "192.0.2.66 is attached to tap0"),
        ("192.0.2.66", PREFIX4, "192.0.2.66 is attached to tap0"),
    ],
)
def test_what_is_another_guests_is_refused(node: Node, first: str, second: str, why: str) -> None:
    attach(node.host, "tap0", ADDRESS6, first, options="--no-probe")
    before = node.snapshot()
    assert refused(node.host, attach_command("tap1", "2001:db8::78", second)) == f"tap1: {why}"
    assert before.difference(node.snapshot()) == ""
    detach(node.host, "tap0")
    attach(node.host, "tap1", "2001:db8::78", second, options="--no-probe")


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ([PREFIX], f"{PREFIX}: expected an IPv6 address with it, by way of which routers reach the prefix"),
        (["192.0.2.0/29"], "192.0.2.0/29: has 192.0.2.1, expected addresses that a guest may have"),
        (["192.0.2.248/29"], "192.0.2.248/29: has 192.0.2.254, expected addresses that a guest may have"),
        (["2001:db8::/112"], "2001:db8::/112: has 2001:db8::1, expected addresses that a guest may have"),
        (["192.0.2.9/29"], "192.0.2.9/29: expected it without a length, 192.0.2.9"),
        (["2001:db8:300::/64"], "2001:db8:300::/64: expected an address or a prefix in 192.0.2.0/24 2001:db8::/64 "),
    ],
)
def test_mistakes(node: Node, texts: list[str], why: str) -> None:
    assert refused(node.host, attach_command("tap0", *texts)).startswith(f"tap0: --ip {why}")


def test_each_address_of_an_ipv4_prefix_is_asked_for(center: DataCenter, guest: Host) -> None:
    plug(center.node1, guest)
    center.router.run(f"ip addr add 192.0.2.67/32 dev {NETWORK}")
    line = refused(center.node1, attach_command("tap0", PREFIX4))
    assert line.startswith("tap0: --ip 192.0.2.67: in use, ")
    center.router.run(f"ip addr del 192.0.2.67/32 dev {NETWORK}")
    attach(center.node1, "tap0", PREFIX4)
    guest.run("ip addr add 192.0.2.64/32 dev eth0; ip route add local 192.0.2.64/29 dev lo")
    guest.run("ip route add default via 192.0.2.1 dev eth0 onlink")
    for number in range(64, 72):
        assert comes_true(lambda: pings(center.router, f"192.0.2.{number}"))  # noqa: B023
    detach(center.node1, "tap0")
    guest.run("ip link del eth0")


def test_a_prefix_moves_with_its_guest() -> None:
    prefix, inside = "2001:db8::1:0/112", "2001:db8::1:7"
    addresses = ("192.0.2.77", ADDRESS6, prefix)
    with migration() as lab:
        router = lab.place.center.router
        router.run(f"ip -6 route add {prefix} via {ADDRESS6} dev {NETWORK}")
        lab.guest.run(f"ip -6 addr add {inside}/128 dev eth0 nodad")
        attach(lab.a, TAP, *addresses)
        assert comes_true(lambda: pings(router, inside))
        attach(lab.b, TAP, *addresses, options="--role migrate-in")
        assert prefix not in lab.b.run("ip -6 route show table 222")
        assert f"awaited  ip -6 route add {prefix} dev {TAP}" in lab.b.run(f"{COMMAND} status {TAP}")
        lab.a.run(f"{COMMAND} detach {TAP} --migrate-out")
        assert pings(router, inside)
        lab.stop(lab.a)
        lab.go_on(lab.b)
        lab.say_hello()
        assert comes_true(lambda: pings(router, inside))
        assert prefix in lab.b.run("ip -6 route show table 222")
        assert comes_true(lambda: prefix not in lab.a.run("ip -6 route show table 222"))
