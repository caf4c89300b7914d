"""The network goes down and comes back under machines that run; TAPs vanish; the last one cleans up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from guestlab import RUN, TAP_MAC, Place, attach, configure, detach, leftovers, node_up, place, plug
from lab.host import Host
from lab.node import Node
from lab.stanzas import Stanza
from lab.traffic import reaches
from lab.waiting import comes_true
from udevd import udevd

RULES = Path(__file__).resolve().parents[2] / "share/60-snf-network-helper.rules"
ADDRESSES = ("192.0.2.10", "2001:db8::10")
GATEWAYS = ("192.0.2.1", "2001:db8::1")


def udev(node: Host, tap: str) -> None:
    """What udev runs when a net device has gone, by our rule."""
    rules = [line for line in RULES.read_text("utf-8").splitlines() if line.startswith('ACTION=="remove"')]
    text = "\n".join(rules).replace("$env{INTERFACE}", tap)
    (test,) = re.findall(r'TEST=="([^"]+)"', text)
    (command,) = re.findall(r'RUN\+="([^"]+)"', text)
    node.run(f"[ ! -e {test} ] || {command}")


@pytest.fixture(params=["eth0.222", "eth1"])
def here(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A data centre whose link is a VLAN's by name, which ifdown deletes, or a plain one."""
    with place_on(request.param) as here:
        yield here


def place_on(link: str) -> AbstractContextManager[Place]:
    """A data centre on links of this name."""
    return place(str(Stanza("router", link=link)), str(Stanza(link=link)), link=link)


def ifdown_and_up(here: Place, edited: str = "") -> None:
    """Takes node1's network down and brings it up again, with a link made anew where ifdown deleted it."""
    node, link = here.center.node1, here.center.link
    node.run(f"ifdown {link}")
    if edited:
        node.interfaces(edited)
    if node.attempt(f"ip link show {link}").returncode:
        here.center.segment.plug(node, link)
    done = node.attempt(f"ifup {link}")
    assert (done.returncode, done.stderr) == (0, "")
    node.settle()


def test_machines_work_again_after_ifdown_and_ifup(here: Place) -> None:
    assert all(reaches(here.center.vm1.host, gateway) for gateway in GATEWAYS)
    ifdown_and_up(here)
    for vm in (here.center.vm1, here.center.vm2):
        assert all(reaches(vm.host, gateway) for gateway in GATEWAYS)
    vm1 = here.center.vm1
    assert all(reaches(here.center.vm3.host, address) for address in (vm1.address, vm1.address6))
    assert here.center.node1.attempt("snf-network-helper status").returncode == 0


def test_machines_work_again_after_an_edit_of_the_table() -> None:
    with place_on("eth1") as here:
        ifdown_and_up(here, str(Stanza(link="eth1")).replace(" 222", " 333"))
        node = here.center.node1
        assert all(reaches(here.center.vm1.host, gateway) for gateway in GATEWAYS)
        assert node.run("ip route show table 222; ip -6 route show table 222") == ""
        assert "lookup snf_routed" not in node.run("ip rule; ip -6 rule")
        assert node.attempt("snf-network-helper status").returncode == 0


def test_machines_work_again_after_an_edit_of_the_gateway() -> None:
    with place_on("eth1") as here:
        here.center.router.run("ip addr add 192.0.2.2/24 dev eth1; ip -6 addr add 2001:db8::2/64 dev eth1 nodad")
        edited = str(Stanza(link="eth1")).replace("192.0.2.1 2001:db8::1", "192.0.2.2 2001:db8::2")
        ifdown_and_up(here, edited)
        assert all(reaches(here.center.vm1.host, gateway) for gateway in ("192.0.2.2", "2001:db8::2"))
        assert "192.0.2.2" in here.center.node1.run("nft list map arp snf_network_helper askers")


def test_an_address_that_an_edit_puts_outside_is_shut_out_and_comes_back() -> None:
    with place_on("eth1") as here:
        node = here.center.node1
        ifdown_and_up(here, str(Stanza(link="eth1")).replace("192.0.2.0/24", "192.0.2.0/29"))
        assert "192.0.2.11" not in node.run("ip route show table all; nft list table inet snf_network_helper")
        ifdown_and_up(here, str(Stanza(link="eth1")))
        assert all(reaches(here.center.vm1.host, gateway) for gateway in GATEWAYS)


