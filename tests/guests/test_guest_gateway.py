"""A guest whose subnet the gateway is not in is told a router that it can use, and uses it as Debian's clients do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import attach, detach, node_up, plug
from lab.datacenter import DataCenter, data_center
from lab.host import Host
from lab.stanzas import GATEWAY, Stanza
from lab.waiting import comes_true

MAC = "52:54:00:12:34:56"
SERVE = f"--mac {MAC} --serve --no-probe"
SECOND, SINGLE, PAIR = "203.0.113.0/25", "203.0.113.200/32", "203.0.113.202/31"
SUBNETS = f"{SECOND} {SINGLE} {PAIR}"
# What a client writes in /etc stays on its host.
OWN_ETC = "mkdir /run/up /run/work; mount -t overlay -o lowerdir=/etc,upperdir=/run/up,workdir=/run/work overlay /etc"
WITH_NFDHCPD = """
mkdir -p /run/lib/nfdhcpd
mount -t overlay -o lowerdir=/run/lib:/var/lib overlay /var/lib
mount -t tmpfs tmpfs /var/lib/nfdhcpd
"""


class WithSeveralSubnets(Stanza):
    """A network whose gateway is in the first of its IPv4 subnets."""

    def __str__(self) -> str:
        return f"{super().__str__()}    routed-subnet  {SUBNETS} 2001:db8:0:1::/64\n"


@pytest.fixture(scope="module")
def center() -> Iterator[DataCenter]:
    """A router and nodes that are up."""
    with data_center() as center:
        center.bring_up(str(WithSeveralSubnets("router")), str(WithSeveralSubnets("vmc")))
        yield center


@pytest.fixture
def guest(center: DataCenter) -> Iterator[Host]:
    """A guest on node1 that knows nothing."""
    with Host("guest") as guest:
        plug(center.node1, guest)
        guest.run(f"ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up; {OWN_ETC}")
        yield guest
        center.node1.run("snf-network-helper detach tap0")
        guest.run("kill $(cat /run/dhclient.pid); ip link del eth0")


@pytest.mark.parametrize(
    ("addresses", "router"),
    [
        (["203.0.113.5"], "203.0.113.1"),
        (["203.0.113.1"], "203.0.113.2"),
        (["203.0.113.3", "203.0.113.1", "203.0.113.2"], "203.0.113.4"),
        (["203.0.113.203"], "203.0.113.202"),
        (["203.0.113.202", "203.0.113.203"], GATEWAY),
        (["203.0.113.200"], GATEWAY),
        (["192.0.2.77"], GATEWAY),
    ],
)
def test_dhclient_finds_its_router(center: DataCenter, guest: Host, addresses: list[str], router: str) -> None:
    attach(center.node1, "tap0", *addresses, options=SERVE)
    guest.run("dhclient -4 -1 -q -lf /run/leases -pf /run/dhclient.pid eth0")
    assert f"default via {router} dev eth0" in guest.run("ip route show default")
    assert guest.attempt(f"ping -c1 -W5 -I {addresses[0]} {GATEWAY}").returncode == 0
    assert comes_true(lambda: center.router.attempt(f"ping -c1 -W5 {addresses[0]}").returncode == 0)


def test_the_node_asks_as_the_router_that_the_guest_knows(center: DataCenter, guest: Host) -> None:
    attach(center.node1, "tap0", "203.0.113.5", options=SERVE)
    guest.run("dhclient -4 -1 -q -lf /run/leases -pf /run/dhclient.pid eth0")
    center.node1.run("ip neigh flush dev tap0")
    guest.run("ip neigh flush dev eth0")
    # As strict as a client can be: it answers nobody whom it would not reach by this link
    guest.run("echo 1 > /proc/sys/net/ipv4/conf/eth0/rp_filter; ip route del default || :")
    center.node1.attempt("ping -c1 -W5 203.0.113.5")
    assert "lladdr" in center.node1.run("ip neigh show 203.0.113.5 dev tap0")


def test_nfdhcpd_is_told_the_same() -> None:
    with node_up(WithSeveralSubnets("vmc")) as node, Host("guest") as guest:
        node.host.run(WITH_NFDHCPD)
        plug(node.host, guest)
        attach(node.host, "tap0", "203.0.113.5", "2001:db8:0:1::7", options=f"--mac {MAC} --no-probe")
        lines = node.host.run("cat /var/lib/nfdhcpd/tap0").splitlines()
        assert {"GATEWAY=203.0.113.1", f"SUBNET={SECOND}"} <= {*lines}
        # nfdhcpd makes the advertised prefix of this one: it must be in the subnet
        assert {"GATEWAY6=", "SUBNET6=2001:db8:0:1::/64"} <= {*lines}
        detach(node.host, "tap0")
