"""ifup again: the same plan is made whole, another one replaces it, and one that fails leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from lab.node import Node, lone_node
from lab.stanzas import Stanza

LINK = "eth1"
VMC = Stanza("vmc", link=LINK)
ROUTER = Stanza("router", nat=True, nat6=True, link=LINK)
ROUTER_VMC = Stanza("router-vmc", nat=True, nat6=True, link=LINK)
FORCE = f"ifup --force {LINK}"

ROLES = [pytest.param(stanza, id=stanza.role) for stanza in (VMC, ROUTER, ROUTER_VMC)]

OTHER_VMC = f"""
iface {LINK} inet manual
    routed-subnet   192.0.2.0/25 10.0.0.0/8 2001:db8::/64
    routed-gateway  192.0.2.126 2001:db8::5
    routed-table    333
    routed-arp-ip   192.0.2.99
    routed-priority 20000
"""
IPV4_ONLY = str(replace(VMC, family="IPv4"))

CONFLICTS = [
    ("vmc", "ip route add blackhole 192.0.2.0/24 table 222"),
    ("vmc", "ip route add default via 198.51.100.1 table 222"),
    ("vmc", "ip route add 192.0.2.0/24 via 198.51.100.1"),
    ("vmc", "ip -6 route add blackhole 2001:db8::/64 table 222"),
    ("router-vmc", "ip route add blackhole 192.0.2.0/24 table 222"),
    ("router-vmc", "ip route add prohibit 192.0.2.0/24 metric 4294967295 table 222"),
]

both_xtables = pytest.mark.parametrize("node", ["nft", "legacy"], indirect=True)


@pytest.fixture
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """A node whose plain link is up already: ifup leaves it so when a hook fails."""
    with lone_node(getattr(request, "param", "nft")) as node:
        node.plug(LINK)
        node.host.run(f"ip link set {LINK} up")
        yield node


def bring_up(node: Node, stanza: Stanza | str) -> None:
    node.host.interfaces(str(stanza))
    node.host.run(f"ifup {LINK}")


@both_xtables
@pytest.mark.parametrize("again", [f"ifup {LINK}", FORCE])
@pytest.mark.parametrize("stanza", ROLES)
def test_ifup_twice_is_as_good_as_once(node: Node, stanza: Stanza, again: str) -> None:
    before = node.snapshot()
    bring_up(node, stanza)
    once = node.snapshot()
    node.host.run(again)
    assert once.difference(node.snapshot()) == ""
    node.host.run(f"ifdown {LINK} && ip link set {LINK} up")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(VMC, OTHER_VMC, id="other values"),
        pytest.param(OTHER_VMC, VMC, id="other values, the other way round"),
        pytest.param(VMC, IPV4_ONLY, id="one family less"),
        pytest.param(IPV4_ONLY, VMC, id="one family more"),
        pytest.param(VMC, ROUTER, id="vmc to router"),
        pytest.param(ROUTER, ROUTER_VMC, id="router to router-vmc"),
        pytest.param(ROUTER_VMC, VMC, id="router-vmc to vmc"),
        pytest.param(ROUTER, replace(ROUTER, nat=False, nat6=False), id="no more NAT"),
    ],
)
def test_ifup_again_after_an_edit_is_as_good_as_the_new_stanza_alone(
    node: Node, old: Stanza | str, new: Stanza | str
) -> None:
    before = node.snapshot()
    bring_up(node, new)
    alone = node.snapshot()
    node.host.run(f"ifdown {LINK} && ip link set {LINK} up")
    bring_up(node, old)
    node.host.interfaces(str(new))
    node.host.run(FORCE)
    assert sorted(node.snapshot().lines) == sorted(alone.lines)
    node.host.run(f"ifdown {LINK} && ip link set {LINK} up")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize(
    "damage",
    [
        f"ip link set {LINK} down; ip link set {LINK} up",
        "ip rule del iif eth1 lookup 222",
        "ip -6 rule del iif eth1 lookup 222",
        "ip route del 192.0.2.0/24 dev eth1 table 222",
        "ip -6 route del 2001:db8::/64 dev eth1 table 222",
        "echo 0 > /proc/sys/net/ipv4/conf/eth1/forwarding",
        "echo 0 > /proc/sys/net/ipv6/conf/eth1/forwarding",
        "echo 80 > /proc/sys/net/ipv4/neigh/eth1/proxy_delay",
        "nft delete table netdev snf_network_helper/eth1",
        "nft flush table netdev snf_network_helper/eth1",
    ],
)
@pytest.mark.parametrize("stanza", [pytest.param(VMC, id="vmc"), pytest.param(ROUTER_VMC, id="router-vmc")])
def test_ifup_again_makes_whole_what_is_missing(node: Node, stanza: Stanza, damage: str) -> None:
    before = node.snapshot()
    bring_up(node, stanza)
    whole = node.snapshot()
    node.host.run(damage)
    assert whole.difference(node.snapshot())
    node.host.run(FORCE)
    assert sorted(node.snapshot().lines) == sorted(whole.lines)
    node.host.run(f"ifdown {LINK} && ip link set {LINK} up")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("lost", ["table", "chain", "rule"])
def test_status_shows_what_somebody_took_from_nftables(node: Node, lost: str) -> None:
    table = "netdev snf_network_helper/eth1"
    take = {"table": "flush ruleset", "chain": f"delete chain {table} probes", "rule": f"flush table {table}"}
    bring_up(node, VMC)
    assert node.host.attempt("snf-network-helper status").returncode == 0
    node.host.run(f"nft {take[lost]}; nft add table netdev mine")
    done = node.host.attempt("snf-network-helper status")
    (line,) = (line for line in done.stdout.splitlines() if " missing " in line and "probes" in line)
    assert done.returncode == 1
    assert f"table {table} " in line
    node.host.run(FORCE)
    assert node.host.attempt("snf-network-helper status").returncode == 0


def test_a_table_of_ours_in_no_journal_is_an_orphan(node: Node) -> None:
    bring_up(node, VMC)
    node.host.run("rm -r /run/snf-network-helper/journal")
    orphans = node.host.attempt("snf-network-helper status").stdout
    assert "orphan   nft 'add table netdev snf_network_helper/eth1;" in orphans


@both_xtables
@pytest.mark.parametrize("table", ["iptables -t nat -F POSTROUTING", "ip6tables -t nat -F POSTROUTING"])
def test_ifup_again_masquerades_again(node: Node, table: str) -> None:
    bring_up(node, ROUTER)
    whole = node.snapshot()
    node.host.run(table)
    node.host.run(FORCE)
    ours = {line for line in whole.lines if "snf-network-helper" in line}
    assert len(ours) == 2
    assert ours <= set(node.snapshot().lines)


@pytest.mark.parametrize(("role", "conflict"), CONFLICTS)
def test_a_failing_ifup_says_so_in_one_line_and_leaves_no_trace(node: Node, role: str, conflict: str) -> None:
    node.host.run(conflict)
    before = node.snapshot()
    node.host.interfaces(str(Stanza(role, nat=role != "vmc", link=LINK)))
    code, lines = node.errors(f"ifup {LINK}")
    assert code != 0
    assert len(lines) == 1
    assert lines[0].startswith(f"{LINK}: ")
    assert "File exists" in lines[0]
    assert before.difference(node.snapshot()) == ""
    assert node.host.run("ls -A /run/snf-network-helper/journal").strip() == ""


def test_an_uplink_that_is_not_there_is_said_and_leaves_no_trace(node: Node) -> None:
    before = node.snapshot()
    node.host.interfaces(str(ROUTER).replace("eth0", "eth9"))
    said = "routed-uplink eth9: no such interface (did you mean eth1?), it will be used when it comes"
    assert node.errors(f"ifup {LINK}") == (0, [f"{LINK}: {said}"])
    status = node.host.attempt("snf-network-helper status")
    assert (status.returncode, "missing" in status.stdout) == (0, False)
    node.host.run(f"ifdown {LINK}; ip link set {LINK} up")
    node.host.settle()
    assert before.difference(node.snapshot()) == ""
    assert node.host.run("ls -A /run/snf-network-helper/shared").strip() == ""


def test_ifup_succeeds_once_the_conflict_is_gone(node: Node) -> None:
    before = node.snapshot()
    node.host.run("ip route add blackhole 192.0.2.0/24 table 222")
    node.host.interfaces(str(VMC))
    assert node.host.attempt(f"ifup {LINK}").returncode != 0
    node.host.run(f"ip route del blackhole 192.0.2.0/24 table 222; ifup {LINK}; ifdown {LINK}; ip link set {LINK} up")
    assert before.difference(node.snapshot()) == ""


def test_an_edit_that_fails_leaves_the_former_setup_in_place(node: Node) -> None:
    """What ifup --force exits with says nothing: it ignores what hooks say."""
    before = node.snapshot()
    bring_up(node, VMC)
    node.host.run("ip route add blackhole 10.0.0.0/8 table 333")
    former = node.snapshot()
    node.host.interfaces(OTHER_VMC)
    _, lines = node.errors(FORCE)
    assert len(lines) == 1
    assert "File exists" in lines[0]
    assert sorted(node.snapshot().lines) == sorted(former.lines)
    node.host.run(f"ip route del blackhole 10.0.0.0/8 table 333; snf-network-helper down {LINK}")
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize("families", [("inet", "inet6"), ("inet6", "inet")])
def test_when_the_second_of_two_stanzas_fails_the_first_is_undone_too(node: Node, families: tuple[str, str]) -> None:
    """ifup marks the interface as not up then, and no ifdown would ever undo it."""
    node.host.run("ip route add blackhole 192.0.2.0/24 table 222; ip -6 route add blackhole 2001:db8::/64 table 222")
    conflict = {"inet": "192.0.2.0/24", "inet6": "2001:db8::/64"}[families[0]]
    node.host.run(f"ip route del blackhole {conflict} table 222")
    before = node.snapshot()
    stanzas = {
        "inet": Stanza("vmc", "IPv4", link=LINK),
        "inet6": Stanza("vmc", "IPv6", link=LINK, addrfam="inet6"),
    }
    node.host.interfaces("\n".join(str(stanzas[family]) for family in families))
    assert node.host.attempt(f"ifup {LINK}").returncode != 0
    assert before.difference(node.snapshot()) == ""


def test_the_connected_route_of_an_address_in_the_subnet_is_kept_and_present(node: Node) -> None:
    static = str(VMC).replace(" manual", " static\n    address 192.0.2.77/24")
    node.host.interfaces(static)
    node.host.run(f"ifup {LINK}")
    status = node.host.attempt("snf-network-helper status")
    assert (status.returncode, "missing" in status.stdout) == (0, False), status.stdout
    assert f"  kept     ip route add 192.0.2.0/24 dev {LINK} proto snf\n" in status.stdout
