"""doctor: each fault is produced, named by its finding alone, and gone once the remedy has been typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from guestlab import COMMAND, attach, attach_command, configure, node_up, place, plug
from lab.host import Host
from lab.node import Node
from lab.stanzas import Stanza, every_stanza
from lab.waiting import comes_true

LINK, VLAN = "eth1", "eth0.222"
ADDRESSES = ("192.0.2.10", "2001:db8::10")


@contextmanager
def node_with_guest(link: str = LINK) -> Iterator[tuple[Node, Host]]:
    with node_up(Stanza(link=link)) as node, Host("guest") as guest:
        plug(node.host, guest)
        configure(guest, *ADDRESSES)
        attach(node.host, "tap0", *ADDRESSES, network=link, options="--no-probe")
        yield node, guest


def report(host: Host, words: str = "--no-probe") -> dict[str, Any]:
    """What doctor finds, whose exit code says the same."""
    done = host.attempt(f"{COMMAND} doctor {words} --json")
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == {"ok": 0, "bad": 1, "warning": 3, "unknown": 3}[found["verdict"]], found
    return found


def ids(found: dict[str, Any]) -> set[str]:
    return {one["id"] for one in found["findings"]}


def heal(host: Host, found: dict[str, Any]) -> None:
    """Type every remedy."""
    for one in found["findings"]:
        assert one["remedy"], one
        for command in one["remedy"]:
            host.run(command)


# What is done to the node, and the one finding that comes of it.
POLICY = "add table inet fw; add chain inet fw passing { type filter hook forward priority 0; policy drop; }"
FAULTS = [
    ("link-down", f"ip link set {LINK} down"),
    ("network-down", f"ifdown {LINK}"),
    ("tap-missing", "ip link del tap0"),
    ("tap-down", "ip link set tap0 down"),
    ("tap-in-bridge", "ip link add br9 type bridge; ip link set br9 up; ip link set tap0 master br9"),
    ("guard-missing", "nft delete table inet snf_network_helper; nft delete table arp snf_network_helper"),
    ("guard-missing", "nft 'delete element inet snf_network_helper sources4 { \"tap0\" . 192.0.2.10 }'"),
    ("rule-missing", "ip rule flush; ip rule add lookup main priority 32766"),
    ("rule-missing", f"ip -6 rule del iif {LINK}"),
    ("route-missing", "ip route flush table 222 proto snf"),
    ("ipv6-disabled", f"echo 1 > /proc/sys/net/ipv6/conf/{LINK}/disable_ipv6"),
    ("ipv6-disabled", "echo 1 > /proc/sys/net/ipv6/conf/tap0/disable_ipv6"),
    ("forwarding-off", f"echo 0 > /proc/sys/net/ipv4/conf/{LINK}/forwarding"),
    ("forwarding-off", "echo 0 > /proc/sys/net/ipv4/conf/tap0/forwarding"),
    ("forwarding-off", f"echo 0 > /proc/sys/net/ipv6/conf/{LINK}/forwarding"),
    ("forward-drop", "iptables-nft -P FORWARD DROP"),
    ("forward-drop", "ip6tables-nft -P FORWARD DROP"),
    ("forward-drop", "iptables-legacy -P FORWARD DROP"),
    ("forward-drop", "ip6tables-legacy -P FORWARD DROP"),
    ("forward-drop", f"nft '{POLICY}'"),
    ("rp-filter", "echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter"),
    ("rp-filter", f"echo 1 > /proc/sys/net/ipv4/conf/{LINK}/rp_filter"),
    ("change-missing", "arptables -F OUTPUT"),
    ("change-missing", f"echo 0 > /proc/sys/net/ipv4/conf/{LINK}/proxy_arp"),
    ("proxy-missing", f"ip -6 neigh del proxy 2001:db8::10 dev {LINK}"),
    ("orphan", "ip rule add to 203.0.113.0/24 lookup 222 priority 31000 protocol snf"),
    ("orphan", "ip -6 route add 2001:db8:77::/64 dev eth0 protocol snf"),
]  # fmt: skip


@pytest.mark.parametrize(("finding", "fault"), FAULTS, ids=[f"{name}-{at}" for at, (name, _) in enumerate(FAULTS)])
def test_a_fault_is_its_finding_and_the_remedy_mends_it(finding: str, fault: str) -> None:
    with node_with_guest() as (node, _):
        assert ids(report(node.host)) == set()
        node.host.run(fault)
        found = report(node.host)
        assert ids(found) == {finding}, found
        heal(node.host, found)
        healed = report(node.host)
        assert ids(healed) == set(), healed


def test_a_link_that_is_missing() -> None:
    """The lab's link is no VLAN, as which the remedy makes it: so it is plugged in anew."""
    with node_with_guest(VLAN) as (node, _):
        node.host.run(f"ip link del {VLAN}")
        found = report(node.host)
        assert ids(found) == {"link-missing"}
        made, renewed = found["findings"][0]["remedy"]
        assert made == f"ip link add link eth0 name {VLAN} type vlan id 222"
        node.plug(VLAN)
        node.host.run(renewed)
        assert comes_true(lambda: ids(report(node.host)) == set())