def test_a_stanza_for_each_family_with_a_table_of_its_own() -> None:
    ipv4 = str(Stanza("vmc", "IPv4", link="eth1"))
    ipv6 = str(Stanza("vmc", "IPv6", link="eth1", addrfam="inet6")).replace(" 222", " 333")
    with place(str(Stanza("router", link="eth1")), f"{ipv4}\n{ipv6}", link="eth1") as here:
        assert all(reaches(here.center.vm1.host, gateway) for gateway in GATEWAYS)
        assert "192.0.2.11 dev tap0" in here.center.node1.run("ip route show table 222")
        assert "2001:db8::11 dev tap0" in here.center.node1.run("ip -6 route show table 333")
        ifdown_and_up(here)
        assert all(reaches(here.center.vm1.host, gateway) for gateway in GATEWAYS)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("echo spoilt >> {}", "not understood"),
        ("head -c 300 /dev/urandom > {}", "not understood"),
        ("chmod 666 {}", "only root can write"),
        ("sed -i '2s/network=eth1 //' {}", "its journal asks for what is not understood"),
        ("sed -i '2s/192.0.2.10/nonsense/' {}", "its journal asks for what is not understood"),
    ],
)
def test_one_journal_that_cannot_be_read_is_no_trouble_of_the_network(node: Node, spoil: str, said: str) -> None:
    host = node.host
    attach(host, "tap0", *ADDRESSES, network="eth1", options="--no-probe")
    with Host("second") as second:
        plug(host, second, "tap1")
        configure(second, "192.0.2.11")
        attach(host, "tap1", "192.0.2.11", network="eth1", options="--no-probe")
        host.run("ifdown eth1; " + spoil.format(f"{RUN}/attached/tap0"))
        done = host.attempt("ifup eth1")
        assert done.returncode == 0, done
        (line,) = done.stderr.splitlines()
        assert line.startswith("tap0: ")
        assert said in line
        assert reaches(host, "192.0.2.11")


@pytest.fixture
def node() -> Iterator[Node]:
    with node_up(Stanza(link="eth1")) as node, Host("guest") as guest:
        plug(node.host, guest)
        yield node


@pytest.mark.parametrize("way", ["detach", "udev", "ifup"])
def test_a_tap_that_vanished_leaves_nothing(node: Node, way: str) -> None:
    with Host("second") as second:
        plug(node.host, second, "tap1")
        attach(node.host, "tap1", "192.0.2.11", "2001:db8::11", network="eth1", options="--no-probe")
        node.host.run("ip link del tap0")
        before = node.snapshot()
        with Host("third") as third:
            plug(node.host, third)
            attach(node.host, "tap0", *ADDRESSES, network="eth1", options="--no-probe")
        vanish_late(node)
        if way == "ifup":
            node.host.run("ifup --force eth1")
        elif way == "udev":
            udev(node.host, "tap0")
        else:
            detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == ""
        assert not [path for path in leftovers(node.host) if "tap0" in path]
        detach(node.host, "tap1")


def vanish_late(node: Node) -> None:
    """See to it that tap0 has gone: its other end may have been faster."""
    node.host.attempt("ip link del tap0")


def test_udev_leaves_a_tap_alone_that_is_there(node: Node) -> None:
    attach(node.host, "tap0", *ADDRESSES, network="eth1", options="--no-probe")
    before = node.snapshot()
    udev(node.host, "tap0")
    udev(node.host, "tap9")
    assert before.difference(node.snapshot()) == ""


