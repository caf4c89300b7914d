"""Where nobody has a prefix on a link, its network and broadcast address are addresses as any other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pytest
from guestlab import COMMAND, NETWORK, attach, attach_command, node_up, plug, refused
from lab.datacenter import INTERNET, LAN, ROUTER_NUMBER, DataCenter, data_center
from lab.host import Host
from lab.stanzas import Stanza
from lab.waiting import comes_true

PREFIX = "203.0.113.8/29"
FIRST, INSIDE, LAST = "203.0.113.8", "203.0.113.10", "203.0.113.15"
ROUTER = f"{LAN}{ROUTER_NUMBER}"
OPTIONS = f"""auto {NETWORK}
iface {NETWORK} inet manual
    routed-subnet  {PREFIX}
    routed-gateway {ROUTER}
    routed-onlink  yes
"""
ROUTER_VMC = f"{OPTIONS}    routed-role    router-vmc\n    routed-uplink  eth0\n"
VMC = f"{OPTIONS}    routed-arp-ip  {LAN}12\n"
# What a client writes in /etc stays on its host.
OWN_ETC = "mkdir /run/up /run/work; mount -t overlay -o lowerdir=/etc,upperdir=/run/up,workdir=/run/work overlay /etc"


@pytest.fixture(scope="module")
def center() -> Iterator[DataCenter]:
    """A router that hosts guests and a node behind it; a prefix is routed to them."""
    with data_center(router_hosts_vms=True) as center:
        center.bring_up(ROUTER_VMC, VMC)
        center.internet.run(f"ip route add {PREFIX} via {ROUTER}")
        yield center


def start(guest: Host, node: Host, tap: str, address: str) -> None:
    """Start a guest, which is told its address."""
    plug(node, guest, tap)
    mac = guest.run("cat /sys/class/net/eth0/address").strip()
    attach(node, tap, address, options=f"--mac {mac} --serve")
    guest.run(f"{OWN_ETC}; dhclient -4 -1 -q -lf /run/leases -pf /run/dhclient.pid eth0")


def test_guests_have_all_addresses(center: DataCenter) -> None:
    places = {FIRST: center.node1, LAST: center.node2, INSIDE: center.node1}
    with Host("one") as one, Host("two") as two, Host("three") as three:
        guests = dict(zip(places, (one, two, three), strict=True))
        for number, (address, node) in enumerate(places.items()):
            start(guests[address], node, f"tap{number}", address)
        for address, guest in guests.items():
            assert comes_true(lambda: not center.internet.attempt(f"ping -c1 -W5 {address}").returncode)  # noqa: B023
            assert guest.attempt(f"ping -c1 -W5 {INTERNET}").returncode == 0
        for here, there in permutations(guests, 2):
            assert comes_true(lambda: not guests[here].attempt(f"ping -c1 -W5 {there}").returncode)  # noqa: B023
        for number, (address, node) in enumerate(places.items()):
            guests[address].run("kill $(cat /run/dhclient.pid)")
            node.run(f"{COMMAND} detach tap{number}")


class SecondSubnet(Stanza):
    """A network with a second subnet, which the gateway is not in."""

    def __str__(self) -> str:
        return f"{super().__str__()}    routed-subnet  {PREFIX}\n"


@pytest.mark.parametrize("address", [FIRST, LAST])
@pytest.mark.parametrize(("role", "is_refused"), [("vmc", True), ("router-vmc", False)])
def test_a_second_subnet(address: str, role: str, is_refused: bool) -> None:
    """Another router may have an address there; the node itself as the router has none."""
    with node_up(SecondSubnet(role)) as node, Host("guest") as guest:
        plug(node.host, guest)
        if is_refused:
            line = refused(node.host, attach_command("tap0", address))
            assert line == f"tap0: --ip {address}: expected an address that a virtual machine may have"
        else:
            attach(node.host, "tap0", address, options="--no-probe")
        line = refused(node.host, attach_command("tap0", "192.0.2.255"))
        assert line == "tap0: --ip 192.0.2.255: expected an address that a virtual machine may have"


def test_one_guest_has_the_whole_prefix(center: DataCenter) -> None:
    with Host("one") as guest:
        plug(center.node1, guest)
        attach(center.node1, "tap0", PREFIX, options="--no-probe")
        guest.run(f"ip addr add {FIRST}/32 dev eth0; ip route add default via {ROUTER} dev eth0 onlink")
        guest.run(f"ip route add local {PREFIX} dev lo")
        for number in range(8, 16):
            assert comes_true(lambda: not center.internet.attempt(f"ping -c1 -W5 203.0.113.{number}").returncode)  # noqa: B023
        center.node1.run(f"{COMMAND} detach tap0")
