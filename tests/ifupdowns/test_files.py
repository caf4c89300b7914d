"""Shapes of interfaces files that all of them read, and what goes wrong in the same way with each."""

import pytest
from roots import IFUPDOWN, NG, Node
from test_ifupdowns import ALL, ONE_OF_EACH, fresh

DIRECTORY = "etc/network/interfaces.d"
FOREIGN = "ip route add 198.51.100.0/24 via 203.0.113.9 dev eth0 table 222"


@ONE_OF_EACH
def test_a_stanza_in_a_file_of_its_own(host: Node) -> None:
    expected = fresh(host, ALL)
    (host.path / DIRECTORY).mkdir(exist_ok=True)
    (host.path / DIRECTORY / "eth1").write_text(ALL, "utf-8")
    host.interfaces(f"source /{DIRECTORY}/eth1\n")

    host.run("ifup -a")

    assert host.state() == expected
    assert "lookup 222" in host.run("snf-network-helper plan eth1")


@pytest.mark.parametrize("kind", [IFUPDOWN, NG])
def test_options_that_are_inherited(host: Node) -> None:
    expected = fresh(host, ALL)
    shared = ALL.replace("auto eth1\niface eth1", "iface shared")
    host.interfaces(f"{shared}\nauto eth1\niface eth1 inet manual inherits shared\n")

    host.run("ifup eth1")

    assert host.state() == expected


@ONE_OF_EACH
def test_a_table_that_somebody_else_uses(host: Node) -> None:
    host.run(f"ip link set eth0 up; ip addr add 203.0.113.2/24 dev eth0; {FOREIGN}")
    before = host.state()
    host.interfaces(ALL)

    host.attempt("ifup eth1")

    shown = host.attempt("snf-network-helper status eth1")
    assert shown.returncode == 1
    assert "198.51.100.0/24" in shown.stdout
    host.run("ip link set eth1 down")
    after = host.state()
    assert {what: after[what] for what in ("rules", "routes", "nat", "arp")} == {
        what: before[what] for what in ("rules", "routes", "nat", "arp")
    }
    host.run(f"{FOREIGN.replace('add', 'del')}; ifdown eth1; ifup eth1; snf-network-helper status")


@pytest.mark.parametrize("kind", [IFUPDOWN, NG])
def test_a_link_that_is_gone(host: Node) -> None:
    before = host.state()["rules"]
    host.interfaces(ALL)
    host.run("ifup eth1; ip link del eth1")

    host.attempt("ifdown eth1")

    assert host.state()["rules"] == before
    assert host.journals() == []
