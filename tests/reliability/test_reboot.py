"""A reboot in the middle of it all: /run is empty, the kernel new, and ifup needs nothing from before."""

from node import Node
from routed import LINK, RoutedNode, both_families


def test_ifup_after_a_power_cut() -> None:
    stanza = both_families("router-vmc")
    with RoutedNode(stanza) as node:
        node.interfered_up(30, "kill")
        files = node.run(f"grep -h applied /run/snf-network-helper/journal/{LINK}:inet || :")
        assert files == "", "the journal of a killed ifup says perhaps, not done"
        routed = node.routed
    with Node(LINK) as node:
        node.interfaces(str(stanza))
        assert node.leftovers() == []
        assert node.do("exec ifup --all").lines == ()
        rules = [line for line in routed.lines if line.startswith(("rule", "iptables", "ip6tables", "arptables"))]
        assert [line for line in node.snapshot().lines if line in rules] == rules
        assert node.do("exec snf-network-helper status").code == 0
