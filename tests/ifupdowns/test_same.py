"""Whichever ifupdown a node has, the kernel holds what it holds with ifupdown, also for a guest that is attached."""

from collections.abc import Callable
from pathlib import Path

import pytest
from roots import IFUPDOWN, IFUPDOWN2, NG, Node, node
from test_addon import LINES
from test_ifupdowns import AGAIN

KINDS_OF_ONE_RELEASE = [IFUPDOWN2, f"{IFUPDOWN2} with the addon", NG]
GUEST = "ip link add tap0 type veth peer name guest0"
ATTACH = "snf-network-helper attach tap0 --network eth1 --ip 192.0.2.10 --mac 52:54:00:00:00:10 --no-probe"
STANZA = """auto eth1
iface eth1 inet manual
    routed-role {role}
    routed-subnet 192.0.2.0/24
    routed-subnet 2001:db8::/64
    routed-gateway 192.0.2.1
    routed-gateway 2001:db8::1
    routed-table 222
    {more}
"""
NAT = "routed-uplink eth0\n    routed-nat yes"
SCENARIOS = {
    "vmc": STANZA.format(role="vmc", more=""),
    "router": STANZA.format(role="router", more=NAT),
    "router-vmc": STANZA.format(role="router-vmc", more=NAT),
    "two stanzas": """auto eth1
iface eth1 inet manual
    routed-subnet 192.0.2.0/24
    routed-gateway 192.0.2.1
    routed-table 222

iface eth1 inet6 manual
    routed-subnet 2001:db8::/64
    routed-gateway 2001:db8::1
    routed-table 222
""",
}
States = list[dict[str, str]]


def states(host: Node, kind: str, scenario: str) -> States:
    """What the kernel holds at each step: at boot, with a guest, after an edit, and after ifdown."""
    found = []
    host.interfaces(SCENARIOS[scenario])
    host.run("ip link set eth0 up; ip addr add 203.0.113.2/24 dev eth0")
    steps = ["ifup -a", f"{GUEST}; {ATTACH}" if "role router\n" not in SCENARIOS[scenario] else "true"]
    for command in (*steps, AGAIN[kind]):
        if command == AGAIN[kind]:
            host.interfaces(SCENARIOS[scenario].replace("192.0.2.0/24", "192.0.2.0/25"))
        host.run(command)
        found.append(host.state())
        host.run("snf-network-helper status")
    host.attempt("snf-network-helper detach tap0")
    host.run("snf-network-helper down eth1")
    found.append(host.state())
    return found


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory, deb: Path) -> Callable[[str], States]:
    """Those of ifupdown, by scenario, each asked once."""
    known: dict[str, States] = {}

    def ask(scenario: str) -> States:
        if scenario not in known:
            with node(tmp_path_factory.mktemp("classic"), IFUPDOWN, deb) as host:
                known[scenario] = states(host, IFUPDOWN, scenario)
        return known[scenario]

    return ask


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("which", KINDS_OF_ONE_RELEASE)
def test_the_kernel_holds_the_same(
    which: str, scenario: str, classic: Callable[[str], States], deb: Path, tmp_path: Path
) -> None:
    kind = which.partition(" ")[0]
    with node(tmp_path, kind, deb) as host:
        if which != kind:
            host.run(LINES)
        assert states(host, kind, scenario) == classic(scenario)
