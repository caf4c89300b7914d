"""ifupdown-ng's own way: an executor, which fails where a hook may not, and knows the uplink."""

import pytest
from roots import KINDS, NG, Node
from test_ifupdowns import ALL, FOUR, PLAIN

EVERY_NG = pytest.mark.parametrize("kind", [kind for kind in KINDS if "-ng" in kind])
EXECUTOR = "/usr/libexec/ifupdown-ng/routed"
PHASES = ["depend", "create", "pre-up", "up", "post-up", "pre-down", "down", "post-down", "destroy"]
# Has no effect, which is said once by each that reads it.
WARNED = (
    f"{PLAIN}    routed-subnet 192.0.2.0/24\n    routed-table 222\n    routed-gateway 192.0.2.1\n"
    + "    routed-uplink eth0\n"
)
WARNING = "eth1: routed-uplink eth0 has no effect with routed-role vmc\n"
UPLINK = "\nauto eth0\niface eth0\n"


@pytest.mark.parametrize("kind", [NG])
def test_a_mistake_fails_ifup_and_the_interface_is_not_marked_up(host: Node) -> None:
    host.interfaces(f"{ALL}    routed-nat maybe\n")

    done = host.attempt("ifup eth1")

    assert done.returncode == 1
    assert "eth1: routed-nat maybe: expected yes or no\n" in done.stderr
    assert "eth1" not in host.run("ifquery --state")
    host.interfaces(ALL)
    assert host.run("ifup eth1 && snf-network-helper status") != ""


@EVERY_NG
def test_hook_and_executor_do_not_run_both(host: Node) -> None:
    host.interfaces(WARNED)
    assert host.attempt("ifup eth1").stderr == WARNING
    host.run("ifdown eth1")
    host.run("chmod -x /etc/network/if-*.d/routed")
    assert host.attempt("ifup eth1").stderr == WARNING
    assert host.journals() == ["eth1:any"]


@EVERY_NG
def test_the_hook_works_where_no_executor_is_taken(host: Node) -> None:
    host.interfaces(WARNED)
    host.run("echo auto_executor_selection = 0 >> /etc/network/ifupdown-ng.conf")
    assert host.attempt("ifup eth1").stderr == WARNING
    assert host.journals() == ["eth1:any"]
    host.run("ifdown eth1")
    assert host.journals() == []


@EVERY_NG
def test_the_uplink_comes_up_first(host: Node) -> None:
    host.interfaces(f"{ALL}{UPLINK}    up echo uplink\n")
    host.run("ip link set eth0 down")

    assert host.run("ifup eth1") == "uplink\n"

    assert "state UP" in host.run("ip link show eth0")
    host.run("snf-network-helper status")


@EVERY_NG
def test_an_uplink_that_no_stanza_describes_is_not_waited_for(host: Node) -> None:
    host.interfaces(ALL.replace("eth0", "ppp0"))
    assert "routed-uplink ppp0" in host.attempt("ifup eth1").stderr
    assert host.journals() == ["eth1:any"]


@EVERY_NG
def test_each_phase_does_well_where_nothing_is_to_do(host: Node) -> None:
    host.interfaces(PLAIN)
    before = host.state()
    for phase in PHASES:
        done = host.attempt(f"PHASE={phase} MODE=start IFACE=eth1 INTERFACES_FILE=/etc/network/interfaces {EXECUTOR}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert host.state() == before


@EVERY_NG
def test_ifdown_of_a_link_that_is_gone(host: Node) -> None:
    before = host.state()["rules"]
    host.interfaces(FOUR)
    host.run("ifup eth1")
    host.run("ip link del eth1")

    host.attempt("ifdown eth1")

    assert host.state()["rules"] == before
    assert host.journals() == []


@EVERY_NG
def test_force_heals(host: Node) -> None:
    host.interfaces(ALL)
    host.run("ifup eth1")
    host.run("ip rule del to 192.0.2.0/24; ip addr flush dev eth1 scope global")

    host.run("ifup --force eth1")

    host.run("snf-network-helper status")
