"""What attach refuses, by one line and with nothing changed; attach again, otherwise, and after failures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import NETWORK, RUN, TAP_MAC, attach, attach_command, detach, leftovers, node_up, plug, refused
from lab.host import Host
from lab.node import Node
from lab.stanzas import SUBNET6, Stanza

SUBNETS = "192.0.2.0/24 2001:db8::/64"
OUTSIDE = f"expected an address in {SUBNETS}"
NODES = "the node's own on tap0, expected that of the guest's interface"
MAPPED = "an IPv4 address in the notation of IPv6, expected it as"
NOBODYS = "0.0.0.0 127.0.0.1 224.0.0.1 255.255.255.255 240.0.0.1 :: ::1 ff02::1"
RESERVED = " 192.0.2.0 192.0.2.255 2001:db8::"
HOSTS = "expected an address that a host may have"
TAKEN = "expected an address that a virtual machine may have"


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A node with one machine's TAP, which every test here leaves detached."""
    with node_up() as node, Host("guest") as guest, Host("second") as second:
        plug(node.host, guest)
        plug(node.host, second, "tap1")
        yield node


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (attach_command("tap0", "192.0.3.1"), f"tap0: --ip 192.0.3.1: {OUTSIDE}"),
        (attach_command("tap0", "2001:db8:1::1"), f"tap0: --ip 2001:db8:1::1: {OUTSIDE}"),
        (attach_command("tap0", "nonsense"), f"tap0: --ip nonsense: {OUTSIDE}"),
        (attach_command("tap0", "fe80::5"), f"tap0: --ip fe80::5: {OUTSIDE}"),
        (attach_command("tap0", "192.0.2.1"), f"tap0: --ip 192.0.2.1: {TAKEN}"),
        (attach_command("tap0", "2001:db8::1"), f"tap0: --ip 2001:db8::1: {TAKEN}"),
        (attach_command("tap0", "192.0.2.254"), f"tap0: --ip 192.0.2.254: nodes ask by it (routed-arp-ip), {TAKEN}"),
        (attach_command("tap0", "192.0.2.255"), f"tap0: --ip 192.0.2.255: {TAKEN}"),
        (attach_command("tap0", "192.0.2.10", network="eth9"), "eth9: not up as a routed interface (up: eth0.222)"),
        (attach_command("tap0", "192.0.2.10", network="eth0"), "eth0: not up as a routed interface (up: eth0.222)"),
        (attach_command("tap9", "192.0.2.10"), "tap9: no such interface (did you mean tap1?)"),
        (attach_command("lo", "192.0.2.10"), "lo: the loopback interface"),
        (attach_command("tap0", "192.0.2.20/24"), "tap0: --ip 192.0.2.20/24: expected it without a length, 192.0.2.20"),
        (attach_command("tap0", "192.0.2.20,2001:db8::20"), "tap0: --ip 192.0.2.20,2001:db8::20: expected values sep"),
        ("snf-network-helper announce eth0.222 10.1.1.1", f"{NETWORK}: 10.1.1.1: expected an address in {SUBNETS}"),
        ("snf-network-helper announce eth0.222 192.0.2.1", f"{NETWORK}: 192.0.2.1: the gateway, which is another host"),
        ("snf-network-helper announce eth9 192.0.2.9", "eth9: no such interface (did you mean eth0?)"),
        (attach_command("a-name-too-long-for-a-link", "192.0.2.10"), "a-name-too-long-for-a-link: expected"),
        (attach_command("../x", "192.0.2.10"), "../x: expected the name of a link"),
        (attach_command(NETWORK, "192.0.2.10"), f"{NETWORK}: expected an interface other than the network's own"),
        (attach_command("tap0"), "tap0: --ip: expected at least one address, or --mac and a /64 of the network"),
        (attach_command("tap0", options="--mac 52:54:00:12:34"), "tap0: --mac 52:54:00:12:34: expected a MAC address"),
        (attach_command("tap0", options="--mac 01:00:5e:00:00:01"), "tap0: --mac 01:00:5e:00:00:01: expected a MAC"),
        (attach_command("tap0", options=f"--mac {TAP_MAC}"), f"tap0: --mac {TAP_MAC}: {NODES}"),
        (attach_command("tap0", "192.0.2.10", options=f"--mac {TAP_MAC.upper()}"), f"tap0: --mac {TAP_MAC}: {NODES}"),
        (attach_command("tap0", "2001:db8::"), f"tap0: --ip 2001:db8::: every router of {SUBNET6} has it (anycast)"),
        (attach_command("tap0", "2001:db8::2", "2001:db8::/127"), "tap0: --ip 2001:db8::/127: has 2001:db8::"),
        (attach_command("tap0", "::ffff:192.0.2.10"), f"tap0: --ip ::ffff:192.0.2.10: {MAPPED} 192.0.2.10"),
        (attach_command("tap0", "::ffff:c000:20a"), f"tap0: --ip ::ffff:c000:20a: {MAPPED} 192.0.2.10"),
        (attach_command("tap0", "::ffff:192.0.2.16/124"), f"tap0: --ip ::ffff:192.0.2.16/124: {MAPPED} 192.0.2.16"),
        *(
            (attach_command("tap0", "192.0.2.10", options=f"{options} {value}"), f"tap0: {options.split()[-1]} {why}")
            for options, value, why in (
                ("--gateway", "::ffff:192.0.2.1", f"::ffff:192.0.2.1: {MAPPED} 192.0.2.1"),
                ("--serve --mac 52:54:00:00:00:01 --dns", "::ffff:9.9.9.9", f"::ffff:9.9.9.9: {MAPPED} 9.9.9.9"),
                ("--serve --mac 52:54:00:00:00:01 --dns", "0.0.0.0", f"0.0.0.0: {HOSTS}"),
            )
        ),
        *(
            (f"snf-network-helper announce {link} {address}", f"{link}: {address}: {HOSTS}")
            for link, addresses in ((NETWORK, NOBODYS + RESERVED), ("eth0", NOBODYS))
            for address in addresses.split()
        ),
        ("snf-network-helper announce eth0 ::ffff:192.0.2.9", f"eth0: ::ffff:192.0.2.9: {MAPPED} 192.0.2.9"),
        ("snf-network-helper detach tap0 --migrate-out --if-gone", "tap0: --migrate-out: expected without --if-gone"),
    ],
)
def test_refused_by_one_line_and_nothing_is_changed(node: Node, command: str, line: str) -> None:
    before = node.snapshot()
    assert refused(node.host, command).startswith(line)
    assert before.difference(node.snapshot()) == ""
    assert not [path for path in leftovers(node.host) if "attached" in path]


