"""However an administrator spells a stanza in /etc/network/interfaces, the kernel gets the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.node import Node, lone_node
from lab.stanzas import Stanza

LINK = "eth1"
OPTIONS = {
    "subnet": "    routed-subnet 192.0.2.0/24 2001:db8::/64",
    "gateway": "    routed-gateway 192.0.2.1 2001:db8::1",
    "table": "    routed-table 222",
}
REFERENCE = f"iface {LINK} inet manual\n" + "\n".join(OPTIONS.values())

SPELLINGS = {
    "two stanzas": f"{Stanza('vmc', 'IPv4', link=LINK)}{Stanza('vmc', 'IPv6', link=LINK, addrfam='inet6')}",
    "two stanzas of one family": f"""
        iface {LINK} inet manual
            routed-subnet  192.0.2.0/24
            routed-gateway 192.0.2.1
            routed-table   222
        iface {LINK} inet manual
            routed-subnet  2001:db8::/64
            routed-gateway 2001:db8::1
            routed-table   222
        """,
    "inet6 manual alone": REFERENCE.replace("inet manual", "inet6 manual"),
    "an option given twice": f"""
        iface {LINK} inet manual
            routed-subnet  192.0.2.0/24
            routed-subnet  2001:db8::/64
            routed-gateway 192.0.2.1
            routed-gateway 2001:db8::1
            routed-table   222
        """,
    "many blanks and a continued line": f"""
        iface {LINK} inet manual
            routed-subnet     192.0.2.0/24 \\
                              2001:db8::/64
            routed-gateway	2001:db8::1     192.0.2.1
            routed-table      222
        """,
    "everything spelt out": f"""
        iface {LINK} inet manual
            routed-role     vmc
            routed-subnet   192.0.2.0/24 2001:db8::/64
            routed-gateway  192.0.2.1 2001:db8::1
            routed-table    222
            routed-arp-ip   192.0.2.254
            routed-nat      no
            routed-nat6     no
            routed-priority 32000
        """,
    "the table by its name": REFERENCE.replace("222", "snf_routed"),
    "IPv6 in its long form": REFERENCE.replace("2001:db8::/64", "2001:0DB8:0:0:0:0:0:0/64").replace(
        "2001:db8::1", "2001:DB8::0001"
    ),
    "inherits": f"""
        iface routed inet manual
        {OPTIONS["gateway"]}
        {OPTIONS["table"]}
        iface {LINK} inet manual inherits routed
        {OPTIONS["subnet"]}
        """,
    "inherits and adds": f"""
        iface routed inet manual
            routed-subnet  192.0.2.0/24
            routed-gateway 192.0.2.1
            routed-table   222
        iface {LINK} inet manual inherits routed
            routed-subnet  2001:db8::/64
            routed-gateway 2001:db8::1
        """,
}


@pytest.fixture
def node() -> Iterator[Node]:
    with lone_node() as node:
        node.plug(LINK)
        yield node


def lines_when_up(node: Node, interfaces: str, ifup: str = f"ifup {LINK}") -> list[str]:
    node.host.interfaces(interfaces)
    node.host.run(ifup)
    return sorted(node.snapshot().lines)


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_stanza_may_be_spelt_like_this(node: Node, spelling: str) -> None:
    before = node.snapshot()
    reference = lines_when_up(node, REFERENCE)
    node.host.run(f"ifdown {LINK}")
    assert lines_when_up(node, spelling) == reference
    node.host.run(f"ifdown {LINK}")
    assert before.difference(node.snapshot()) == ""


def test_a_stanza_may_stand_in_a_sourced_file(node: Node) -> None:
    before = node.snapshot()
    reference = lines_when_up(node, REFERENCE)
    node.host.run(f"ifdown {LINK}")
    node.host.write("/etc/network/interfaces.d/routed", REFERENCE)
    assert lines_when_up(node, "source /etc/network/interfaces.d/*") == reference
    assert node.host.run(f"snf-network-helper plan {LINK}").startswith("ip link set eth1 up")
    node.host.run(f"ifdown {LINK}")
    assert before.difference(node.snapshot()) == ""


def test_a_stanza_may_be_chosen_by_a_mapping(node: Node) -> None:
    reference = lines_when_up(node, REFERENCE)
    node.host.run(f"ifdown {LINK}")
    assert lines_when_up(node, REFERENCE.replace(LINK, "rack7"), f"ifup {LINK}=rack7") == reference


def test_an_address_of_the_node_on_the_same_link_may_be_static(node: Node) -> None:
    before = node.snapshot()
    static = "inet static\n    address 10.9.9.9/24"
    lines = lines_when_up(node, REFERENCE.replace("inet manual", static))
    assert [line for line in lines if "10.9.9.9/24" in line]
    assert [line for line in lines if "iif eth1 lookup" in line]
    node.host.run(f"ifdown {LINK}")
    assert before.difference(node.snapshot()) == ""


def test_ifup_of_all_brings_up_what_is_auto(node: Node) -> None:
    reference = lines_when_up(node, REFERENCE)
    node.host.run(f"ifdown {LINK}")
    assert lines_when_up(node, f"auto lo {LINK}\niface lo inet loopback\n{REFERENCE}", "ifup -a") == reference
    node.host.run("ifdown -a --exclude=lo")
    assert "routed" not in node.host.run("snf-network-helper status").replace("nothing is routed", "")


def test_stanzas_without_options_are_none_of_our_business(node: Node) -> None:
    node.host.interfaces(f"iface {LINK} inet manual\n")
    node.host.run(f"ip link set {LINK} up")
    before = node.snapshot()
    node.host.run(f"ifup {LINK}")
    assert before.difference(node.snapshot()) == ""
