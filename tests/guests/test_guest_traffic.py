"""Real packets of attached machines: to the gateway, to each other, to the internet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

import pytest
from guestlab import TAP_MAC, Place, place
from lab.datacenter import INTERNET, INTERNET6, DataCenter
from lab.packets import Question, Tap
from lab.stanzas import FAMILIES, GATEWAY, GATEWAY6, Stanza
from lab.traffic import reaches, upload

GATEWAYS = {"IPv4": GATEWAY, "IPv6": GATEWAY6}
IN_THE_INTERNET = {"IPv4": INTERNET, "IPv6": INTERNET6}


@dataclass(frozen=True)
class Setup:
    """One way to set a data centre up; NAT is on for every family."""

    role: str = "router"
    family: str = "dual stack"
    settings: str = ""

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(name for name, on in zip(("IPv4", "IPv6"), FAMILIES[self.family], strict=True) if on)

    def stanza(self, role: str) -> str:
        ipv4, ipv6 = FAMILIES[self.family]
        nat = role != "vmc"
        return str(Stanza(role, self.family, nat and ipv4, nat and ipv6))

    @property
    def title(self) -> str:
        return " ".join(filter(None, [self.role, self.family, self.settings]))


SETUPS = [
    Setup(),
    Setup(family="IPv4"),
    Setup(family="IPv6"),
    Setup(settings="IPV6_FORWARDING=all"),
    Setup("router-vmc"),
    Setup("router-vmc", "IPv4"),
    Setup("router-vmc", "IPv6"),
    Setup("router-vmc", settings="IPV6_FORWARDING=all"),
]

Places = Callable[[Setup], Place]


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    """Every data centre, built when the first test asks for it."""
    with ExitStack() as stack:
        yield cache(
            lambda setup: stack.enter_context(
                place(
                    setup.stanza(setup.role),
                    setup.stanza("vmc"),
                    setup.families,
                    setup.settings,
                    setup.role == "router-vmc",
                )
            )
        )


@pytest.fixture
def center(places: Places, setup: Setup) -> DataCenter:
    return places(setup).center


each = pytest.mark.parametrize(
    ("setup", "family"),
    [pytest.param(setup, family, id=f"{setup.title}: {family}") for setup in SETUPS for family in setup.families],
)


@each
def test_a_machine_reaches_the_gateway(center: DataCenter, family: str) -> None:
    assert reaches(center.vm1.host, GATEWAYS[family])
    assert reaches(center.vm3.host, GATEWAYS[family])


@each
def test_the_router_reaches_every_machine(center: DataCenter, family: str) -> None:
    assert reaches(center.router, center.vm1.at(family))
    assert upload(center.router, center.vm3.host, center.vm3.at(family))


@each
def test_machines_of_one_node_reach_each_other(center: DataCenter, family: str) -> None:
    assert reaches(center.vm2.host, center.vm1.at(family))
    assert upload(center.vm1.host, center.vm2.host, center.vm2.at(family)) == center.vm1.at(family)


@each
def test_machines_of_two_nodes_reach_each_other(center: DataCenter, family: str) -> None:
    assert reaches(center.vm3.host, center.vm1.at(family))
    assert upload(center.vm1.host, center.vm3.host, center.vm3.at(family)) == center.vm1.at(family)
    assert upload(center.vm3.host, center.vm1.host, center.vm1.at(family)) == center.vm3.at(family)


@each
def test_a_machine_reaches_the_internet(center: DataCenter, family: str) -> None:
    for vm in (center.vm1, center.vm3):
        assert reaches(vm.host, IN_THE_INTERNET[family])
        assert upload(vm.host, center.internet, IN_THE_INTERNET[family])


@each
def test_a_node_reaches_its_own_machines(center: DataCenter, family: str) -> None:
    assert reaches(center.node1, center.vm2.at(family))
    assert reaches(center.node2, center.vm3.at(family))


@each
def test_a_machine_sees_one_neighbour_only(center: DataCenter, family: str) -> None:
    assert reaches(center.vm1.host, center.vm2.at(family))
    assert reaches(center.vm1.host, GATEWAYS[family])
    seen = center.vm1.host.run("ip neigh show dev eth0 nud reachable nud stale nud delay nud probe").splitlines()
    assert seen
    assert {line.split()[line.split().index("lladdr") + 1] for line in seen} == {TAP_MAC}


def test_the_node_asks_a_machine_in_the_name_of_the_gateway(places: Places) -> None:
    center = places(Setup()).center
    with Tap(center.vm1.host, "eth0") as tap:
        center.node1.run("ip neigh flush dev tap0")
        assert reaches(center.node1, center.vm1.address)
        questions = {str(message) for message in tap.heard() if isinstance(message, Question)}
    assert f"who-has {center.vm1.address} tell {GATEWAY}" in questions
    assert not {text for text in questions if "." in text} - {f"who-has {center.vm1.address} tell {GATEWAY}"}


def test_a_tap_has_its_link_local_address_at_once(places: Places) -> None:
    center = places(Setup()).center
    for node, tap in ((center.node1, "tap0"), (center.node1, "tap1"), (center.node2, "tap0")):
        (line,) = node.run(f"ip -o -6 addr show dev {tap}").splitlines()
        assert "fe80::1/64" in line
        assert "nodad" in line
        assert "tentative" not in line
        assert node.run(f"cat /sys/class/net/{tap}/address").strip() == TAP_MAC


def test_a_rule_for_the_subnet_and_none_for_a_machine(places: Places) -> None:
    center = places(Setup()).center
    for family in ("-4", "-6"):
        rules = center.node1.run(f"ip {family} rule")
        assert "tap" not in rules
        assert rules.count(" from 192.0.2.0/24 ") + rules.count(" from 2001:db8::/64 ") <= 1
    assert "tap" not in center.node1.run("iptables-save; ip6tables-save; arptables -n -L")
