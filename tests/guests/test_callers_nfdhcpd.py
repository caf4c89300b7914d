"""nfdhcpd: its binding file is there while a machine is attached, and says what nfdhcpd reads from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import attach, detach, leftovers, node_up, plug
from lab.host import Host
from lab.stanzas import Stanza

MAC = "52:54:00:12:34:56"
BINDING = "/var/lib/nfdhcpd/tap0"

# The machine has no nfdhcpd: its directory appears on this host only.
WITH_NFDHCPD = """
mkdir -p /run/lib/nfdhcpd
mount -t overlay -o lowerdir=/run/lib:/var/lib overlay /var/lib
mount -t tmpfs tmpfs /var/lib/nfdhcpd
"""


@pytest.fixture
def node() -> Iterator[Host]:
    """A node with nfdhcpd, its network up, and a machine plugged in."""
    with node_up(Stanza("vmc", "dual stack")) as node, Host("guest") as guest:
        node.host.run(WITH_NFDHCPD)
        plug(node.host, guest)
        yield node.host


def binding(node: Host) -> dict[str, str]:
    """The binding file's keys and values."""
    lines = (line.partition("=") for line in node.run(f"cat {BINDING}").splitlines())
    return {key: value for key, _, value in lines}


def is_bound(node: Host) -> bool:
    """Whether there is a binding file."""
    return node.attempt(f"test -e {BINDING}").returncode == 0


def test_the_binding(node: Host) -> None:
    attach(node, "tap0", "192.0.2.77", options=f"--mac {MAC} --hostname web1 --no-probe")
    assert binding(node) == {
        "INDEV": "tap0",
        "IP": "192.0.2.77",
        "MAC": MAC,
        "HOSTNAME": "web1",
        "TAGS": '""',
        "GATEWAY": "192.0.2.1",
        "SUBNET": "192.0.2.0/24",
        "GATEWAY6": "2001:db8::1",
        "SUBNET6": "2001:db8::/64",
        "EUI64": "2001:db8::5054:ff:fe12:3456",
    }
    assert node.run(f"stat -c %a {BINDING}").strip() == "644", "nfdhcpd is not root"
    detach(node, "tap0")
    assert not is_bound(node)
    assert not [path for path in leftovers(node) if "tap0" in path]


def test_a_machine_without_ipv4(node: Host) -> None:
    attach(node, "tap0", options=f"--mac {MAC} --no-probe")
    bound = binding(node)
    assert (bound["IP"], bound["GATEWAY"], bound["SUBNET"]) == ("", "", "")
    assert bound["EUI64"] == "2001:db8::5054:ff:fe12:3456"
    assert bound["HOSTNAME"] == "tap0", "nfdhcpd passes over a file without one"


def test_none_without_a_mac_address(node: Host) -> None:
    attach(node, "tap0", "192.0.2.77", options="--no-probe")
    assert not is_bound(node)


def test_none_where_servers_of_its_own_answer(node: Host) -> None:
    attach(node, "tap0", "192.0.2.77", options=f"--mac {MAC} --serve --no-probe")
    assert not is_bound(node)
    detach(node, "tap0")


def test_another_name_is_written_again(node: Host) -> None:
    for name in ("web1", "web2"):
        attach(node, "tap0", "192.0.2.77", options=f"--mac {MAC} --hostname {name} --no-probe")
        assert binding(node)["HOSTNAME"] == name
    detach(node, "tap0")
    assert not is_bound(node)


def test_what_stood_there_comes_back(node: Host) -> None:
    node.write(BINDING, "INDEV=tap0\nIP=198.51.100.7")
    attach(node, "tap0", "192.0.2.77", options=f"--mac {MAC} --no-probe")
    assert binding(node)["IP"] == "192.0.2.77"
    detach(node, "tap0")
    assert binding(node) == {"INDEV": "tap0", "IP": "198.51.100.7"}


def test_what_somebody_has_written_since_stays(node: Host) -> None:
    attach(node, "tap0", "192.0.2.77", options=f"--mac {MAC} --no-probe")
    node.write(BINDING, "INDEV=tap0\nIP=198.51.100.7")
    detach(node, "tap0")
    assert binding(node)["IP"] == "198.51.100.7"


def test_status_knows_it(node: Host) -> None:
    attach(node, "tap0", "192.0.2.77", options=f"--mac {MAC} --no-probe")
    (line,) = (line for line in node.run("snf-network-helper status").splitlines() if BINDING in line)
    assert line.split()[0] == "applied"
    node.run(f"rm {BINDING}")
    (line,) = (line for line in node.attempt("snf-network-helper status").stdout.splitlines() if BINDING in line)
    assert line.split()[0] == "missing"
    detach(node, "tap0")
