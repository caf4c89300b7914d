"""What routers advertise to the node goes on being heeded, in whatever order things come, and only where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab.host import Host, Switch
from lab.node import Node, lone_node
from lab.packets import Tap
from lab.router import PREFIX, Router
from lab.stanzas import Stanza
from lab.waiting import comes_true

LINK, UPLINK, OTHER = "eth1", "eth2", "eth3"
FORWARDING = pytest.mark.parametrize("forwarding", ["auto", "all"])
ROLES = pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
SECOND = (("192.0.2.", "203.0.113."), ("2001:db8:", "2001:db8:3:"), (" 222", " 333"))


def stanza(link: str = LINK, role: str = "vmc") -> str:
    """A stanza of a network; on another link it is another network."""
    text = str(Stanza(role, link=link)).replace(" eth0", f" {UPLINK}")
    for old, new in SECOND if link != LINK else ():
        text = text.replace(old, new)
    return text


@contextmanager
def connected(forwarding: str, link: str = UPLINK) -> Iterator[tuple[Node, Router, Switch]]:
    """A node with a routed link that is to be, and a router beyond another link, which is down."""
    with Switch("outside") as outside, Router(outside) as router, lone_node() as node:
        node.plug(LINK)
        node.host.write("/etc/default/snf-network-helper", f'IPV6_FORWARDING="{forwarding}"')
        node.host.interfaces(stanza())
        if link:
            outside.plug(node.host, link)
        yield node, router, outside


def has_learnt(host: Host, link: str = UPLINK) -> bool:
    """Whether the host has a default route, and an address, from an advertisement on a link."""
    return "proto ra" in host.run(f"ip -6 route show default dev {link}") and PREFIX[:-1] in host.run(
        f"ip -6 addr show dev {link}"
    )


def learns(host: Host, link: str = UPLINK) -> bool:
    """Whether it comes to have them."""
    return comes_true(lambda: has_learnt(host, link))


def accept_ra(host: Host) -> dict[str, str]:
    """accept_ra of every link there is, of `default` too."""
    lines = host.run("grep -r '' /proc/sys/net/ipv6/conf/*/accept_ra").splitlines()
    return {line.split("/")[6]: line.rpartition(":")[2] for line in lines}


@FORWARDING
@ROLES
def test_the_first_advertisement_comes_after_ifup(forwarding: str, role: str) -> None:
    with connected(forwarding) as (node, router, _):
        before = accept_ra(node.host)
        node.host.interfaces(stanza(role=role))
        node.host.run(f"ifup {LINK}; ip link set {UPLINK} up")
        router.advertise()
        assert learns(node.host)
        node.host.run(f"ifup --force {LINK}")
        assert has_learnt(node.host)
        node.host.run(f"ifdown {LINK}")
        assert has_learnt(node.host)
        assert accept_ra(node.host) == before


def test_doctor_names_an_uplink_that_heeds_none_any_more() -> None:
    with connected("auto") as (node, _, _):
        node.host.interfaces(stanza())
        node.host.run(f"ip link set {UPLINK} up; ifup {LINK}; echo 1 > /proc/sys/net/ipv6/conf/{UPLINK}/accept_ra")
        (finding,) = json.loads(node.host.attempt("snf-network-helper doctor --no-probe --json").stdout)["findings"]
        assert (finding["id"], finding["about"]) == ("accept-ra-lost", LINK)
        for command in finding["remedy"]:
            node.host.run(command)
        assert node.host.run("snf-network-helper doctor --no-probe").startswith("ok: ")


@FORWARDING
@ROLES
def test_it_comes_before(forwarding: str, role: str) -> None:
    with connected(forwarding) as (node, router, _):
        before = accept_ra(node.host)
        node.host.interfaces(stanza(role=role))
        node.host.run(f"ip link set {UPLINK} up")
        router.advertise()
        assert learns(node.host)
        for command in ("ifup", "ifup --force", "ifdown"):
            node.host.run(f"{command} {LINK}")
            assert has_learnt(node.host), command
        assert accept_ra(node.host) == before


@FORWARDING
def test_the_router_goes_away_and_ifup_runs_meanwhile(forwarding: str) -> None:
    with connected(forwarding) as (node, router, _):
        node.host.run(f"ip link set {UPLINK} up; ifup {LINK}")
        router.advertise()
        assert learns(node.host)
        router.withdraw()
        assert comes_true(lambda: not has_learnt(node.host))
        node.host.run(f"ifup --force {LINK}")
        router.advertise()
        assert learns(node.host)


@FORWARDING
def test_the_link_goes_down_and_up(forwarding: str) -> None:
    """The router is asked then: nobody waits for what it says by itself."""
    with connected(forwarding) as (node, router, _):
        node.host.run(f"ip link set {UPLINK} up; ifup {LINK}")
        router.advertise()
        assert learns(node.host)
        node.host.run(f"ip link set {UPLINK} down; ifup --force {LINK}; ip link set {UPLINK} up")
        assert learns(node.host)


@FORWARDING
@pytest.mark.parametrize("first", ["link", "router"])
def test_a_link_that_is_made_later(forwarding: str, first: str) -> None:
    with connected(forwarding, link="") as (node, router, outside):
        before = accept_ra(node.host)
        node.host.run(f"ifup {LINK}")
        if first == "router":
            router.advertise()
        outside.plug(node.host, UPLINK)
        node.host.run(f"ip link set {UPLINK} up")
        if first == "link":
            router.advertise()
        assert learns(node.host)
        node.host.run(f"ifup --force {LINK}")
        assert has_learnt(node.host)
        node.host.run(f"ifdown {LINK}; ip link del {UPLINK}")
        assert accept_ra(node.host) | {UPLINK: "1"} == before | {UPLINK: "1"}


@FORWARDING
@pytest.mark.parametrize("there", ["first", "later"])
@pytest.mark.parametrize(
    "options", ["auto", "auto\n    accept_ra 1", "static\n    address 2001:db8:64::12/64\n    accept_ra 1"]
)
def test_the_nodes_own_interface_comes_up_after_the_routed_one(forwarding: str, there: str, options: str) -> None:
    """Whatever its stanza says of accept_ra: ifupdown writes 2 there by default, and 1 for DHCP."""
    with connected(forwarding, link=UPLINK if there == "first" else "") as (node, router, outside):
        before = accept_ra(node.host)
        node.host.interfaces(f"{stanza()}\niface {UPLINK} inet6 {options}\n    autoconf 1\n    dad-attempts 0\n")
        router.advertise()
        node.host.run(f"ifup {LINK}")
        if there == "later":
            outside.plug(node.host, UPLINK)
        done = node.host.attempt(f"ifup {UPLINK}")
        assert (done.returncode, done.stderr) == (0, "")
        assert learns(node.host)
        node.host.run(f"ifup --force {LINK}")
        assert has_learnt(node.host)
        node.host.run(f"ifdown {LINK}")
        assert has_learnt(node.host)
        if "1" in options:
            assert accept_ra(node.host)[UPLINK] == "1"
        assert {**accept_ra(node.host), UPLINK: "1"} == {**before, UPLINK: "1"}
        assert "accept_ra" not in node.host.run("ls /run/snf-network-helper/shared")


@FORWARDING
def test_the_uplink_of_a_router_comes_up_after_the_routed_one(forwarding: str) -> None:
    """It forwards by itself then; and did not heed advertisements before."""
    with connected(forwarding) as (node, router, _):
        node.host.run(f"echo 0 > /proc/sys/net/ipv6/conf/{UPLINK}/accept_ra")
        uplink = f"iface {UPLINK} inet6 auto\n    accept_ra 1\n    dad-attempts 0\n"
        node.host.interfaces(f"{stanza(role='router')}\n{uplink}")
        node.host.run(f"ifup {LINK}")
        router.advertise()
        node.host.run(f"ifup {UPLINK}")
        assert learns(node.host)
        node.host.run(f"ifdown {LINK}")
        assert accept_ra(node.host)[UPLINK] == "1"


def test_routers_are_asked_for_what_was_not_heeded_before() -> None:
    with connected("all") as (node, _, outside):
        node.host.interfaces(f"{stanza()}\niface {UPLINK} inet6 auto\n    accept_ra 1\n    dad-attempts 0\n")
        node.host.run(f"ifup {LINK}")
        with Tap(outside, outside.port(node.host, UPLINK)) as wire:
            node.host.run(f"ifup {UPLINK}")
            assert comes_true(wire.hears_question_to_routers)


@FORWARDING
def test_a_link_whose_advertisements_are_not_heeded_is_left_so(forwarding: str) -> None:
    with connected(forwarding) as (node, _, _outside):
        node.host.interfaces(f"{stanza()}\niface {UPLINK} inet6 static\n    address 2001:db8:64::12/64\n")
        for value in ("0", "2"):
            node.host.run(f"echo {value} > /proc/sys/net/ipv6/conf/{UPLINK}/accept_ra; ifup {LINK} {UPLINK}")
            assert accept_ra(node.host)[UPLINK] == value
            node.host.run(f"ifdown {LINK} {UPLINK}")
            assert accept_ra(node.host)[UPLINK] == value


@FORWARDING
def test_somebody_else_turns_to_them_meanwhile(forwarding: str) -> None:
    """As NetworkManager or systemd-networkd, which heed them themselves: the kernel is not to do so again."""
    with connected(forwarding) as (node, _, _outside):
        node.host.run(f"ifup {LINK}; echo 0 > /proc/sys/net/ipv6/conf/{UPLINK}/accept_ra; ifup --force {LINK}")
        assert accept_ra(node.host)[UPLINK] == "0"
        node.host.run(f"ifdown {LINK}")
        assert accept_ra(node.host)[UPLINK] == "0"


@FORWARDING
@ROLES
def test_the_default_route_is_learnt_over_the_routed_link_itself(forwarding: str, role: str) -> None:
    with connected(forwarding, link="") as (node, router, outside):
        node.host.run(f"ip link del {LINK}")
        outside.plug(node.host, LINK)
        before = accept_ra(node.host)
        node.host.interfaces(stanza(role=role).replace(f" {UPLINK}", " eth0"))
        node.host.run(f"ip link set {LINK} up")
        router.advertise()
        assert learns(node.host, LINK)
        node.host.run(f"ifup {LINK}")
        assert has_learnt(node.host, LINK)
        router.withdraw()
        assert comes_true(lambda: not has_learnt(node.host, LINK))
        node.host.run(f"ifup --force {LINK}")
        router.advertise()
        assert learns(node.host, LINK)
        node.host.run(f"ifdown {LINK}")
        assert accept_ra(node.host) == before


def heeds(wire: Tap, host: Host, link: str) -> bool:
    """Whether the host takes an advertisement on a link; a question that is answered comes behind it."""
    link_local = host.run(f"ip -o -6 addr show dev {link} scope link").split()[3].split("/")[0]
    wire.advertise(PREFIX)

    def answered() -> bool:
        wire.ask(link_local, "fe80::200")
        return any(str(said).startswith(f"{link_local} is-at") for said in wire.heard())

    assert comes_true(answered)
    return has_learnt(host, link)


@FORWARDING
@pytest.mark.parametrize("made", ["first", "later"])
@pytest.mark.parametrize("order", [(LINK, OTHER), (OTHER, LINK)])
def test_advertisements_on_a_second_routed_link_are_not_heeded(
    forwarding: str, made: str, order: tuple[str, str]
) -> None:
    """Though the first one has had all links heed them, this one and those to come."""
    with connected(forwarding, link="") as (node, _, outside):
        node.host.interfaces(f"{stanza()}\n{stanza(OTHER)}")
        if made == "first":
            outside.plug(node.host, OTHER)
        before = accept_ra(node.host)
        node.host.run(f"ifup {LINK}")
        if made == "later":
            outside.plug(node.host, OTHER)
        planned = node.host.run(f"snf-network-helper plan {OTHER}")
        node.host.run(f"ifup {OTHER}")
        assert f"echo 1 > /proc/sys/net/ipv6/conf/{OTHER}/accept_ra\n" in planned
        with Tap(outside, outside.port(node.host, OTHER)) as wire:
            node.host.settle()
            assert not heeds(wire, node.host, OTHER)
            for link in (OTHER, LINK, OTHER):
                assert node.host.run(f"snf-network-helper plan {OTHER}") == planned
                node.host.run(f"ifup --force {link}")
                assert not heeds(wire, node.host, OTHER)
            assert node.host.attempt("snf-network-helper status").returncode == 0
        node.host.run(f"ifdown {order[0]}; ifdown {order[1]}")
        assert accept_ra(node.host) == {OTHER: "1", **before}


@FORWARDING
def test_a_second_routed_link_whose_ifup_fails_heeds_them_as_before(forwarding: str) -> None:
    with connected(forwarding, link="") as (node, _, outside):
        node.host.interfaces(f"{stanza()}\n{stanza(OTHER)}")
        outside.plug(node.host, OTHER)
        before = accept_ra(node.host)
        node.host.run(f"ifup {LINK}; ip link set {OTHER} up; ln -sfn /bin/false /etc/alternatives/arptables")
        between = accept_ra(node.host)
        assert node.host.attempt(f"ifup {OTHER}").returncode != 0
        assert accept_ra(node.host) == between
        node.host.run(f"ifdown {LINK}")
        assert accept_ra(node.host) == before


def test_a_second_link_that_is_routed_no_more_heeds_them_again() -> None:
    with connected("all", link="") as (node, _, outside):
        node.host.interfaces(f"{stanza()}\n{stanza(OTHER)}")
        outside.plug(node.host, OTHER)
        before = accept_ra(node.host)
        node.host.run(f"ifup {LINK} {OTHER}; ifup --force {LINK}; ifdown {OTHER}; ip link set {OTHER} up")
        node.host.settle()
        with Tap(outside, outside.port(node.host, OTHER)) as wire:
            assert comes_true(lambda: heeds(wire, node.host, OTHER))
        node.host.run(f"ifdown {LINK}")
        assert accept_ra(node.host) == before


@FORWARDING
def test_a_port_takes_no_advertisements_and_a_member_of_a_vrf_does(forwarding: str) -> None:
    with connected(forwarding) as (node, _, _outside):
        node.host.run(
            """
            ip link add bridge type bridge
            ip link add far type veth peer name near
            ip link set near master bridge
            """
        )
        kept = {"bridge", "far", UPLINK, "default", "eth0"}
        if node.host.attempt(f"ip link add vrf0 type vrf table 10 && ip link set {UPLINK} master vrf0").returncode == 0:
            kept.add("vrf0")
        node.host.run(f"ifup {LINK}")
        assert {link for link, value in accept_ra(node.host).items() if value == "2"} == kept
        # One that has gone is not missed
        node.host.run("ip link del far")
        assert node.host.attempt("snf-network-helper status").returncode == 0
        node.host.run(f"ifup --force {LINK}; ifdown {LINK}")
        assert set(accept_ra(node.host).values()) == {"1"}
