"""Ganeti: the kvm-ifup of Debian's package runs our examples as its administrator would have it do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from debian_package import dependencies, unpacked
from guestlab import leftovers, place, plug
from lab.host import Host
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.waiting import comes_true

EXAMPLES = Path(__file__).resolve().parents[2] / "share" / "examples" / "ganeti"
MAC = "52:54:00:12:34:56"
ADDRESS = "192.0.2.77"
EUI64 = "2001:db8::5054:ff:fe12:3456"

# What Ganeti 3.0 exports for a NIC of such a network (hv_base.ConfigureNIC, objects.Network.HooksDict).
NIC = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "INSTANCE": "web1.example.org",
    "INTERFACE": "tap7",
    "INTERFACE_INDEX": "0",
    "INTERFACE_UUID": "6c1b2ddc-3f7a-4c0a-9a3c-5f6c1b2ddc3f",
    "MAC": MAC,
    "MODE": "routed",
    "LINK": "222",
    "TAGS": "",
}
NETWORK = {
    "NETWORK_NAME": "public",
    "NETWORK_UUID": "0e0b6a5c-5a5e-4d53-8f56-2f8c8f0f8d11",
    "NETWORK_TAGS": "ip-less-routed nfdhcpd",
    "NETWORK_SUBNET": "192.0.2.0/24",
    "NETWORK_GATEWAY": GATEWAY,
    "NETWORK_SUBNET6": "2001:db8::/64",
    "NETWORK_GATEWAY6": GATEWAY6,
}


@pytest.fixture(scope="module")
def ganeti(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with Ganeti's own ganeti/, as its packages together make one in /usr/lib."""
    directory = tmp_path_factory.mktemp("ganeti")
    # Debian 12 has ganeti-3.0, and Debian 13 ganeti-3.1
    (package,) = (name for name in dependencies("ganeti") if re.fullmatch(r"ganeti-[0-9.]+", name))
    (scripts,) = unpacked(package, directory).glob("usr/lib/ganeti/*/usr/lib/ganeti")
    shutil.copytree(scripts, directory / "lib" / "ganeti", symlinks=True)
    return directory / "lib"


