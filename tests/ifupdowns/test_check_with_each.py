"""check knows which ifupdown reads the file, and convert's result comes up with each."""

import pytest
from roots import NG, Node

INHERITS = """iface guests inet manual
    routed-gateway 192.0.2.1

auto eth1
iface eth1 inet manual inherits guests
    routed-subnet 192.0.2.0/24
    routed-table 222
"""
BY_HAND = """auto eth1
iface eth1 inet manual
    up ip link set eth1 up
    up ip rule add iif eth1 lookup 222
    up ip route add 192.0.2.0/24 dev eth1 table 222
    up ip route add default via 192.0.2.1 dev eth1 table 222
    down ip rule del iif eth1 lookup 222
"""
COMPACT = """auto eth1
iface eth1 inet manual
    routed-subnet  192.0.2.0/24
    routed-gateway 192.0.2.1
    routed-table   222
"""


def test_what_an_ifupdown_cannot_do_is_said(host: Node, kind: str) -> None:
    host.interfaces(INHERITS)
    done = host.attempt("snf-network-helper check")
    found = [line.partition(":5:")[2] for line in done.stdout.splitlines()[:-1]]
    if "ifupdown2" in kind:
        assert done.returncode == 1
        assert found == [
            "7: error: eth1: routed-gateway is missing: an IPv4 address in 192.0.2.0/24",
            "33: warning: eth1: ifupdown2 knows no inherits: of guests it takes nothing, write its options here",
        ]
    else:
        assert (done.returncode, found) == (0, [])


def test_a_converted_file_comes_up(host: Node) -> None:
    host.interfaces(BY_HAND)
    assert host.attempt("snf-network-helper convert --in-place").returncode == 0
    assert (host.path / "etc/network/interfaces").read_text("utf-8") == COMPACT
    assert host.attempt("snf-network-helper check").returncode == 0
    host.run("ifup eth1")
    assert host.attempt("snf-network-helper status").returncode == 0


TEMPLATE = """template guests
    routed-gateway 192.0.2.1

auto eth1
iface eth1
    inherit guests
    routed-subnet 192.0.2.0/24
    routed-table 222
"""


@pytest.mark.parametrize("kind", [NG])
def test_a_template_is_read_as_ifupdown_ng_reads_it(host: Node) -> None:
    host.interfaces(TEMPLATE)
    assert host.attempt("snf-network-helper check").returncode == 0
    host.run("ifup eth1")
    assert "default via 192.0.2.1 dev eth1" in host.run("ip route show table 222")