def test_the_mac_of_the_tap_itself_is_not_the_guests(node: Node) -> None:
    own = node.host.run("cat /sys/class/net/tap0/address").strip()
    said = refused(node.host, attach_command("tap0", "192.0.2.10", options=f"--mac {own}"))
    assert said == f"tap0: --mac {own}: {NODES}"
    assert not [path for path in leftovers(node.host) if "attached" in path]


@pytest.mark.parametrize("lock", ["tap0", NETWORK])
@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_an_attach_that_waits_for_a_lock_ends_on_a_signal(node: Node, lock: str, signal: str) -> None:
    before = node.snapshot()
    attach(node.host, "tap0", "192.0.2.10", options="--no-probe")
    detach(node.host, "tap0")  # the locks are there
    command = attach_command("tap0", "192.0.2.10", options="--no-probe")
    waits = f"exec flock {RUN}/lock/{lock} timeout --preserve-status --signal={signal} --kill-after=9 3 {command}"
    done = node.host.attempt(waits)
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("tap0: interrupted"), line
    assert before.difference(node.snapshot()) == ""


def test_a_network_that_is_down_has_no_machines() -> None:
    with node_up(Stanza(link="eth1")) as node, Host("guest") as guest:
        plug(node.host, guest)
        node.host.run("ifdown eth1")
        command = attach_command("tap0", "192.0.2.10", network="eth1")
        assert refused(node.host, command) == "eth1: not up as a routed interface (up: none)"


def test_a_router_that_is_no_node_has_no_machines() -> None:
    with node_up(Stanza("router")) as node, Host("guest") as guest:
        plug(node.host, guest)
        line = refused(node.host, attach_command("tap0", "192.0.2.10"))
        assert line == f"{NETWORK}: its role is router, which hosts no virtual machine"