def test_the_real_udev_detaches_a_tap_that_vanished(node: Node) -> None:
    """It also has given the TAP a MAC address by then, which must not be the last one."""
    host = node.host
    with udevd(host):
        before, journals = node.snapshot(), leftovers(host)
        for _ in range(3):
            host.run("ip tuntap add dev tap7 mode tap")
            attach(host, "tap7", *ADDRESSES, network="eth1", options="--no-probe")
            assert "2001:db8::10 dev tap7" in host.run("ip -6 route show table 222")
            host.run("SYSTEMD_IGNORE_CHROOT=1 udevadm settle")
            assert host.run("cat /sys/class/net/tap7/address").strip() == TAP_MAC
            host.run("ip link del tap7")
            assert comes_true(lambda: leftovers(host) == journals), leftovers(host)
            assert before.difference(node.snapshot()) == ""


def test_another_tap_of_the_same_name_is_attached_anew(node: Node) -> None:
    attach(node.host, "tap0", *ADDRESSES, network="eth1", options="--no-probe")
    with Host("second") as second:
        node.host.run("ip link del tap0")
        plug(node.host, second)
        before = node.host.run("cat /sys/class/net/tap0/address")
        attach(node.host, "tap0", "192.0.2.12", network="eth1", options="--no-probe")
        configure(second, "192.0.2.12")
        assert reaches(node.host, "192.0.2.12")
        detach(node.host, "tap0")
        assert node.host.run("cat /sys/class/net/tap0/address") == before


def test_the_last_detach_removes_what_ifdown_had_to_leave(node: Node) -> None:
    with Host("second") as second:
        plug(node.host, second, "tap1")
        attach(node.host, "tap0", *ADDRESSES, network="eth1", options="--no-probe")
        attach(node.host, "tap1", "192.0.2.11", network="eth1", options="--no-probe")
        node.host.run("ifdown eth1")
        tables = "ip route show table 222 proto snf; ip -6 route show table 222 proto snf"
        for last in (False, True):
            assert node.host.run(tables).count("unreachable default") == 2
            detach(node.host, "tap0" if last else "tap1")
        assert node.host.run(tables) == ""
        assert leftovers(node.host) == []


def test_on_a_router_packets_from_guest_to_guest_do_not_leave_by_the_uplink_after_ifdown() -> None:
    with node_up(Stanza("router-vmc", link="eth1")) as node, Host("guest") as guest:
        plug(node.host, guest)
        attach(node.host, "tap0", *ADDRESSES, network="eth1", options="--no-probe")
        node.host.run("ip link add leak type veth peer name wire; ip link set wire up; ip link set leak up")
        node.host.run("ip route replace default dev leak; ip -6 route replace default dev leak metric 1")
        node.host.run("ifdown eth1")
        for address, ours in (("192.0.2.77", ADDRESSES[0]), ("2001:db8::77", ADDRESSES[1])):
            look_up = node.host.attempt(f"ip route get {address} from {ours} iif tap0")
            assert look_up.returncode != 0, look_up
            assert "leak" in node.host.run(f"ip route get {address}")
        tables = "ip route show table 222 proto snf; ip -6 route show table 222 proto snf"
        assert node.host.run(tables).count("unreachable") == 2
        detach(node.host, "tap0")
        assert node.host.run(tables) == ""
        assert leftovers(node.host) == []


def test_fifty_at_the_same_time(node: Node) -> None:
    names = [f"t{number}" for number in range(50)]
    for name in names:
        node.host.run(f"ip link add {name} type veth peer name p{name} netns {node.segment.pid}")
    before = node.snapshot()
    attaches = " & ".join(
        f"snf-network-helper attach {name} --network eth1 --no-probe --ip 192.0.2.{number + 20} 2001:db8::{number + 20}"
        for number, name in enumerate(names)
    )
    said = node.host.run(f"({attaches} & wait) 2>&1")
    assert said == ""
    assert node.host.run("ip route show table 222").count("192.0.2.") >= 50
    assert node.host.attempt("snf-network-helper status").returncode == 0
    said = node.host.run("(" + " & ".join(f"snf-network-helper detach {name}" for name in names) + " & wait) 2>&1")
    assert said == ""
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("damage", ["ip route del 192.0.2.20 dev t0 table 222", "nft flush ruleset"])
def test_what_many_have_lost_comes_back(node: Node, damage: str) -> None:
    for number in range(20):
        node.host.run(f"ip link add t{number} type veth peer name p{number} netns {node.segment.pid}")
        addresses = (f"192.0.2.{number + 20}", f"2001:db8::{number + 20}")
        attach(node.host, f"t{number}", *addresses, network="eth1", options="--no-probe")
    proxies = node.host.run("ip -6 neigh show proxy")
    assert proxies.count("eth1") == 20
    node.host.run(f"ifdown eth1; {damage}")
    assert "eth1" not in node.host.run("ip -6 neigh show proxy")
    done = node.host.attempt("ifup eth1")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(node.host.run("ip -6 neigh show proxy").splitlines()) == sorted(proxies.splitlines())
    done = node.host.attempt("snf-network-helper status")
    assert (done.returncode, " missing " in done.stdout) == (0, False)
    assert done.stdout.count("nft 'add element inet snf_network_helper sources6") == 20


