"""An interface that is renamed while it is up is taken down by its old name: its link is as it was, and no other is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.host import Host
from lab.node import Node, lone_node
from lab.packets import Answer, Tap, hardware_address
from lab.stanzas import Stanza
from lab.waiting import comes_true

LINK, NOW = "eth1", "lan0"
COMMAND = "snf-network-helper"
ROLES = ("vmc", "router", "router-vmc")
WAYS = (f"ifdown {LINK}", f"{COMMAND} down {LINK}")
SETTINGS = ("auto", "all")
LEFTOVERS = "find /run/snf-network-helper -mindepth 2 ! -path '*/lock/*' -printf '%P\\n'"
# What an administrator's own link has, equal to what a stanza gives a routed one
LIKE_OURS = """
echo 1 > /proc/sys/net/ipv4/conf/{0}/forwarding; echo 1 > /proc/sys/net/ipv6/conf/{0}/forwarding
echo 1 > /proc/sys/net/ipv4/conf/{0}/proxy_arp; echo 1 > /proc/sys/net/ipv6/conf/{0}/proxy_ndp
echo 0 > /proc/sys/net/ipv4/neigh/{0}/proxy_delay; echo 1 > /proc/sys/net/ipv4/conf/{0}/medium_id
echo 1 > /proc/sys/net/ipv4/conf/{0}/promote_secondaries
ip addr add 192.0.2.1/32 dev {0}; ip link set {0} up
"""


@pytest.fixture
def node() -> Iterator[Node]:
    with lone_node() as node:
        node.segment.run("ip link set bridge up")
        node.plug(LINK)
        node.host.run(f"ip link set {LINK} up")
        yield node


def rename(host: Host, link: str, name: str) -> None:
    host.run(f"ip link set {link} down; ip link set {link} name {name}; ip link set {name} up")


def stanza(role: str, uplink: str = "eth0") -> str:
    nat = role != "vmc"
    return str(Stanza(role, nat=nat, nat6=nat, link=LINK)).replace("eth0\n", f"{uplink}\n")


def bring_up(node: Node, role: str, uplink: str = "eth0") -> None:
    node.host.interfaces(stanza(role, uplink))
    node.host.run(f"ifup {LINK}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", ROLES)
def test_it_is_as_it_was(node: Node, role: str, way: str) -> None:
    before = node.snapshot()
    bring_up(node, role)
    rename(node.host, LINK, NOW)
    done = node.host.attempt(way)
    assert (done.returncode, done.stderr) == (0, "")
    rename(node.host, NOW, LINK)
    assert before.difference(node.snapshot()) == ""
    assert node.host.run(LEFTOVERS) == ""


def test_it_answers_for_nothing_any_more(node: Node) -> None:
    bring_up(node, "vmc")
    port = node.segment.port(node.host, LINK)
    rename(node.host, LINK, NOW)
    node.host.run(f"ifdown {LINK}")
    hardware, own = hardware_address(node.host, NOW), "198.51.100.11"
    answers: set[str] = set()
    with Tap(node.segment, port) as tap:

        def own_is_answered() -> bool:
            for target in ("192.0.2.99", "203.0.113.99", "10.1.2.3", own):
                tap.ask(target, "192.0.2.200")
            answers.update(str(said.target) for said in tap.heard() if isinstance(said, Answer) and said.at == hardware)
            return own in answers

        assert comes_true(own_is_answered)
    assert answers == {own}


def test_it_is_not_taken_down_by_its_new_name(node: Node) -> None:
    bring_up(node, "vmc")
    rename(node.host, LINK, NOW)
    assert node.errors(f"{COMMAND} down {NOW}") == (1, [f"{NOW}: was brought up as {LINK}, expected that name"])


@pytest.mark.parametrize("role", ROLES)
def test_another_link_that_has_its_name_now_is_not_touched(node: Node, role: str) -> None:
    before = node.snapshot()
    bring_up(node, role)
    rename(node.host, LINK, NOW)
    node.plug("eth2")
    rename(node.host, "eth2", LINK)
    node.host.run(LIKE_OURS.format(LINK))
    conf = f"grep -rs '' /proc/sys/net/ipv[46]/*/{LINK}/ || :; ip -br addr show dev {LINK}"
    others = node.host.run(conf)
    node.host.run(f"{COMMAND} down {LINK}")
    assert node.host.run(conf) == others
    node.host.run(f"ip link del {LINK}")
    rename(node.host, NOW, LINK)
    assert before.difference(node.snapshot()) == ""
    assert node.host.run(LEFTOVERS) == ""


def test_nor_is_one_that_came_when_it_had_gone(node: Node) -> None:
    bring_up(node, "router-vmc")
    node.host.run(f"ip link del {LINK}")
    node.plug(LINK)
    node.host.run(LIKE_OURS.format(LINK))
    conf = f"grep -rs '' /proc/sys/net/ipv[46]/*/{LINK}/ || :; ip -br addr show dev {LINK}"
    others = node.host.run(conf)
    node.host.run(f"{COMMAND} down {LINK}")
    assert node.host.run(conf) == others
    assert node.host.run(LEFTOVERS) == ""


@pytest.mark.parametrize("role", ROLES)
def test_ifup_takes_it_for_another_one_whose_name_it_has(node: Node, role: str) -> None:
    node.plug("eth2")
    node.host.run("ip link set eth2 up")
    before = node.snapshot()
    bring_up(node, role)
    rename(node.host, LINK, NOW)
    rename(node.host, "eth2", LINK)
    node.host.run(f"ifup --force {LINK}")
    assert node.host.attempt(f"{COMMAND} status").returncode == 0
    assert node.host.sysctl(f"ipv4/conf/{NOW}/forwarding") == node.host.sysctl(f"ipv6/conf/{NOW}/proxy_ndp") == "0"
    assert node.host.sysctl(f"ipv4/conf/{NOW}/proxy_arp") == "0"
    node.host.run(f"ifdown {LINK}")
    rename(node.host, LINK, "eth2")
    rename(node.host, NOW, LINK)
    assert before.difference(node.snapshot()) == ""
    assert node.host.run(LEFTOVERS) == ""


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_an_uplink_is_as_it_was(node: Node, role: str, settings: str) -> None:
    node.host.write("/etc/default/snf-network-helper", f"IPV6_FORWARDING={settings}")
    add_uplink(node, "up0")
    before = node.snapshot()
    bring_up(node, role, "up0")
    rename(node.host, "up0", "wan0")
    node.host.run(f"ifdown {LINK}; ip link set {LINK} up")
    rename(node.host, "wan0", "up0")
    assert before.difference(node.snapshot()) == ""
    assert node.host.run(LEFTOVERS) == ""


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_link_that_has_the_name_of_the_uplink_now_is_not_touched(node: Node, settings: str) -> None:
    node.host.write("/etc/default/snf-network-helper", f"IPV6_FORWARDING={settings}")
    add_uplink(node, "up0")
    bring_up(node, "router", "up0")
    rename(node.host, "up0", "wan0")
    add_uplink(node, "up0")
    node.host.run(LIKE_OURS.format("up0"))
    node.host.run(f"ifdown {LINK}")
    assert [node.host.sysctl(f"ipv4/conf/{link}/forwarding") for link in ("up0", "wan0")] == ["1", "0"]
    if settings == "auto":
        assert [node.host.sysctl(f"ipv6/conf/{link}/forwarding") for link in ("up0", "wan0")] == ["1", "0"]


def test_each_that_has_been_the_uplink_is_as_it_was(node: Node) -> None:
    add_uplink(node, "up0")
    add_uplink(node, "up1")
    before = node.snapshot()
    node.host.interfaces(stanza("router", "up0") + "iface up0 inet manual\n")
    node.host.run(f"ifup {LINK}")
    rename(node.host, "up0", "wan0")
    rename(node.host, "up1", "up0")
    node.host.run("ifup up0")
    assert [node.host.sysctl(f"ipv4/conf/{link}/forwarding") for link in ("up0", "wan0")] == ["1", "1"]
    node.host.run(f"ifdown {LINK}; ip link set {LINK} up")
    rename(node.host, "up0", "up1")
    rename(node.host, "wan0", "up0")
    assert before.difference(node.snapshot()) == ""
    assert node.host.run(LEFTOVERS) == ""


def test_links_that_forwarded_before_do_so_again_by_other_names(node: Node) -> None:
    """To switch IPv6 forwarding off everywhere switches it off there, too."""
    node.host.write("/etc/default/snf-network-helper", "IPV6_FORWARDING=all")
    add_uplink(node, "up0")
    node.host.run("for link in up0 default; do echo 1 > /proc/sys/net/ipv6/conf/$link/forwarding; done")
    bring_up(node, "vmc")
    rename(node.host, "up0", "wan0")
    node.host.run(f"ifdown {LINK}")
    assert [node.host.sysctl(f"ipv6/conf/{link}/forwarding") for link in ("wan0", "default")] == ["1", "1"]


def test_a_network_of_the_nodes_own_is_as_it_was(node: Node) -> None:
    bring_up(node, "vmc")
    rename(node.host, "eth0", "lan1")
    assert node.host.sysctl("ipv4/conf/lan1/medium_id") == "1"
    node.host.run(f"ifdown {LINK}")
    assert node.host.sysctl("ipv4/conf/lan1/medium_id") == "0"
    assert node.host.sysctl("ipv6/conf/lan1/accept_ra") == "1"


def add_uplink(node: Node, name: str) -> None:
    node.host.run(f"ip link add {name} type bridge; ip link set {name} up")


def test_status_says_by_which_name_it_is_there(node: Node) -> None:
    bring_up(node, "vmc")
    rename(node.host, LINK, NOW)
    status = node.host.attempt(f"{COMMAND} status")
    assert (status.returncode, status.stdout.splitlines()[0]) == (1, f"{LINK} inet: the link is {NOW} now")


def test_a_link_that_is_up_by_both_names_is_as_it_was_after_both(node: Node) -> None:
    before = node.snapshot()
    bring_up(node, "vmc")
    rename(node.host, LINK, NOW)
    other = str(Stanza(link=NOW)).replace("192.0.2.", "203.0.113.").replace("db8:", "db9:").replace("222", "333")
    node.host.interfaces(stanza("vmc") + other)
    node.host.run(f"ifup {NOW}")
    code, lines = node.errors(f"ifdown {LINK}")
    assert code == 0
    (said,) = lines
    assert f"kept, the link is up as {NOW}: take that down first" in said
    assert [node.host.sysctl(f"ipv4/conf/{NOW}/{name}") for name in ("proxy_arp", "medium_id")] == ["1", "1"]
    node.host.run(f"ifdown {NOW}; {COMMAND} down {LINK}; ip link set {NOW} up")
    rename(node.host, NOW, LINK)
    assert before.difference(node.snapshot()) == ""
    assert node.host.run(LEFTOVERS) == ""


def test_an_uplink_that_another_interface_has_by_its_new_name_goes_on_forwarding(node: Node) -> None:
    add_uplink(node, "up0")
    node.plug("eth2")
    node.host.run("ip link set eth2 up")
    before = node.snapshot()
    bring_up(node, "router", "up0")
    rename(node.host, "up0", "wan0")
    second = stanza("router", "wan0").replace(LINK, "eth2").replace("192.0.2.", "203.0.113.").replace("db8:", "db9:")
    node.host.interfaces(stanza("router", "up0") + second)
    node.host.run(f"ifup eth2; ifdown {LINK}; ip link set {LINK} up")
    assert node.host.sysctl("ipv4/conf/wan0/forwarding") == "1"
    node.host.run("ifdown eth2; ip link set eth2 up")
    rename(node.host, "wan0", "up0")
    assert before.difference(node.snapshot()) == ""
    assert node.host.run(LEFTOVERS) == ""
