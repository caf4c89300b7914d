"""Real packets through data centres that compact stanzas brought up, on hosts that forwarded nothing before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache

import pytest
from lab.datacenter import INTERNET, INTERNET6, LAN, LAN6, ROUTER_NUMBER, DataCenter, data_center
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.traffic import echoes, reaches, upload

LAN_NETWORKS = f"{LAN}0/24 {LAN6}/64"
IN_THE_INTERNET = {"IPv4": INTERNET, "IPv6": INTERNET6}
GATEWAYS = {"IPv4": GATEWAY, "IPv6": GATEWAY6}
UPLINK_ADDRESSES = {"IPv4": f"{LAN}{ROUTER_NUMBER}", "IPv6": f"{LAN6}{ROUTER_NUMBER}"}


@dataclass(frozen=True)
class Setup:
    """One way to set a data centre up."""

    title: str
    role: str = "router"
    family: str = "dual stack"
    nat: bool = False
    nat_except: str = ""
    two_stanzas: bool = False
    ipv6_forwarding: str = "auto"
    xtables: str = "nft"

    @property
    def families(self) -> list[str]:
        return ["IPv4", "IPv6"] if self.family == "dual stack" else [self.family]

    def stanzas(self, role: str) -> str:
        """What stands in /etc/network/interfaces."""
        nat = self.nat and role != "vmc"
        if not self.two_stanzas:
            ipv4, ipv6 = "IPv4" in self.families, "IPv6" in self.families
            nat_except = self.nat_except if nat else ""
            return str(Stanza(role, self.family, nat and ipv4, nat and ipv6, nat_except=nat_except))
        return f"{Stanza(role, 'IPv4', nat)}\n{Stanza(role, 'IPv6', nat6=nat, addrfam='inet6')}"


SETUPS = [
    Setup("router and nodes"),
    Setup("router and nodes with NAT", nat=True),
    Setup("router and nodes with NAT sparing the LAN", nat=True, nat_except=LAN_NETWORKS),
    Setup("router and nodes with NAT by legacy tools", nat=True, xtables="legacy"),
    Setup("router and nodes, IPv4 only", family="IPv4", nat=True),
    Setup("router and nodes, IPv6 only", family="IPv6", nat=True),
    Setup("router and nodes, two stanzas each", two_stanzas=True),
    Setup("router and nodes, all of IPv6 forwards", ipv6_forwarding="all"),
    Setup("router that is a node too", role="router-vmc"),
    Setup("router that is a node too, with NAT", role="router-vmc", nat=True),
    Setup("router that is a node too, IPv4 only", role="router-vmc", family="IPv4", nat=True),
    Setup("router that is a node too, IPv6 only", role="router-vmc", family="IPv6"),
    Setup("router that is a node too, all of IPv6 forwards", role="router-vmc", nat=True, ipv6_forwarding="all"),
]


Places = Callable[[Setup], DataCenter]


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    """Every data centre, built when the first test asks for it."""
    with ExitStack() as stack:
        yield cache(lambda setup: stack.enter_context(brought_up(setup)))


@pytest.fixture
def place(places: Places, setup: Setup) -> DataCenter:
    """The data centre of one test."""
    return places(setup)


@contextmanager
def brought_up(setup: Setup) -> Iterator[DataCenter]:
    """A data centre with its VMs attached. The internet knows the way to the subnets unless NAT hides them."""
    with data_center(router_hosts_vms=setup.role == "router-vmc") as center:
        for host in center.routed_hosts:
            host.use_xtables(setup.xtables)
            host.write("/etc/default/snf-network-helper", f'IPV6_FORWARDING="{setup.ipv6_forwarding}"')
        center.bring_up(setup.stanzas(setup.role), setup.stanzas("vmc"))
        center.attach_vms("IPv4" in setup.families, "IPv6" in setup.families)
        if not setup.nat:
            center.route_back()
        center.settle()
        yield center


def setups(where: Callable[[Setup], bool] = lambda setup: True) -> pytest.MarkDecorator:
    """Runs a test once for each setup and family, where the test makes sense."""
    return pytest.mark.parametrize(
        ("setup", "family"),
        [
            pytest.param(setup, family, id=f"{setup.title}: {family}")
            for setup in filter(where, SETUPS)
            for family in setup.families
        ],
    )


def with_nat(setup: Setup) -> bool:
    return setup.nat


def without_nat(setup: Setup) -> bool:
    return not setup.nat


def sparing_the_lan(setup: Setup) -> bool:
    """NAT else catches what a VM answers a node, and TCP has no use for an answer from another address."""
    return not setup.nat or bool(setup.nat_except)


@setups()
def test_a_vm_reaches_the_gateway(place: DataCenter, family: str) -> None:
    assert reaches(place.vm1.host, GATEWAYS[family])
    assert reaches(place.vm3.host, GATEWAYS[family])


@setups()
def test_the_router_reaches_every_vm(place: DataCenter, family: str) -> None:
    assert reaches(place.router, place.vm1.at(family))
    assert reaches(place.router, place.vm3.at(family))
    assert upload(place.router, place.vm3.host, place.vm3.at(family))


@setups()
def test_vms_of_one_node_reach_each_other(place: DataCenter, family: str) -> None:
    assert reaches(place.vm1.host, place.vm2.at(family))
    assert reaches(place.vm2.host, place.vm1.at(family))
    assert upload(place.vm1.host, place.vm2.host, place.vm2.at(family)) == place.vm1.at(family)


@setups()
def test_vms_of_two_nodes_reach_each_other(place: DataCenter, family: str) -> None:
    assert reaches(place.vm1.host, place.vm3.at(family))
    assert reaches(place.vm3.host, place.vm1.at(family))
    assert upload(place.vm1.host, place.vm3.host, place.vm3.at(family)) == place.vm1.at(family)
    assert upload(place.vm3.host, place.vm1.host, place.vm1.at(family)) == place.vm3.at(family)


@setups()
def test_a_vm_reaches_the_internet(place: DataCenter, family: str) -> None:
    assert reaches(place.vm1.host, IN_THE_INTERNET[family])
    assert reaches(place.vm3.host, IN_THE_INTERNET[family])


@setups(with_nat)
def test_with_nat_the_internet_sees_the_address_of_the_uplink(place: DataCenter, family: str) -> None:
    for vm in (place.vm1, place.vm3):
        assert upload(vm.host, place.internet, IN_THE_INTERNET[family]) == UPLINK_ADDRESSES[family]


@setups(without_nat)
def test_without_nat_the_internet_sees_the_address_of_the_vm(place: DataCenter, family: str) -> None:
    for vm in (place.vm1, place.vm3):
        assert upload(vm.host, place.internet, IN_THE_INTERNET[family]) == vm.at(family)


@setups(without_nat)
def test_without_nat_the_internet_reaches_every_vm(place: DataCenter, family: str) -> None:
    for vm in (place.vm1, place.vm3):
        assert reaches(place.internet, vm.at(family))
        assert upload(place.internet, vm.host, vm.at(family))


@setups(with_nat)
def test_with_nat_the_internet_has_no_way_to_a_vm(place: DataCenter, family: str) -> None:
    assert not echoes(place.internet, place.vm3.at(family))


@setups()
def test_a_node_reaches_the_vms_of_other_nodes(place: DataCenter, family: str) -> None:
    assert reaches(place.node1, place.vm3.at(family))
    assert reaches(place.node2, place.vm1.at(family))


@setups()
def test_a_node_reaches_its_own_vms(place: DataCenter, family: str) -> None:
    assert reaches(place.node1, place.vm1.at(family))
    assert reaches(place.node1, place.vm2.at(family))
    assert reaches(place.node2, place.vm3.at(family))


@setups(sparing_the_lan)
def test_a_node_talks_tcp_with_the_vms_of_other_nodes(place: DataCenter, family: str) -> None:
    assert upload(place.node1, place.vm3.host, place.vm3.at(family))
    assert upload(place.node2, place.vm1.host, place.vm1.at(family))


@setups()
def test_a_vm_hears_from_its_node_that_a_hop_limit_was_too_low(place: DataCenter, family: str) -> None:
    answer = place.vm1.host.attempt(f"ping -n -c 3 -i 0.2 -W 1 -t 1 {IN_THE_INTERNET[family]}").stdout
    assert "Time to live exceeded" in answer or "Hop limit" in answer
