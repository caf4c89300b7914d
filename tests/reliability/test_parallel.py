"""Many interfaces at once, and one interface from two sides: what they share is right at every moment."""

import subprocess
from collections.abc import Iterable

import pytest
from node import Node
from routed import LINK, RoutedNode, both_families

# Not named as VLANs of one link: ifup itself would bring those up one after the other.
LINKS = [f"net{number}" for number in range(101, 151)]
VMCS, ROUTERS = LINKS[:20], LINKS[20:]
# One of each kind stays up while the others come and go.
LASTING = (VMCS[0], ROUTERS[0])
COMING = [link for link in LINKS if link not in LASTING]

SHARED = {
    "auto": ("ipv4/conf/eth0/forwarding", "ipv6/conf/eth0/forwarding"),
    "all": ("ipv4/conf/eth0/forwarding", "ipv6/conf/all/forwarding"),
}


def stanza(link: str) -> str:
    """A dual stack stanza with subnets of its own."""
    number = link.removeprefix("net")
    lines = [
        f"iface {link} inet manual",
        f"routed-subnet 10.0.{number}.0/24 fd00:{number}::/64",
        f"routed-gateway 10.0.{number}.1 fd00:{number}::1",
    ]
    if link in ROUTERS:
        lines += ["routed-role router", "routed-uplink eth0", "routed-nat yes", "routed-nat6 yes"]
    else:
        lines += [f"routed-table {number}"]
    return "\n    ".join(lines) + "\n"


def all_end_well(processes: Iterable[subprocess.Popen[str]]) -> None:
    """Wait for commands, which must succeed without a word."""
    for process in processes:
        _, said = process.communicate()
        assert (process.returncode, said) == (0, ""), process.args


def seen_meanwhile(node: Node, paths: Iterable[str], processes: list[subprocess.Popen[str]]) -> set[str]:
    """The values that settings have from now until the last of the processes ends."""
    seen: set[str] = set()
    while any(process.poll() is None for process in processes):
        seen.update(node.sysctl(path) for path in paths)
    return seen


@pytest.mark.parametrize("forwarding", ["auto", "all"])
def test_fifty_at_once(forwarding: str) -> None:
    with Node() as node:
        node.write("/etc/default/snf-network-helper", f'IPV6_FORWARDING="{forwarding}"')
        node.interfaces("".join(map(stanza, LINKS)))
        for link in LINKS:
            node.add_link(link)
        before = node.snapshot()

        all_end_well([node.start(f"exec ifup {link}") for link in LINKS])
        assert len(node.journals()) == len(LINKS)
        assert node.do("exec snf-network-helper status").code == 0
        everything = node.snapshot()

        going = [node.start(f"exec ifdown {link}") for link in COMING]
        assert seen_meanwhile(node, SHARED[forwarding], going) == {"1"}
        all_end_well(going)
        assert len(node.journals()) == len(LASTING)

        coming = [node.start(f"exec ifup {link}") for link in COMING]
        assert seen_meanwhile(node, SHARED[forwarding], coming) == {"1"}
        all_end_well(coming)
        # Whose rule or masquerade stands first is a matter of who came first.
        assert sorted(node.snapshot().lines) == sorted(everything.lines)

        all_end_well([node.start(f"exec ifdown {link}") for link in LINKS])
        for link in LINKS:
            node.up_again(link)
        assert not before.difference(node.snapshot())
        assert node.leftovers() == []


@pytest.mark.parametrize(
    "commands",
    [
        ("ifup --force", "ifup --force"),
        ("ifup --force", "ifdown --force"),
        ("ifup --force", "snf-network-helper down"),
        ("ifdown --force", "snf-network-helper down"),
    ],
    ids=" and ".join,
)
def test_two_processes_on_one_interface(commands: tuple[str, str]) -> None:
    with RoutedNode(both_families("router-vmc")) as node:
        for _ in range(5):
            node.succeeds("ifup", LINK)
            processes = [node.start(f"exec {command} {LINK}") for command in commands * 2]
            for process in processes:
                _, said = process.communicate()
                assert "Traceback" not in said
            node.up_again(LINK)
            node.recover_by_ifup(" and ".join(commands))
