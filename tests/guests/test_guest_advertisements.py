"""attach leaves the node the default route that a router advertised to it, in whatever order things come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from guestlab import RUN, attach, detach, plug
from lab.host import Host, Switch
from lab.node import lone_node
from lab.router import PREFIX, Router
from lab.stanzas import Stanza
from lab.waiting import comes_true

LINK, UPLINK = "eth1", "eth2"
IPV4, IPV6 = "192.0.2.10", "2001:db8::10"
FORWARDING = pytest.mark.parametrize("forwarding", ["auto", "all"])


@contextmanager
def connected(forwarding: str, family: str = "dual stack") -> Iterator[tuple[Host, Router]]:
    """A node with a guest's TAP, a routed link that is to be, and a router beyond another link."""
    with Switch("outside") as outside, Router(outside) as router, lone_node() as node, Host("guest") as guest:
        node.plug(LINK)
        outside.plug(node.host, UPLINK)
        node.host.write("/etc/default/snf-network-helper", f'IPV6_FORWARDING="{forwarding}"')
        node.host.interfaces(str(Stanza(family=family, link=LINK)))
        plug(node.host, guest)
        node.host.run(f"ip link set {UPLINK} up")
        yield node.host, router


def has_learnt(host: Host) -> bool:
    """Whether the node has the default route."""
    return "proto ra" in host.run(f"ip -6 route show default dev {UPLINK}") and PREFIX[:-1] in host.run(
        f"ip -6 addr show dev {UPLINK}"
    )


def learns(host: Host) -> bool:
    """Whether it comes to have it."""
    return comes_true(lambda: has_learnt(host))


def accept_ra(host: Host) -> list[str]:
    """accept_ra of every link there is but the TAPs."""
    return host.run("grep -r '' /proc/sys/net/ipv6/conf/*/accept_ra | grep -v /tap").splitlines()


@FORWARDING
@pytest.mark.parametrize(
    ("family", "addresses"),
    [("IPv4", [IPV4]), ("dual stack", [IPV4]), ("dual stack", [IPV4, IPV6]), ("IPv6", [IPV6])],
    ids=["IPv4", "IPv4 in dual stack", "dual stack", "IPv6"],
)
@pytest.mark.parametrize("heard", ["before ifup", "before attach", "after attach"])
def test_a_guest_comes_and_goes(forwarding: str, family: str, addresses: list[str], heard: str) -> None:
    with connected(forwarding, family) as (host, router):
        before = accept_ra(host)
        if heard == "before ifup":
            router.advertise()
            assert learns(host)
        host.run(f"ifup {LINK}")
        if heard == "before attach":
            router.advertise()
            assert learns(host)
        for _ in range(2):
            attach(host, "tap0", *addresses, network=LINK, options="--no-probe")
            if heard == "after attach":
                router.advertise()
                assert learns(host)
            assert has_learnt(host)
            detach(host, "tap0")
            assert has_learnt(host)
        host.run(f"ifdown {LINK}")
        assert has_learnt(host)
        assert accept_ra(host) == before


def test_a_network_without_ipv6_leaves_it_alone() -> None:
    with connected("auto", "IPv4") as (host, _):
        host.settle()
        before = host.run("grep -rs '' /proc/sys/net/ipv6 || [ $? = 2 ]; ip -6 rule; ip -6 route show table all")
        host.run(f"ifup {LINK}; ifdown {LINK}; ifup {LINK}; ip link set {LINK} up")
        attach(host, "tap0", IPV4, network=LINK, options="--no-probe")
        detach(host, "tap0")
        host.run(f"ifdown {LINK}")
        after = host.run("grep -rs '' /proc/sys/net/ipv6 || [ $? = 2 ]; ip -6 rule; ip -6 route show table all")
        assert sorted(after.splitlines()) == sorted(before.splitlines())


@FORWARDING
def test_the_network_comes_and_goes_under_a_guest(forwarding: str) -> None:
    with connected(forwarding) as (host, router):
        before = accept_ra(host)
        host.run(f"ifup {LINK}")
        attach(host, "tap0", IPV4, IPV6, network=LINK, options="--no-probe")
        router.advertise()
        assert learns(host)
        host.run(f"ifdown {LINK}")
        assert has_learnt(host)
        host.run(f"ip link set {LINK} up; ifup {LINK}")
        assert has_learnt(host)
        router.withdraw()
        assert comes_true(lambda: not has_learnt(host))
        host.run(f"ifup --force {LINK}")
        attach(host, "tap0", IPV4, IPV6, network=LINK, options="--no-probe")
        router.advertise()
        assert learns(host)
        host.run(f"ifdown {LINK}")
        assert has_learnt(host)
        detach(host, "tap0")
        assert has_learnt(host)
        assert accept_ra(host) == before


@FORWARDING
def test_a_guest_that_was_there_first_is_no_link_to_keep(forwarding: str) -> None:
    with connected(forwarding) as (host, _):
        assert "/tap0/" in host.run(f"snf-network-helper plan {LINK}")
        host.run(f"ifup {LINK}")
        attach(host, "tap0", IPV4, network=LINK, options="--no-probe")
        host.run(f"ifdown {LINK}; ip link set {LINK} up; ifup {LINK}")
        assert "/tap0/" not in host.run(f"snf-network-helper plan {LINK}; cat {RUN}/journal/*")


def test_attach_again_is_the_same() -> None:
    with connected("auto") as (host, router):
        router.advertise()
        assert learns(host)
        host.run(f"ifup {LINK}")
        attach(host, "tap0", IPV6, network=LINK, options="--no-probe")
        entries = f"grep -h /accept_ra {RUN}/attached/tap0 {RUN}/journal/* | grep -v /tap0/"
        kept = host.run(entries)
        assert kept.count(f"applied SharedSysctl path=net/ipv6/conf/{UPLINK}/accept_ra value=2\n") == 2
        for again in (f"snf-network-helper attach tap0 --network {LINK} --ip {IPV6}", f"ifup --force {LINK}"):
            host.run(again)
            assert host.run(entries) == kept
        assert host.attempt("snf-network-helper status").returncode == 0