@pytest.fixture(scope="module")
def node(ganeti: Path) -> Iterator[Host]:
    """A node of a cluster, with Ganeti's scripts, in front of a router."""
    with place(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack"))) as here:
        node = here.center.node1
        node.run(
            f"""
            mount -t overlay -o lowerdir={ganeti}:/usr/lib overlay /usr/lib
            mkdir -p /run/etc/ganeti
            ln -s {EXAMPLES}/kvm-ifup-custom /run/etc/ganeti/kvm-vif-bridge
            """
        )
        yield node


@pytest.fixture
def instance(node: Host) -> Iterator[Host]:
    """An instance whose tap is made, and nothing else."""
    with Host("web1") as host:
        plug(node, host, NIC["INTERFACE"])
        host.run(f"ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up")
        yield host
        node.run(f"snf-network-helper detach {NIC['INTERFACE']}")
        host.run("ip link del eth0")


def ifup(node: Host, **changed: str) -> CompletedProcess[str]:
    """Calls kvm-ifup as Ganeti does; a variable that is changed to nothing is not exported."""
    return call(node, f"/usr/lib/ganeti/kvm-ifup {NIC['INTERFACE']}", **changed)


def call(node: Host, command: str, **changed: str) -> CompletedProcess[str]:
    """Runs a script with Ganeti's environment and no other."""
    environment = {**NIC, **NETWORK, "SYSCONFDIR": "/run/etc", **changed}
    words = " ".join(f"{name}='{value}'" for name, value in environment.items() if value)
    return node.attempt(f"env -i {words} {command}")


def reaches(instance: Host, address: str) -> bool:
    """Whether the instance gets an answer."""
    return instance.attempt(f"ping -c1 -W5 {address}").returncode == 0


@pytest.mark.parametrize("link", ["222", "snf_routed"])
def test_an_instance_of_a_routed_network(node: Host, instance: Host, link: str) -> None:
    if link == "snf_routed":
        node.run("mkdir -p /etc/iproute2/rt_tables.d; echo '222 snf_routed' > /etc/iproute2/rt_tables.d/snf.conf")
    before = snapshot(node)
    done = ifup(node, LINK=link, IP=ADDRESS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    instance.run(f"ip addr add {ADDRESS}/24 dev eth0; ip route add default via {GATEWAY}")
    assert reaches(instance, GATEWAY)
    instance.run(f"ip -6 addr add {EUI64}/128 dev eth0 nodad; ip -6 route add default via fe80::1 dev eth0")
    assert comes_true(lambda: reaches(instance, GATEWAY6))

    done = call(node, f"{EXAMPLES}/kvm-ifdown-custom")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert before.difference(snapshot(node)) == ""
    assert not [path for path in leftovers(node) if NIC["INTERFACE"] in path]


def test_an_instance_with_ipv6_alone(node: Host, instance: Host) -> None:
    assert ifup(node, NETWORK_SUBNET="", NETWORK_GATEWAY="").returncode == 0
    routes = node.run(f"ip route show table 222 dev {NIC['INTERFACE']}")
    assert routes == ""
    assert EUI64 in node.run(f"ip -6 route show table 222 dev {NIC['INTERFACE']}")


def test_an_instance_of_a_network_without_ipv6(node: Host, instance: Host) -> None:
    """What Ganeti knows nothing of is not given: the stanza has IPv6, the instance none."""
    assert ifup(node, IP=ADDRESS, NETWORK_SUBNET6="", NETWORK_GATEWAY6="").returncode == 0
    assert f"{ADDRESS} dev tap7" in node.run("ip route show table 222")
    assert node.run("ip -6 route show table 222 dev tap7") == ""
    assert EUI64 not in node.run("ip -6 neigh show proxy dev eth0.222")


def test_an_instance_whose_nic_is_in_no_network_of_ganeti(node: Host, instance: Host) -> None:
    assert ifup(node, IP=ADDRESS, **dict.fromkeys(NETWORK, "")).returncode == 0
    assert f"{ADDRESS} dev tap7" in node.run("ip route show table 222")
    assert EUI64 in node.run("ip -6 route show table 222 dev tap7")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"NETWORK_SUBNET": "192.0.2.0/25"}, "--subnet 192.0.2.0/25: eth0.222 has 192.0.2.0/24 2001:db8::/64"),
        ({"NETWORK_SUBNET6": "2001:db8:1::/64"}, "--subnet 2001:db8:1::/64: eth0.222 has 192.0.2.0/24 2001:db8::/64"),
        ({"NETWORK_GATEWAY": "192.0.2.2"}, f"--gateway 192.0.2.2: eth0.222 has {GATEWAY} {GATEWAY6}"),
        ({"NETWORK_GATEWAY6": "2001:db8::2"}, f"--gateway 2001:db8::2: eth0.222 has {GATEWAY} {GATEWAY6}"),
        ({"NETWORK_SUBNET": ""}, f"--ip {ADDRESS}: expected an address in 2001:db8::/64"),
        (
            {"IP": "", "NETWORK_SUBNET6": "", "NETWORK_GATEWAY6": ""},
            "--ip: expected at least one address, or --mac and a /64 of --subnet",
        ),
    ],
    ids=["subnet", "IPv6 subnet", "gateway", "IPv6 gateway", "address without its subnet", "no address"],
)
def test_a_network_that_is_not_as_ganeti_believes(
    node: Host, instance: Host, changed: dict[str, str], error: str
) -> None:
    before = snapshot(node)
    done = ifup(node, **{"IP": ADDRESS, **changed})
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tap7: {error}\n")
    assert before.difference(snapshot(node)) == ""


def test_a_table_that_nothing_is_up_for(node: Host, instance: Host) -> None:
    before = snapshot(node)
    done = ifup(node, LINK="333", IP=ADDRESS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{NIC['INTERFACE']}: no routed interface with table 333 is up\n"
    assert before.difference(snapshot(node)) == ""


def test_a_wrong_address_is_one_line_in_ganetis_log(node: Host, instance: Host) -> None:
    done = ifup(node, IP="203.0.113.7")
    assert done.returncode == 1
    assert done.stderr == "tap7: --ip 203.0.113.7: expected an address in 192.0.2.0/24 2001:db8::/64\n"


def test_other_routed_nics_stay_ganetis(node: Host, instance: Host) -> None:
    """One whose network is not ours gets what Ganeti does without a script: its own rule and route."""
    done = ifup(node, LINK="333", IP="203.0.113.7", NETWORK_TAGS="")
    assert done.returncode == 0
    assert "203.0.113.7 dev tap7 proto static" in node.run("ip route show table 333")
    assert not [path for path in leftovers(node) if NIC["INTERFACE"] in path]
    node.run("ip rule del dev tap7")


def test_bridged_nics_stay_ganetis(node: Host, instance: Host) -> None:
    node.run("ip link add br0 type bridge")
    done = ifup(node, MODE="bridged", LINK="br0", NETWORK_TAGS="")
    assert done.returncode == 0, done
    assert "master br0" in node.run("ip link show dev tap7")
    node.run("ip link set tap7 nomaster; ip link del br0")