def test_a_link_that_was_down_for_a_moment() -> None:
    with node_with_guest() as (node, _):
        node.host.run(f"ip link set {LINK} down; ip link set {LINK} up")
        assert comes_true(lambda: ids(report(node.host)) == {"route-missing", "proxy-missing"})
        heal(node.host, report(node.host))
        assert ids(report(node.host)) == set()


def test_no_carrier_is_said_until_the_port_is_up_again() -> None:
    with node_with_guest() as (node, _):
        port = node.segment.port(node.host, LINK)
        node.segment.run(f"ip link set {port} down")
        assert comes_true(lambda: ids(report(node.host)) == {"no-carrier"})
        node.segment.run(f"ip link set {port} up")
        assert comes_true(lambda: ids(report(node.host)) == set())


def test_an_edited_stanza() -> None:
    with node_with_guest() as (node, _):
        node.host.interfaces(str(Stanza(link=LINK)).replace("192.0.2.0/24", "192.0.2.0/25"))
        found = report(node.host)
        assert ids(found) == {"stanza-edited"}
        heal(node.host, found)
        assert ids(report(node.host)) == set()


def test_a_stanza_that_is_gone() -> None:
    with node_up(Stanza(link=LINK)) as node:
        node.host.interfaces("auto lo\niface lo inet loopback")
        found = report(node.host)
        assert ids(found) == {"stanza-gone"}
        heal(node.host, found)
        assert ids(report(node.host)) == set()


def test_a_bring_up_that_failed() -> None:
    with node_up(Stanza(link=LINK)) as node:
        node.host.run(f"ifdown {LINK}")
        node.host.interfaces(str(Stanza(link=LINK)).replace("192.0.2.1 ", "198.18.0.300 "))
        node.host.attempt(f"ip link set {LINK} up; ifup {LINK}")
        found = report(node.host)
        assert ids(found) == {"bring-up-failed"}
        assert "198.18.0.300" in found["findings"][0]["cause"]
        node.host.interfaces(str(Stanza(link=LINK)))
        node.host.run(f"ifup --force {LINK}")
        assert ids(report(node.host)) == set()


def test_a_guest_outside_the_edited_network() -> None:
    with node_with_guest() as (node, _):
        edited = str(Stanza(link=LINK)).replace("192.0.2.0/24 2001:db8::/64", "10.20.0.0/24 2001:db8:5::/64")
        node.host.interfaces(edited.replace("192.0.2.1 2001:db8::1", "10.20.0.1 2001:db8:5::1"))
        node.host.run(f"ifup --force {LINK}")
        assert ids(report(node.host)) == {"guest-outside"}
        node.host.interfaces(str(Stanza(link=LINK)))
        node.host.run(f"ifup --force {LINK}")
        assert ids(report(node.host)) == set()


