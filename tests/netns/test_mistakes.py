"""A mistake in a stanza is one line with interface, option, value and what was expected; the kernel is untouched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.node import Node, lone_node

LINK = "eth0.222"

GOOD = {"routed-subnet": "192.0.2.0/24", "routed-gateway": "192.0.2.1"}
ROUTER = {**GOOD, "routed-role": "router", "routed-uplink": "eth0"}

# The options, and the words that the one line has beside the interface.
MISTAKES = {
    "no subnet": ({"routed-gateway": "192.0.2.1"}, ["routed-subnet", "missing"]),
    "no gateway": ({"routed-subnet": "192.0.2.0/24"}, ["routed-gateway is missing", "192.0.2.0/24"]),
    "no gateway of one family": (
        {"routed-subnet": "192.0.2.0/24 2001:db8::/64", "routed-gateway": "192.0.2.1"},
        ["routed-gateway is missing", "2001:db8::/64"],
    ),
    "commas in a list": (
        {**GOOD, "routed-subnet": "192.0.2.0/24,203.0.113.0/24"},
        ["routed-subnet 192.0.2.0/24,203.0.113.0/24", "blanks, not commas"],
    ),
    "the loopback interface as uplink": ({**ROUTER, "routed-uplink": "lo"}, ["routed-uplink lo", "loopback"]),
    "an unknown option": ({**GOOD, "routed-colour": "blue"}, ["routed-colour", "unknown"]),
    "a misspelt option": ({**GOOD, "routed-gatway": "192.0.2.1"}, ["routed-gatway", "did you mean routed-gateway?"]),
    "another misspelt option": ({**GOOD, "routed-subnets": "10.0.0.0/8"}, ["routed-subnets", "mean routed-subnet?"]),
    "only a misspelt option": ({"routed-subnt": "192.0.2.0/24"}, ["routed-subnt", "mean routed-subnet?"]),
    "an unknown role": ({**GOOD, "routed-role": "hub"}, ["routed-role", "hub", "vmc", "router", "router-vmc"]),
    "two roles": ({**GOOD, "routed-role": "vmc router"}, ["routed-role", "vmc router"]),
    "a subnet with host bits": ({**GOOD, "routed-subnet": "192.0.2.7/24"}, ["routed-subnet", "192.0.2.7/24", "host"]),
    "an IPv6 subnet with host bits": (
        {"routed-subnet": "2001:db8::7/64", "routed-gateway": "2001:db8::1"},
        ["routed-subnet", "2001:db8::7/64", "host"],
    ),
    "a subnet that is none": ({**GOOD, "routed-subnet": "nonsense"}, ["routed-subnet", "nonsense"]),
    "a subnet without a length": ({**GOOD, "routed-subnet": "192.0.2.0"}, ["routed-subnet", "192.0.2.0"]),
    "a length that is too long": ({**GOOD, "routed-subnet": "192.0.2.0/33"}, ["routed-subnet", "192.0.2.0/33"]),
    "a gateway outside its subnet": (
        {**GOOD, "routed-gateway": "192.0.3.1"},
        ["routed-gateway 192.0.3.1 is outside routed-subnet 192.0.2.0/24"],
    ),
    "an IPv6 gateway outside its subnet": (
        {"routed-subnet": "2001:db8::/64", "routed-gateway": "2001:db8:1::1"},
        ["routed-gateway 2001:db8:1::1 is outside routed-subnet 2001:db8::/64"],
    ),
    "a link-local address of a router": (
        {**ROUTER, "routed-subnet": "2001:db8::/64", "routed-gateway": "fe80::1"},
        ["routed-gateway", "fe80::1", "2001:db8::/64"],
    ),
    "a gateway of the wrong family": ({**GOOD, "routed-gateway": "2001:db8::1"}, ["routed-gateway", "2001:db8::1"]),
    "a gateway that is none": ({**GOOD, "routed-gateway": "nowhere"}, ["routed-gateway", "nowhere"]),
    "a gateway with a length": ({**GOOD, "routed-gateway": "192.0.2.1/24"}, ["without a length, 192.0.2.1"]),
    "two gateways of one family": (
        {**GOOD, "routed-gateway": "192.0.2.1 192.0.2.2"},
        ["routed-gateway", "192.0.2.2", "in 192.0.2.0/24, which has 192.0.2.1"],
    ),
    "the network's own address as gateway": ({**GOOD, "routed-gateway": "192.0.2.0"}, ["routed-gateway", "192.0.2.0"]),
    "a broadcast address as gateway": ({**GOOD, "routed-gateway": "192.0.2.255"}, ["routed-gateway", "192.0.2.255"]),
    "table 0": ({**GOOD, "routed-table": "0"}, ["routed-table", "0"]),
    "table 253": ({**GOOD, "routed-table": "253"}, ["routed-table", "253"]),
    "table 254": ({**GOOD, "routed-table": "254"}, ["routed-table", "254"]),
    "table 255": ({**GOOD, "routed-table": "255"}, ["routed-table", "255"]),
    "table 4294967296": ({**GOOD, "routed-table": "4294967296"}, ["routed-table", "4294967296"]),
    "table main": ({**GOOD, "routed-table": "main"}, ["routed-table", "main"]),
    "table local": ({**GOOD, "routed-table": "local"}, ["routed-table", "local"]),
    "table default": ({**GOOD, "routed-table": "default"}, ["routed-table", "default"]),
    "an unknown table": ({**GOOD, "routed-table": "nosuchtable"}, ["routed-table", "nosuchtable"]),
    "an ARP address outside the subnet": ({**GOOD, "routed-arp-ip": "192.0.3.9"}, ["routed-arp-ip", "192.0.3.9"]),
    "the gateway as ARP address": ({**GOOD, "routed-arp-ip": "192.0.2.1"}, ["routed-arp-ip", "192.0.2.1"]),
    "an IPv6 ARP address": ({**GOOD, "routed-arp-ip": "2001:db8::9"}, ["routed-arp-ip", "2001:db8::9"]),
    "an ARP address that is none": ({**GOOD, "routed-arp-ip": "dummy"}, ["routed-arp-ip", "dummy"]),
    "neither yes nor no": ({**ROUTER, "routed-nat": "maybe"}, ["routed-nat", "maybe", "yes or no"]),
    "neither yes nor no for IPv6": ({**ROUTER, "routed-nat6": "1"}, ["routed-nat6", "1", "yes or no"]),
    "NAT without an uplink": (
        {**GOOD, "routed-role": "router", "routed-nat": "yes"},
        ["routed-nat", "yes", "routed-uplink"],
    ),
    "NAT of a family that is not there": ({**ROUTER, "routed-nat6": "yes"}, ["routed-nat6", "yes", "IPv6"]),
    "an uplink whose name is too long": (
        {**ROUTER, "routed-uplink": "eth0123456789012"},
        ["routed-uplink", "eth0123456789012"],
    ),
    "the interface as its own uplink": ({**ROUTER, "routed-uplink": LINK}, ["routed-uplink", LINK]),
    "a priority that is no number": ({**GOOD, "routed-priority": "first"}, ["routed-priority", "first"]),
    "a priority above main's": ({**GOOD, "routed-priority": "32766"}, ["routed-priority", "32766"]),
    "a priority of 0": ({**GOOD, "routed-priority": "0"}, ["routed-priority", "0"]),
    "a subnet with no room for an ARP address": (
        {"routed-subnet": "192.0.2.1/32", "routed-gateway": "192.0.2.1"},
        ["routed-arp-ip", "192.0.2.1/32"],
    ),
}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """One node for all mistakes, since each leaves it as it was."""
    with lone_node() as node:
        for link in (LINK, "eth1"):
            node.plug(link)
            node.host.run(f"ip link set {link} up")
        yield node


def stanza(link: str, options: dict[str, str]) -> str:
    lines = [f"iface {link} inet manual", *(f"    {option} {value}" for option, value in options.items())]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("options", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_ifup_says_what_is_wrong_in_one_line_and_does_nothing(
    node: Node, options: dict[str, str], words: list[str]
) -> None:
    before = node.snapshot()
    node.host.interfaces(stanza(LINK, options))
    code, lines = node.errors(f"ifup {LINK}")
    assert code != 0
    assert len(lines) == 1
    assert lines[0].startswith(f"{LINK}: ")
    assert [word for word in words if word not in lines[0]] == []
    assert before.difference(node.snapshot()) == ""
    assert node.host.attempt("ls /run/snf-network-helper/journal/*").stdout == ""


@pytest.mark.parametrize(("options", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_plan_says_the_same_as_ifup(node: Node, options: dict[str, str], words: list[str]) -> None:
    node.host.interfaces(stanza(LINK, options))
    _, from_ifup = node.errors(f"ifup {LINK}")
    code, from_plan = node.errors(f"snf-network-helper plan {LINK}")
    assert code != 0
    assert from_plan == from_ifup


def test_a_name_that_tells_no_vlan_needs_a_table(node: Node) -> None:
    node.host.interfaces(stanza("eth1", GOOD))
    code, lines = node.errors("ifup eth1")
    assert code != 0
    assert len(lines) == 1
    assert "eth1: routed-table is missing" in lines[0]


def test_a_name_that_no_link_can_have_is_a_mistake(node: Node) -> None:
    before = node.snapshot()
    name = "enp12s0f123.2222"
    node.host.interfaces(stanza(name, GOOD))
    code, lines = node.errors(f"ifup {name}")
    assert code != 0
    assert [line for line in lines if line.startswith(f"{name}: ") and "15 bytes" in line]
    assert before.difference(node.snapshot()) == ""


def test_a_link_that_is_not_there_is_one_line(node: Node) -> None:
    before = node.snapshot()
    node.host.interfaces(stanza("eth7", {**GOOD, "routed-table": "77"}))
    code, lines = node.errors("ifup eth7")
    assert code != 0
    assert [line for line in lines if "eth7" in line][-1:] == ["eth7: no such interface (did you mean eth1?)"]
    assert before.difference(node.snapshot()) == ""


def test_the_interface_comes_up_once_the_mistake_is_mended(node: Node) -> None:
    node.host.interfaces(stanza("eth1", {**GOOD, "routed-table": "nosuchtable"}))
    assert node.host.attempt("ifup eth1").returncode != 0
    node.host.interfaces(stanza("eth1", {**GOOD, "routed-table": "222"}))
    node.host.run("ifup eth1; ifdown eth1; ip link set eth1 up")


@pytest.fixture
def fresh() -> Iterator[Node]:
    """A node of the test's own."""
    with lone_node() as node:
        for link in (LINK, "eth1"):
            node.plug(link)
            node.host.run(f"ip link set {link} up")
        yield node