def test_two_machines_with_one_address(node: Node) -> None:
    attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", options="--no-probe")
    before = node.snapshot()
    for address in ("192.0.2.10", "2001:db8::10"):
        for options in ("", "--no-probe", "--role migrate-in"):
            line = refused(node.host, attach_command("tap1", address, options=options))
            assert line == f"tap1: {address} is attached to tap0"
        assert before.difference(node.snapshot()) == ""
    detach(node.host, "tap0")


def test_attach_again_changes_nothing(node: Node) -> None:
    start = node.snapshot()
    attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", options="--no-probe")
    before = node.snapshot()
    attach(node.host, "tap0", "192.0.2.10", "2001:db8::10")
    assert before.difference(node.snapshot()) == ""
    detach(node.host, "tap0")
    assert start.difference(node.snapshot()) == ""


def test_attach_again_makes_whole_what_is_missing(node: Node) -> None:
    start = node.snapshot()
    attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", options="--no-probe")
    before = node.snapshot()
    node.host.run(
        f"""
        ip route del 192.0.2.10 table 222
        ip -6 neigh del proxy 2001:db8::10 dev {NETWORK}
        ip -6 addr del fe80::1/64 dev tap0
        ip rule del from 192.0.2.0/24
        ip link set tap0 address 02:00:00:00:00:99
        echo 0 > /proc/sys/net/ipv4/conf/tap0/proxy_arp
        nft delete table arp snf_network_helper
        nft delete table inet snf_network_helper
        """
    )
    attach(node.host, "tap0", "192.0.2.10", "2001:db8::10")
    assert before.difference(node.snapshot()) == ""
    detach(node.host, "tap0")
    assert start.difference(node.snapshot()) == ""


def test_attach_with_other_addresses_changes_those_only(node: Node) -> None:
    start = node.snapshot()
    attach(node.host, "tap0", "192.0.2.11", "2001:db8::11", options="--no-probe")
    wanted = node.snapshot()
    attach(node.host, "tap0", "192.0.2.10", "2001:db8::11", options="--no-probe")
    assert wanted.difference(node.snapshot())
    attach(node.host, "tap0", "192.0.2.11", "2001:db8::11", options="--no-probe")
    assert wanted.difference(node.snapshot()) == ""
    attach(node.host, "tap0", "192.0.2.12", options="--no-probe")
    held = node.host.run("ip -6 route show table all; ip -6 neigh show proxy; ip -6 rule; nft list ruleset")
    assert "2001:db8::11" not in held
    assert "from 2001:db8::/64" not in held
    detach(node.host, "tap0")
    assert start.difference(node.snapshot()) == ""