@pytest.mark.parametrize("role", ["waits", "leaves"])
def test_a_migration_that_waits(role: str) -> None:
    with node_up(Stanza(link=LINK)) as node, Host("guest") as guest:
        plug(node.host, guest)
        guest.run("ip link set eth0 down")  # which is silent then
        options = "--no-probe" if role == "leaves" else "--role migrate-in"
        node.host.run(attach_command("tap0", *ADDRESSES, network=LINK, options=options))
        if role == "leaves":
            node.host.run(f"{COMMAND} detach tap0 --migrate-out")
        found = report(node.host)
        assert ids(found) == {"migration-waits"}
        heal(node.host, found)
        assert ids(report(node.host)) == set()


@pytest.mark.parametrize("stanza", every_stanza(LINK), ids=lambda stanza: str(stanza.title))
def test_a_healthy_node_has_no_finding(stanza: Stanza) -> None:
    with node_up(stanza) as node, Host("guest") as guest:
        if stanza.role != "router":
            plug(node.host, guest)
            own = [one for one in ADDRESSES if stanza.family in ("dual stack", "IPv6" if ":" in one else "IPv4")]
            attach(node.host, "tap0", *own, network=LINK, options="--no-probe")
        found = report(node.host)
        assert (found["verdict"], found["findings"]) == ("ok", []), found
        assert {one["state"] for one in found["checks"]} == {"ok"}


@pytest.mark.parametrize("router", ["router", "router-vmc"])
def test_healthy_nodes_whose_links_are_asked_have_no_finding(router: str) -> None:
    with place(str(Stanza(router, link=VLAN)), str(Stanza(link=VLAN))) as here:
        for host in here.center.routed_hosts:
            found = report(host, "")
            assert (found["verdict"], found["findings"]) == ("ok", []), found


def test_a_firewall_that_accepts_the_subnet_is_no_finding() -> None:
    with node_with_guest() as (node, _):
        node.host.run(f"nft '{POLICY}; add rule inet fw passing accept'")
        assert ids(report(node.host)) == set()


def test_a_gateway_that_is_silent_and_an_address_that_another_host_has() -> None:
    with node_with_guest() as (node, _), Host("router") as router:
        found = report(node.host, "")
        assert [one["id"] for one in found["findings"]] == ["gateway-silent"] * 2
        assert {"192.0.2.1", "2001:db8::1"} == {one["cause"].split()[2] for one in found["findings"]}
        node.segment.plug(router, "eth0")
        router.run("echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad; ip link set eth0 up")
        router.run("ip addr add 192.0.2.1/24 dev eth0; ip -6 addr add 2001:db8::1/64 dev eth0")
        assert comes_true(lambda: ids(report(node.host, "")) == set())
        router.run(f"ip addr add {ADDRESSES[0]}/24 dev eth0")
        (finding,) = report(node.host, "tap0")["findings"]
        assert (finding["id"], finding["about"]) == ("address-taken", "tap0")
        router.run(f"ip addr del {ADDRESSES[0]}/24 dev eth0")
        assert report(node.host, "")["verdict"] == "ok"


def test_the_text_ends_with_what_to_type() -> None:
    with node_with_guest() as (node, _):
        assert node.host.run(f"{COMMAND} doctor --no-probe").startswith("ok: ")
        node.host.run("ip link set tap0 down; echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter")
        done = node.host.attempt(f"{COMMAND} doctor --no-probe")
        *_, last = done.stdout.splitlines()
        assert (done.returncode, done.stderr) == (1, "")
        assert last == f"2 bad, 0 warnings: type `ip link set tap0 up`, then `{COMMAND} doctor` again"
        assert "bad tap-down: tap0: tap0 is down" in done.stdout
        assert "\033" not in done.stdout
        assert ids(report(node.host, "tap0 --no-probe")) == {"tap-down", "rp-filter"}


def test_without_a_tool_it_is_not_known() -> None:
    with node_with_guest() as (node, _):
        node.host.run("mount --bind /dev/null /usr/sbin/nft")
        found = report(node.host)
        assert found["verdict"] == "unknown"
        assert all("nft" in one["why"] for one in found["checks"] if one["state"] == "unknown")