def test_a_link_is_not_found_by_its_altname(fresh: Node) -> None:
    fresh.host.run("ip link property add dev eth1 altname enp1s0")
    fresh.host.interfaces(stanza("enp1s0", {**GOOD, "routed-table": "77"}))
    code, lines = fresh.errors("ifup enp1s0")
    assert code != 0
    assert lines[-1] == "enp1s0: an altname of eth1, expected eth1"
    fresh.host.run("ip link property del dev eth1 altname enp1s0")


def test_what_another_interface_has_is_named(fresh: Node) -> None:
    fresh.host.interfaces(
        stanza(LINK, GOOD)
        + stanza("eth1", {"routed-subnet": "192.0.3.0/24", "routed-gateway": "192.0.3.1", "routed-table": "222"})
        + stanza("subnet", {**GOOD, "routed-table": "300"})
    )
    fresh.host.run(f"ifup {LINK}")
    before = fresh.snapshot()
    _, table = fresh.errors("ifup eth1")
    _, subnet = fresh.errors("ifup eth1=subnet")
    assert table == [f"eth1: routed-table 222 is {LINK}'s already (0 changes undone)"]
    assert subnet == [f"eth1: routed-subnet 192.0.2.0/24 is {LINK}'s already (1 change undone)"]
    assert before.difference(fresh.snapshot()) == ""