def test_detach_of_what_is_not_attached_is_no_error(node: Node) -> None:
    before = node.snapshot()
    for words in ("tap0", "tap9 --if-gone"):
        done = node.host.attempt(f"snf-network-helper detach {words}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert before.difference(node.snapshot()) == ""


OBSTACLES = {
    "a route": "ip route add 192.0.2.10 dev eth0 table 222",
    "a route of IPv6": "ip -6 route add 2001:db8::10 dev eth0 table 222",
    "no nft": "mount --bind /bin/false /usr/sbin/nft",
}


@pytest.mark.parametrize("obstacle", OBSTACLES.values(), ids=list(OBSTACLES))
def test_a_step_that_fails_undoes_the_others(node: Node, obstacle: str) -> None:
    node.host.run(obstacle)
    hidden = obstacle.startswith("mount")
    before = None if hidden else node.snapshot()
    line = refused(node.host, attach_command("tap0", "192.0.2.10", "2001:db8::10", options="--no-probe"))
    assert line.startswith("tap0: ")
    assert "undone)" in line
    if before is None:
        node.host.run("umount /usr/sbin/nft")
        assert node.host.run("cat /sys/class/net/tap0/address").strip() != TAP_MAC
    else:
        assert before.difference(node.snapshot()) == ""
        node.host.run(obstacle.replace(" add ", " del "))
    assert not [path for path in leftovers(node.host) if "tap0" in path]


def test_a_guard_that_cannot_be_loaded_is_named(node: Node) -> None:
    before = node.snapshot()
    node.host.run("echo nonsense > /run/guard.nft; mount --bind /run/guard.nft /usr/share/snf-network-helper/guard.nft")
    line = refused(node.host, attach_command("tap0", "192.0.2.10", options="--no-probe"))
    node.host.run("umount /usr/share/snf-network-helper/guard.nft; rm /run/guard.nft")
    assert line.startswith("tap0: nft -f -: syntax error")
    assert "undone)" in line
    assert before.difference(node.snapshot()) == ""


def test_the_first_machine_takes_one_transaction_as_any_other(node: Node) -> None:
    node.host.run(
        """
        cp /usr/sbin/nft /run/nft
        printf '#!/bin/sh\\necho run >> /run/nft-runs\\nexec /run/nft "$@"\\n' > /run/nft-counted
        chmod +x /run/nft-counted
        mount --bind /run/nft-counted /usr/sbin/nft
        """
    )
    attach(node.host, "tap0", "192.0.2.10", "2001:db8::10", options="--no-probe")
    node.host.run("umount /usr/sbin/nft")
    detach(node.host, "tap0")
    assert node.host.run("cat /run/nft-runs").split() == ["run"]


def test_a_change_that_fails_brings_the_former_addresses_back(node: Node) -> None:
    start = node.snapshot()
    attach(node.host, "tap0", "192.0.2.10", options="--no-probe")
    node.host.run(OBSTACLES["a route of IPv6"])
    before = node.snapshot()
    line = refused(node.host, attach_command("tap0", "192.0.2.11", "2001:db8::10", options="--no-probe"))
    assert "the former setup is back" in line
    assert before.difference(node.snapshot()) == ""
    node.host.run(OBSTACLES["a route of IPv6"].replace(" add ", " del "))
    detach(node.host, "tap0")
    assert start.difference(node.snapshot()) == ""


def test_verbose_shows_the_commands(node: Node) -> None:
    shown = node.host.attempt(attach_command("tap0", "192.0.2.10", options="--no-probe -v")).stderr.splitlines()
    assert "[#] ip route add 192.0.2.10/32 dev tap0 table 222 proto snf" in shown
    assert "[#] ip link set tap0 up" in shown
    assert all(line.startswith("[#] ") for line in shown)
    detach(node.host, "tap0")


@pytest.mark.parametrize("address", ["192.0.2.66", "2001:db8::66"])
def test_an_address_of_the_node_itself_is_no_guests(node: Node, address: str) -> None:
    node.host.run(f"ip addr add {address} dev lo")
    try:
        line = f"tap0: --ip {address}: this node has it, {TAKEN}"
        assert refused(node.host, attach_command("tap0", address)) == line
        assert refused(node.host, attach_command("tap0", address, options="--role migrate-in")) == line
    finally:
        node.host.run(f"ip addr del {address} dev lo")


BY_IT = f"nodes ask by it (routed-arp-ip), {TAKEN}"


@pytest.mark.parametrize(("option", "reserved"), [("", "192.0.2.254"), ("routed-arp-ip 192.0.2.77", "192.0.2.77")])
def test_what_other_nodes_ask_by_is_no_guests_of_a_router_either(option: str, reserved: str) -> None:
    with node_up(Stanza("router-vmc")) as node, Host("guest") as guest:
        node.host.interfaces(f"{Stanza('router-vmc')}    {option}\n")
        assert node.errors(f"ifup --force {NETWORK}") == (0, [])
        plug(node.host, guest)
        assert refused(node.host, attach_command("tap0", reserved)) == f"tap0: --ip {reserved}: {BY_IT}"
        attach(node.host, "tap0", {"192.0.2.254": "192.0.2.77", "192.0.2.77": "192.0.2.254"}[reserved])
        node.host.run(f"ifup --force {NETWORK}; snf-network-helper detach tap0; ifdown {NETWORK}")


def test_nor_of_a_node_that_asks_by_an_address_of_its_own() -> None:
    with node_up() as node, Host("guest") as guest:
        node.host.interfaces(str(Stanza()).replace(" manual", " static\n    address 192.0.2.66/24"))
        node.host.run(f"ifdown {NETWORK}")
        node.plug(NETWORK)
        node.host.run(f"ifup {NETWORK}")
        plug(node.host, guest)
        assert refused(node.host, attach_command("tap0", "192.0.2.254")) == f"tap0: --ip 192.0.2.254: {BY_IT}"
        assert refused(node.host, attach_command("tap0", "192.0.2.66")) == f"tap0: --ip 192.0.2.66: {BY_IT}"
        node.host.run(f"ifup --force {NETWORK}")
        assert refused(node.host, attach_command("tap0", "192.0.2.254")) == f"tap0: --ip 192.0.2.254: {BY_IT}"
