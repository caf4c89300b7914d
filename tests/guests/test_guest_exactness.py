"""detach puts the kernel back exactly as attach found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import NETWORK, attach, detach, leftovers, node_up, plug
from lab.host import Host
from lab.node import Node
from lab.stanzas import Stanza

ADDRESSES = {
    "IPv4": ["192.0.2.10"],
    "IPv6": ["2001:db8::10"],
    "dual stack": ["192.0.2.10", "2001:db8::10"],
    "several": ["192.0.2.10", "192.0.2.11", "2001:db8::10", "2001:db8::11"],
}


@pytest.fixture
def guest() -> Iterator[Host]:
    with Host("guest") as guest:
        yield guest


@pytest.fixture(params=["nft", "legacy"])
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    with node_up(xtables=request.param) as node:
        yield node


@pytest.mark.parametrize("state", ["down", "up"])
@pytest.mark.parametrize("addresses", ADDRESSES.values(), ids=list(ADDRESSES))
def test_detach_leaves_the_kernel_as_attach_found_it(
    node: Node, guest: Host, addresses: list[str], state: str
) -> None:
    plug(node.host, guest)
    node.host.run(f"ip link set tap0 {state}")
    before = node.snapshot()
    for _ in range(2):
        attach(node.host, "tap0", *addresses, options="--no-probe")
        assert before.difference(node.snapshot())
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""
    assert not [path for path in leftovers(node.host) if "tap0" in path]


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
@pytest.mark.parametrize("family", ["IPv4", "IPv6", "dual stack"])
@pytest.mark.parametrize("settings", ["", "IPV6_FORWARDING=all"])
def test_every_role_and_family(guest: Host, role: str, family: str, settings: str) -> None:
    with node_up(Stanza(role, family), settings=settings) as node:
        plug(node.host, guest)
        before = node.snapshot()
        attach(node.host, "tap0", *ADDRESSES[family], options="--no-probe")
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""


def test_the_last_of_several_takes_what_they_shared(guest: Host) -> None:
    with node_up() as node, Host("second") as second:
        plug(node.host, guest, "tap0")
        plug(node.host, second, "tap1")
        before = node.snapshot()
        attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", options="--no-probe")
        one = node.snapshot()
        attach(node.host, "tap1", "192.0.2.11", "2001:db8::11", options="--no-probe")
        detach(node.host, "tap1")
        assert one.difference(node.snapshot()) == ""
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""


def test_the_address_made_of_the_mac(guest: Host) -> None:
    with node_up() as node:
        plug(node.host, guest)
        before = node.snapshot()
        attach(node.host, "tap0", "192.0.2.10", options="--mac 52:54:00:12:34:56 --no-probe")
        assert "2001:db8::5054:ff:fe12:3456 dev tap0" in node.host.run("ip -6 route show table 222")
        assert "192.0.2.10 dev tap0" in node.host.run("ip route show table 222")
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""


def test_what_was_there_before_stays(guest: Host) -> None:
    with node_up() as node:
        plug(node.host, guest)
        node.host.run(
            """
            ip link set tap0 up
            ip -6 addr add fe80::1/64 dev tap0 nodad
            ip link set tap0 address 02:73:6e:66:00:01
            echo 1 > /proc/sys/net/ipv4/conf/tap0/forwarding
            ip route add 192.0.2.10 dev tap0 table 222 2>/dev/null || :
            nft add table inet filter_of_the_administrator
            """
        )
        before = node.snapshot()
        attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", options="--no-probe")
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""


def test_status_shows_what_is_attached_and_what_is_missing(guest: Host) -> None:
    with node_up() as node:
        plug(node.host, guest)
        attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", options="--no-probe")
        done = node.host.attempt("snf-network-helper status")
        assert (done.returncode, "missing" in done.stdout, "orphan" in done.stdout) == (0, False, False), done.stdout
        assert "tap0 attached" in done.stdout
        node.host.run("nft delete element inet snf_network_helper sources4 '{ \"tap0\" . 192.0.2.10 }'")
        node.host.run("ip rule del from 192.0.2.0/24")
        done = node.host.attempt("snf-network-helper status tap0")
        missing = [line for line in done.stdout.splitlines() if "missing" in line]
        assert (done.returncode, len(missing)) == (1, 2), done.stdout
        attach(node.host, "tap0", "192.0.2.10", "2001:db8::10")
        assert node.host.attempt("snf-network-helper status").returncode == 0
        assert NETWORK in node.host.run("snf-network-helper status")