def test_a_route_in_the_way_is_shown(fresh: Node) -> None:
    fresh.host.interfaces(stanza(LINK, GOOD))
    fresh.host.run("ip route add 192.0.2.0/24 via 198.51.100.1")
    _, lines = fresh.errors(f"ifup {LINK}")
    assert "192.0.2.0/24 via 198.51.100.1 dev eth0" in lines[0]
    fresh.host.run("ip route del 192.0.2.0/24")


def test_ipv6_that_is_switched_off_is_named(fresh: Node) -> None:
    fresh.host.interfaces(stanza(LINK, {"routed-subnet": "2001:db8::/64", "routed-gateway": "2001:db8::1"}))
    setting = f"/proc/sys/net/ipv6/conf/{LINK}/disable_ipv6"
    fresh.host.run(f"echo 1 > {setting}")
    _, lines = fresh.errors(f"ifup {LINK}")
    assert len(lines) == 1
    assert f"{LINK}: IPv6 is switched off: {setting} is 1, expected 0" in lines[0]
    fresh.host.run(f"echo 0 > {setting}")


@pytest.mark.parametrize("names", [("routed_subnet", "Routed-Gateway"), ("Routed-Subnet", "ROUTED_GATEWAY")])
def test_plan_reads_names_as_ifup_does(fresh: Node, names: tuple[str, str]) -> None:
    fresh.host.interfaces(stanza(LINK, dict(zip(names, GOOD.values(), strict=True))))
    planned = fresh.host.run(f"snf-network-helper plan {LINK}").splitlines()
    shown = fresh.host.attempt(f"ifup -v {LINK}").stderr.splitlines()
    assert planned == [line.removeprefix("[#] ") for line in shown if line.startswith("[#] ")]


