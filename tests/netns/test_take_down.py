"""Take-down goes by the journal: today's interfaces file has no say, and nobody else's state is touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.node import Node, lone_node
from lab.snapshot import Snapshot
from lab.stanzas import Stanza

LINK = "eth1"
VMC = Stanza("vmc", link=LINK)
ROUTER = Stanza("router", nat=True, nat6=True, link=LINK)
ROUTER_VMC = Stanza("router-vmc", nat=True, nat6=True, link=LINK)
BARE = f"iface {LINK} inet manual\n"
DOWN = f"snf-network-helper down {LINK}"

ROLES = [pytest.param(stanza, id=stanza.role) for stanza in (VMC, ROUTER, ROUTER_VMC)]

# What an administrator may have that equals, or all but equals, something a stanza asks for.
EQUALS = {
    "vmc": [
        "ip route add 192.0.2.0/24 dev eth1",
        "ip route add 192.0.2.0/24 dev eth1 table 222",
        "ip route add 192.0.2.0/24 dev eth1; ip route add default via 192.0.2.1 dev eth1 table 222",
        "ip route add unreachable default metric 4294967295 table 222",
        "ip rule add iif eth1 lookup 222",
        "ip rule add iif eth1 lookup 222 priority 32000",
        "ip rule add iif lo to 192.0.2.0/24 lookup 222 priority 32000",
        "arptables -A OUTPUT -o eth1 --opcode request -j mangle --mangle-ip-s 192.0.2.254",
        "arptables -A OUTPUT -o eth1 --opcode request -j mangle --mangle-ip-s 192.0.2.253",
        "echo 1 > /proc/sys/net/ipv4/conf/eth1/forwarding",
        "echo 1 > /proc/sys/net/ipv4/conf/eth1/proxy_arp",
        "echo 0 > /proc/sys/net/ipv4/neigh/eth1/proxy_delay",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
        "ip -6 route add 2001:db8::/64 dev eth1",
        "ip -6 route add 2001:db8::/64 dev eth1 table 222",
        "ip -6 route add default via 2001:db8::1 dev eth1 table 222 onlink",
        "ip -6 route add unreachable default metric 4294967295 table 222",
        "ip -6 rule add iif eth1 lookup 222",
        "ip -6 rule add iif eth1 lookup 222 priority 32000",
        "ip -6 rule add iif lo to 2001:db8::/64 lookup 222 priority 32000",
        "echo 1 > /proc/sys/net/ipv6/conf/eth1/forwarding",
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        "echo 1 > /proc/sys/net/ipv6/conf/eth1/proxy_ndp",
        "echo 1 > /proc/sys/net/ipv6/conf/all/proxy_ndp",
        "nft 'table netdev mine { chain probes { type filter hook ingress device \"eth1\" priority 0; }; }'",
    ],
    "router": [
        "ip addr add 192.0.2.1/24 dev eth1",
        "ip addr add 192.0.2.7/24 dev eth1",
        "ip addr add 192.0.2.1/32 dev eth1",
        "ip addr add 2001:db8::1/64 dev eth1",
        "ip addr add 2001:db8::7/64 dev eth1",
        "iptables -t nat -A POSTROUTING -o eth0 -s 192.0.2.0/24 -j MASQUERADE",
        "ip6tables -t nat -A POSTROUTING -o eth0 -s 2001:db8::/64 -j MASQUERADE",
        "echo 1 > /proc/sys/net/ipv4/conf/eth0/forwarding",
        "echo 1 > /proc/sys/net/ipv6/conf/eth0/forwarding",
        "echo 1 > /proc/sys/net/ipv4/conf/eth1/promote_secondaries",
    ],
    "router-vmc": [
        "ip addr add 192.0.2.1 dev eth1",
        "ip addr add 192.0.2.1/24 dev eth1",
        "ip addr add 2001:db8::1 dev eth1",
        "ip rule add to 192.0.2.0/24 lookup 222",
        "ip rule add to 192.0.2.0/24 lookup 222 priority 32000",
        "ip -6 rule add to 2001:db8::/64 lookup 222 priority 32000",
        "ip route add 192.0.2.0/24 dev eth1 table 222",
        "ip route add unreachable 192.0.2.0/24 metric 4294967295 table 222",
        "iptables -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -j MASQUERADE",
        "echo 1 > /proc/sys/net/ipv4/conf/eth0/forwarding",
    ],
}

# What an administrator may add while an interface is up, beside what is there or right into it.
FOREIGN = """
ip route add 203.0.113.128/25 via 198.51.100.1 table 222
ip route add 192.0.2.77 dev eth1 table 222
ip -6 route add 2001:db8::77 dev eth1 table 222
ip route add 192.0.2.128/25 dev eth1
ip rule add iif eth1 lookup 222 priority 31000
ip rule add to 192.0.2.0/24 lookup 222 priority 31001
ip -6 rule add iif eth1 lookup 222 priority 31000
ip addr add 203.0.113.7/28 dev eth1
ip -6 addr add 2001:db8:77::7/64 dev eth1
ip -6 neigh add proxy 2001:db8::77 dev eth1
arptables -A OUTPUT -o eth1 --opcode request -j mangle --mangle-ip-s 192.0.2.253
arptables -A OUTPUT -o eth2 --opcode request -j mangle --mangle-ip-s 192.0.2.254
iptables -t nat -A POSTROUTING -o eth0 -s 192.0.2.0/24 -j MASQUERADE
iptables -t nat -I POSTROUTING -o eth0 -s 192.0.2.7 -j ACCEPT
iptables -A FORWARD -i eth1 -j ACCEPT
ip6tables -t nat -A POSTROUTING -o eth0 -s 2001:db8::/64 -j MASQUERADE
echo 1 > /proc/sys/net/ipv4/conf/eth1/log_martians
echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_ignore
"""

both_xtables = pytest.mark.parametrize("node", ["nft", "legacy"], indirect=True)


@pytest.fixture
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """A node whose plain link is up already, so that ifup and ifdown are not what changes that."""
    with lone_node(getattr(request, "param", "nft")) as node:
        node.plug(LINK)
        node.host.run(f"ip link set {LINK} up")
        yield node


def bring_up(node: Node, stanza: Stanza) -> None:
    node.host.interfaces(str(stanza))
    node.host.run(f"ifup {LINK}")


def ifdown(node: Node) -> Snapshot:
    """The kernel after ifdown, with the link set up again: a link that goes down takes its own routes along."""
    node.host.run(f"ifdown {LINK} && ip link set {LINK} up")
    return node.snapshot()


@both_xtables
@pytest.mark.parametrize(
    "today",
    [
        pytest.param(BARE, id="without options"),
        pytest.param(
            f"iface {LINK} inet manual\n routed-subnet 10.0.0.0/8\n routed-gateway 10.0.0.1\n routed-table 77\n",
            id="with other values",
        ),
        pytest.param(f"iface {LINK} inet manual\n routed-subnet nonsense\n", id="with nonsense"),
        pytest.param(f"iface {LINK} inet6 manual\n", id="as inet6"),
    ],
)
@pytest.mark.parametrize("stanza", ROLES)
def test_ifdown_undoes_what_was_done_whatever_the_stanza_says_today(node: Node, stanza: Stanza, today: str) -> None:
    before = node.snapshot()
    bring_up(node, stanza)
    node.host.interfaces(today)
    assert before.difference(ifdown(node)) == ""


@both_xtables
@pytest.mark.parametrize("stanza", ROLES)
def test_the_down_command_undoes_what_no_stanza_describes_any_more(node: Node, stanza: Stanza) -> None:
    before = node.snapshot()
    bring_up(node, stanza)
    node.host.interfaces("# nothing left\n")
    node.host.run(DOWN)
    assert before.difference(node.snapshot()) == ""


def test_the_down_command_finds_nothing_to_do_the_second_time(node: Node) -> None:
    bring_up(node, VMC)
    node.host.run(DOWN)
    before = node.snapshot()
    assert "nothing to undo" in node.host.run(DOWN)
    assert before.difference(node.snapshot()) == ""


@pytest.mark.parametrize(
    ("node", "stanza", "command"),
    [
        pytest.param(xtables, stanza, command, id=f"{xtables} {stanza.role}: {command}")
        for stanza in (VMC, ROUTER, ROUTER_VMC)
        for command in EQUALS[stanza.role]
        for xtables in ("nft", "legacy")
        if "tables" in command or xtables == "nft"
    ],
    indirect=["node"],
)
def test_what_was_there_before_stays_though_it_equals_ours(node: Node, stanza: Stanza, command: str) -> None:
    node.host.run(command)
    before = node.snapshot()
    bring_up(node, stanza)
    node.host.run(DOWN)
    assert before.difference(node.snapshot()) == ""


@both_xtables
@pytest.mark.parametrize("stanza", ROLES)
def test_what_others_add_while_the_interface_is_up_survives(node: Node, stanza: Stanza) -> None:
    before = node.snapshot()
    bring_up(node, stanza)
    up = node.snapshot()
    node.host.run(FOREIGN)
    foreign = node.snapshot()
    node.host.run(DOWN)
    after = node.snapshot()
    added, replaced = set(foreign.lines) - set(up.lines), set(up.lines) - set(foreign.lines)
    # The kernel itself keeps one such route for each IPv6 address of a link that forwards.
    added = {line for line in added if not line.startswith("route6: anycast ")}
    assert added
    assert set(after.lines) == set(before.lines) - replaced | added


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ipv4/neigh/eth1/proxy_delay", "40"),
        ("ipv6/neigh/eth1/proxy_delay", "40"),
        ("ipv4/conf/eth1/proxy_arp", "0"),
    ],
)
def test_a_sysctl_that_was_changed_since_keeps_its_new_value(node: Node, path: str, value: str) -> None:
    bring_up(node, VMC)
    node.host.write(f"/proc/sys/net/{path}", value)
    node.host.run(DOWN)
    assert node.host.sysctl(path) == value


@both_xtables
def test_what_somebody_else_removed_already_is_no_error(node: Node) -> None:
    before = node.snapshot()
    bring_up(node, VMC)
    node.host.run(
        """
        ip rule del iif eth1 lookup 222
        ip route flush table 222
        ip -6 route flush table 222
        ip route del 192.0.2.0/24
        arptables -D OUTPUT 1
        nft delete table netdev snf_network_helper/eth1
        """
    )
    done = node.host.attempt(DOWN)
    assert (done.returncode, done.stderr) == (0, "")
    # The flush took the administrator's routes in the table too.
    lost = {line for line in before.lines if line.startswith("route") and "table snf_routed" in line}
    assert lost
    assert set(node.snapshot().lines) == set(before.lines) - lost


def test_a_table_that_a_tap_still_uses_stays_unreachable_beyond_its_routes(node: Node) -> None:
    bring_up(node, VMC)
    node.host.run("ip rule add iif tap0 lookup 222 && ip -6 rule add iif tap0 lookup 222")
    node.host.run(f"ifdown {LINK}")
    assert "unreachable default" in node.host.run("ip route show table 222")
    assert "unreachable default" in node.host.run("ip -6 route show table 222")


def test_the_table_of_a_tap_that_has_gone_goes_with_the_next_take_down(node: Node) -> None:
    before = node.snapshot()
    bring_up(node, VMC)
    node.host.run("ip rule add iif tap0 lookup 222 && ip -6 rule add iif tap0 lookup 222")
    node.host.run(f"ifdown {LINK}")
    node.host.run("ip rule del iif tap0 lookup 222 && ip -6 rule del iif tap0 lookup 222")
    node.host.run(f"{DOWN} && ip link set {LINK} up")
    assert before.difference(node.snapshot()) == ""
