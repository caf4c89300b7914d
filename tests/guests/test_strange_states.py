"""What an edit or a stranger's hand leaves behind is said in one line, and undone as exactly as can be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import COMMAND, RUN, attach, configure, detach, node_up, plug
from lab.host import Host
from lab.node import Node
from lab.stanzas import Stanza
from lab.traffic import reaches

LINK = "eth1"
ADDRESSES = ("192.0.2.10", "2001:db8::10")
EDITED = str(Stanza(link=LINK)).replace("192.0.2.0/24 2001:db8::/64", "10.20.0.0/24 2001:db8:5::/64")
EDITED = EDITED.replace("192.0.2.1 2001:db8::1", "10.20.0.1 2001:db8:5::1")
SAID = f"none of its addresses is in a subnet of {LINK}: {' '.join(ADDRESSES)}"


@pytest.fixture
def node() -> Iterator[Node]:
    with node_up(Stanza(link=LINK)) as node, Host("guest") as guest:
        plug(node.host, guest)
        configure(guest, *ADDRESSES)
        yield node


@pytest.mark.parametrize("way", [f"ifup --force {LINK}", f"ifdown {LINK}; ifup {LINK}"])
def test_a_guest_that_an_edit_leaves_without_an_address_is_named(node: Node, way: str) -> None:
    attach(node.host, "tap0", *ADDRESSES, network=LINK, options="--no-probe")
    node.host.interfaces(EDITED)
    for command in (way, f"ifup --force {LINK}"):
        code, lines = node.errors(command)
        said = [line for line in lines if "still look the table up" not in line]
        assert (code, said) == (0, [f"tap0: {SAID}"])
    status = node.host.attempt(f"{COMMAND} status tap0")
    assert status.returncode == 1
    assert f"  missing  {SAID}\n" in status.stdout
    node.host.interfaces(str(Stanza(link=LINK)))
    code, lines = node.errors(f"ifup --force {LINK}")
    assert (code, lines) == (0, [])
    assert all(reaches(node.host, address) for address in ADDRESSES)
    assert node.host.attempt(f"{COMMAND} status").returncode == 0


@pytest.mark.parametrize("settings", ["", "IPV6_FORWARDING=all"])
@pytest.mark.parametrize("between", ["ifup --force", "true", "ifdown"])
def test_a_veth_that_was_there_before_ifup_gets_back_what_it_had(settings: str, between: str) -> None:
    path = "ipv6/conf/tap0/accept_ra"
    with node_up(Stanza(link=LINK), settings=settings) as node, Host("guest") as guest:
        node.host.run(f"ifdown {LINK}")
        plug(node.host, guest)
        node.host.run(f"echo 1 > /proc/sys/net/{path}")
        down = node.snapshot()
        node.host.run(f"ip link set {LINK} up; ifup {LINK}")
        up = node.host.sysctl(path)
        attach(node.host, "tap0", *ADDRESSES, network=LINK, options="--no-probe")
        assert node.host.sysctl(path) == "0"
        node.host.run(f"{between} {LINK}")
        detach(node.host, "tap0")
        assert node.host.sysctl(path) == (up if between == "true" else "1")
        node.host.run(f"ifup --force {LINK}; ifdown {LINK}")
        assert down.difference(node.snapshot()) == ""


@pytest.mark.parametrize("spoilt", ["ProxyNeighbour address=zzz dev=eth1", "NeighbourProxy address=zzz dev=eth1"])
def test_a_strange_value_in_a_journal_is_one_line(node: Node, spoilt: str) -> None:
    attach(node.host, "tap0", *ADDRESSES, network=LINK, options="--no-probe")
    node.host.run(f"sed -i 's/NeighbourProxy address=2001:db8::10 dev=.*/{spoilt}/' {RUN}/attached/tap0")
    status = node.host.attempt(f"{COMMAND} status")
    assert (status.returncode, status.stderr) == (1, "")
    assert "  missing  ip -6 neigh add proxy zzz dev eth1" in status.stdout
    code, lines = node.errors(f"{COMMAND} detach tap0")
    assert (code, len(lines)) == (1, 1)
    assert "not understood" in lines[0]


def test_a_strange_value_in_a_networks_journal_is_one_line(node: Node) -> None:
    attach(node.host, "tap0", *ADDRESSES, network=LINK, options="--no-probe")
    spoil = "/ArpSource/s/192.0.2.254/zzz/; /prefix=2001:db8::.64/s/2001:db8::/yyy/"
    node.host.run(f"sed -i '{spoil}' {RUN}/journal/{LINK}*")
    for command in (f"{COMMAND} attach tap0 --network {LINK} --ip 192.0.2.10", f"{COMMAND} announce {LINK} 192.0.2.10"):
        code, lines = node.errors(command)
        assert (code, len(lines)) == (1, 1)
        assert "Traceback" not in lines[0]
        assert "expected" in lines[0]
    code, lines = node.errors(f"ifdown {LINK}")
    assert code == 0
    assert not [line for line in lines if "Traceback" in line]