def test_options_of_the_hooks_before_are_warned_of(fresh: Node) -> None:
    fresh.host.interfaces(stanza(LINK, {**GOOD, "ip-routing-table": "90", "ip-proxy-arp": "1"}))
    said = [f"{LINK}: options without effect: ip-routing-table (use routed-table), ip-proxy-arp (not needed)"]
    assert fresh.errors(f"snf-network-helper plan {LINK}") == (0, said)
    assert fresh.errors(f"ifup {LINK}") == (0, said)


def test_status_says_first_that_the_link_is_down_or_gone(fresh: Node) -> None:
    fresh.plug("eth2")
    fresh.host.interfaces(stanza("eth2", {**GOOD, "routed-table": "77"}))
    fresh.host.run("ifup eth2; ip link set eth2 down")
    down = fresh.host.attempt("snf-network-helper status eth2").stdout.splitlines()
    fresh.host.run("ip link del eth2")
    gone = fresh.host.attempt("snf-network-helper status eth2").stdout.splitlines()
    assert (down[0], gone[0]) == ("eth2 inet: the link is down", "eth2 inet: the link is gone")
    assert "  missing  ip link set eth2 up" in down
    assert "  missing  ip link set eth2 up" in gone
    fresh.host.run("snf-network-helper down eth2")


@pytest.mark.parametrize("command", ["status", "down", "detach"])
def test_a_name_that_is_nothing_here_is_an_error(fresh: Node, command: str) -> None:
    code, lines = fresh.errors(f"snf-network-helper {command} eth7")
    assert code == 1
    (line,) = lines
    assert line.startswith("eth7: no such interface (did you mean eth1?), and ")
