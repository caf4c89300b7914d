"""Packets that are too large somewhere on the way: whoever sent them hears of it, so TCP gets through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.datacenter import INTERNET, INTERNET6, DataCenter, data_center
from lab.stanzas import Stanza
from lab.traffic import reaches, upload

IN_THE_INTERNET = {"IPv4": INTERNET, "IPv6": INTERNET6}
NARROW = 1400
BIG_PING = "ping -n -c 3 -i 0.2 -W 1 -M do -s 1432"


@pytest.fixture(scope="module", params=["router", "router-vmc"])
def center(request: pytest.FixtureRequest) -> Iterator[DataCenter]:
    with data_center(router_hosts_vms=request.param == "router-vmc") as center:
        center.bring_up(str(Stanza(request.param)), str(Stanza("vmc")))
        center.attach_vms()
        center.route_back()
        center.settle()
        yield center


@pytest.fixture
def narrow_segment(center: DataCenter) -> Iterator[None]:
    """The nodes' links to the segment take less than their VMs send: the node itself has to say so."""
    yield from narrowed(center, "eth0.222")


@pytest.fixture
def narrow_uplink(center: DataCenter) -> Iterator[None]:
    """The router's uplink takes less than VMs send."""
    yield from narrowed(center, "eth0")


def narrowed(center: DataCenter, link: str) -> Iterator[None]:
    for host in center.routed_hosts:
        host.run(f"ip link set {link} mtu {NARROW}")
    yield
    for host in [*center.routed_hosts, center.vm1.host, center.vm2.host, center.vm3.host]:
        # What was learnt of the path is forgotten along.
        host.run("ip route flush cache; ip -6 route flush cache")
    for host in center.routed_hosts:
        host.run(f"ip link set {link} mtu 1500")


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
@pytest.mark.usefixtures("narrow_segment")
def test_a_vm_hears_from_its_own_node_that_a_packet_is_too_large(center: DataCenter, family: str) -> None:
    assert reaches(center.vm3.host, center.vm1.at(family))
    answer = center.vm3.host.attempt(f"{BIG_PING} {center.vm1.at(family)}")
    assert f"mtu={NARROW}" in (answer.stdout + answer.stderr).replace(" = ", "=").replace(": ", "=")


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
@pytest.mark.usefixtures("narrow_segment")
def test_tcp_between_vms_gets_through_a_narrow_segment(center: DataCenter, family: str) -> None:
    assert upload(center.vm1.host, center.vm3.host, center.vm3.at(family))
    assert upload(center.vm3.host, center.vm1.host, center.vm1.at(family))


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
@pytest.mark.usefixtures("narrow_uplink")
def test_tcp_to_the_internet_gets_through_a_narrow_uplink(center: DataCenter, family: str) -> None:
    assert upload(center.vm1.host, center.internet, IN_THE_INTERNET[family])
    assert upload(center.vm3.host, center.internet, IN_THE_INTERNET[family])


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
@pytest.mark.usefixtures("narrow_segment")
def test_tcp_from_the_internet_gets_through_a_narrow_segment(center: DataCenter, family: str) -> None:
    assert upload(center.internet, center.vm3.host, center.vm3.at(family))


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_a_large_packet_comes_back_in_one_piece(center: DataCenter, family: str) -> None:
    assert reaches(center.vm3.host, center.vm1.at(family))
    size = 1472 if family == "IPv4" else 1452
    center.vm3.host.run(f"ping -n -c 1 -W 2 -M do -s {size} {center.vm1.at(family)}")