def test_a_single_address_has_its_machine() -> None:
    """A failover address: the network's route to it stands back behind the one to the guest."""
    options = "routed-subnet 192.0.2.0/24 203.0.113.7/32 2001:db8::/64 2001:db8:1::7/128"
    stanza = re.sub(r"routed-subnet .*", options, str(Stanza(link="eth1")))
    with node_up() as node, Host("guest") as guest:
        node.plug("eth1")
        node.host.run("ifdown eth0.222")
        node.host.interfaces(stanza)
        node.host.run("ip link set eth1 up; ifup eth1")
        plug(node.host, guest)
        attach(node.host, "tap0", "203.0.113.7", "2001:db8:1::7", network="eth1", options="--no-probe")
        guest.run("ip addr add 203.0.113.7/32 dev eth0; ip -6 addr add 2001:db8:1::7/128 dev eth0 nodad")
        guest.run("ip route add default via 192.0.2.1 dev eth0 onlink; ip -6 route add default via fe80::1 dev eth0")
        node.host.settle()
        for address in ("203.0.113.7", "2001:db8:1::7"):
            assert reaches(node.host, address)
        assert node.host.attempt("snf-network-helper status").returncode == 0
        detach(node.host, "tap0")


def test_a_gateway_outside_the_subnets_is_on_the_link() -> None:
    """What a provider routes to the node: single addresses and a subnet, the gateway in none of them."""
    options = "routed-subnet 192.0.2.0/28 2001:db8::/64\n    routed-onlink yes"
    stanza = re.sub(r"routed-subnet .*", options, str(Stanza(link="eth1")))
    stanza = re.sub(r"routed-gateway .*", "routed-gateway 100.64.0.1 2001:db8:ff::1", stanza)
    with node_up() as node, Host("guest") as guest, Host("gateway") as gateway:
        node.plug("eth1")
        node.segment.plug(gateway, "eth0")
        gateway.run(
            """
            ip link set eth0 up
            ip addr add 100.64.0.1/32 dev eth0; ip -6 addr add 2001:db8:ff::1/128 dev eth0 nodad
            ip route add 192.0.2.0/28 dev eth0; ip -6 route add 2001:db8::/64 dev eth0
            ip addr add 198.18.0.99/32 dev lo; ip -6 addr add 2001:db8:99::1/128 dev lo nodad
            """
        )
        node.host.run("ifdown eth0.222")
        node.host.interfaces(stanza)
        before = node.snapshot()
        node.host.run("ip link set eth1 up; ifup eth1")
        plug(node.host, guest)
        attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", network="eth1")
        guest.run("ip addr add 192.0.2.10/32 dev eth0; ip -6 addr add 2001:db8::10/128 dev eth0 nodad")
        guest.run("ip route add default via 100.64.0.1 dev eth0 onlink; ip -6 route add default via fe80::1 dev eth0")
        node.host.settle()
        gateway.settle()
        for address in ("100.64.0.1", "198.18.0.99", "2001:db8:99::1"):
            assert reaches(guest, address), address
        assert node.host.attempt("snf-network-helper status").returncode == 0
        detach(node.host, "tap0")
        node.host.run("ifdown eth1; ip link del tap0")
        assert before.difference(node.snapshot()) == ""
