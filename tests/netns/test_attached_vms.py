"""ifdown while VMs run, and ifdown after they stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.datacenter import INTERNET, INTERNET6, DataCenter, data_center
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, Stanza
from lab.traffic import reaches
from lab.vm import attach

LINK = "eth0.222"


@pytest.fixture(params=[False, True], ids=["router and nodes", "router that is a node too"])
def center(request: pytest.FixtureRequest) -> Iterator[DataCenter]:
    with data_center(router_hosts_vms=request.param) as center:
        center.settle()
        yield center


def bring_up(center: DataCenter) -> None:
    role = "router-vmc" if center.router is center.node1 else "router"
    center.bring_up(str(Stanza(role, nat=True, nat6=True)), str(Stanza("vmc")))
    center.attach_vms()
    center.settle()


def test_every_kernel_is_as_before_when_all_is_over(center: DataCenter) -> None:
    before = {host: snapshot(host) for host in center.routed_hosts}
    bring_up(center)
    assert reaches(center.vm3.host, INTERNET)
    assert reaches(center.vm3.host, INTERNET6)
    center.detach_vms()
    for host in center.routed_hosts:
        host.run(f"ifdown {LINK}")
        assert before[host].difference(snapshot(host)) == ""


def test_after_ifdown_nothing_of_a_vm_that_still_runs_leaves_by_the_nodes_own_default_route(center: DataCenter) -> None:
    bring_up(center)
    center.node2.run(f"ifdown {LINK}")
    for address, vm in ((INTERNET, center.vm3.address), (INTERNET6, center.vm3.address6)):
        look_up = center.node2.attempt(f"ip route get {address} from {vm} iif tap0")
        assert look_up.returncode != 0
        assert "nreachable" in look_up.stderr or "No route to host" in look_up.stderr


def test_ifup_finds_the_vms_that_went_on_running(center: DataCenter) -> None:
    bring_up(center)
    assert reaches(center.vm3.host, GATEWAY)
    center.node2.run(f"ifdown {LINK}")
    center.segment.plug(center.node2, LINK)
    center.node2.run(f"ifup {LINK}")
    assert reaches(center.vm3.host, GATEWAY)
    assert reaches(center.vm3.host, INTERNET)
    assert reaches(center.vm1.host, center.vm3.address)


def test_vms_may_come_before_ifup(center: DataCenter) -> None:
    attach(center.node2, center.vm3.host, "tap0", center.vm3.address)
    role = "router-vmc" if center.router is center.node1 else "router"
    center.bring_up(str(Stanza(role, nat=True, nat6=True)), str(Stanza("vmc")))
    assert reaches(center.vm3.host, GATEWAY)
    assert reaches(center.router, center.vm3.address)
