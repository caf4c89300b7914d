"""attach --serve: a machine that knows nothing is told its addresses, by real clients of DHCP and by its kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from guestlab import NETWORK, attach, attach_command, detach, leftovers, plug, refused
from lab.datacenter import DataCenter, data_center
from lab.host import Host
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.waiting import comes_true

MAC = "52:54:00:12:34:56"
ADDRESS = "192.0.2.77"
EUI64 = "2001:db8::5054:ff:fe12:3456"
SERVE = f"--mac {MAC} --serve --no-probe"
DNS, DNS6 = "198.51.100.53", "2001:db8:64::53"

# What dhclient calls: it leaves what it was told, and does with it what Debian's own script would do.
SCRIPT = """#!/bin/sh
env > /run/lease.$reason
[ "$reason" = BOUND ] || exit 0
ip addr add "$new_ip_address/$new_subnet_mask" dev eth0
ip route add default via "$new_routers" dev eth0
"""


@pytest.fixture(scope="module")
def center() -> Iterator[DataCenter]:
    """A router and a node that are up."""
    with data_center() as center:
        center.bring_up(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack")))
        yield center


@dataclass
class Guest:
    """A machine, and the node that it is plugged into."""

    host: Host
    node: Host

    def lease(self) -> dict[str, str]:
        """Asks for an IPv4 lease, uses it, and gives back what it says."""
        return self.dhclient("-4", "BOUND")

    def information(self) -> dict[str, str]:
        """Asks by DHCPv6 for everything that is no address."""
        return self.dhclient("-6 -S", "RENEW6")

    def dhclient(self, mode: str, reason: str) -> dict[str, str]:
        """Runs dhclient until it has its answer, and gives back what it is told."""
        self.host.run(f"dhclient {mode} -1 -q -sf /run/script -lf /run/leases -pf /run/dhclient.pid eth0")
        # It has gone into the background by now, but need not have written its number yet
        assert comes_true(lambda: self.host.attempt("test -s /run/dhclient.pid").returncode == 0)
        process = int(self.host.run("cat /run/dhclient.pid"))
        with suppress(ProcessLookupError):  # dhclient of Debian 13 ends once it knows all that -S asks for
            os.kill(process, signal.SIGKILL)
        assert comes_true(lambda: not is_running(process))
        self.host.run("rm -f /run/dhclient.pid")
        told = (line.partition("=") for line in self.host.run(f"cat /run/lease.{reason}").splitlines())
        return {name.removeprefix("new_"): value for name, _, value in told if name.startswith("new_")}

    def learns_ipv6(self) -> bool:
        """Whether the kernel comes to have an address that is no trial any more, and a default route."""
        return comes_true(
            lambda: bool(self.host.run("ip -6 route show default"))
            and bool(self.host.run("ip -6 addr show dev eth0 scope global"))
            and self.host.settled()
        )

    def reaches(self, address: str) -> bool:
        """Whether the machine gets an answer from an address."""
        return self.host.attempt(f"ping -c1 -W5 {address}").returncode == 0


@pytest.fixture
def guest(center: DataCenter) -> Iterator[Guest]:
    """A machine with a MAC address of its own, and nothing else."""
    with Host("guest") as host:
        plug(center.node1, host)
        host.run(f"ip link set eth0 down; ip link set eth0 address {MAC}; ip link set eth0 up")
        host.write("/run/script", SCRIPT)
        host.run("chmod +x /run/script")
        yield Guest(host, center.node1)
        center.node1.run("snf-network-helper detach tap0")
        host.run("ip link del eth0")


def is_running(process: int) -> bool:
    """Whether a process has not ended; one that nobody has waited for has no command line any more."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except OSError:
        return False


def servers(node: Host) -> dict[str, int]:
    """The servers in the node's network, by their names."""
    network = os.readlink(f"/proc/{node.pid}/ns/net")
    found: dict[str, int] = {}
    for process in sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        try:
            if os.readlink(f"/proc/{process}/ns/net") == network:
                name = Path(f"/proc/{process}/comm").read_text("utf-8").strip()
                if name in ("dnsmasq", "radvd"):
                    found[name] = process
        except OSError:
            continue
    return found


def test_a_dhcp_client_gets_the_one_lease(guest: Guest, center: DataCenter) -> None:
    attach(guest.node, "tap0", ADDRESS, options=f"{SERVE} --hostname web1 --dns {DNS}")
    lease = guest.lease()
    assert lease["ip_address"] == ADDRESS
    assert lease["subnet_mask"] == "255.255.255.0"
    assert lease["routers"] == GATEWAY
    assert lease["domain_name_servers"] == DNS
    assert lease["host_name"] == "web1"
    assert guest.reaches(GATEWAY)
    assert center.router.attempt(f"ping -c1 -W5 {ADDRESS}").returncode == 0


def test_the_kernel_makes_the_eui64_address(guest: Guest, center: DataCenter) -> None:
    attach(guest.node, "tap0", options=SERVE)
    assert guest.learns_ipv6()
    assert f"inet6 {EUI64}/64" in guest.host.run("ip -6 addr show dev eth0")
    assert "default via fe80::1 dev eth0 proto ra" in guest.host.run("ip -6 route show default")
    assert "2001:db8::/64" not in guest.host.run("ip -6 route show"), "nobody else is on its link"
    assert guest.reaches(GATEWAY6)
    assert center.router.attempt(f"ping -c1 -W5 {EUI64}").returncode == 0


def test_the_rest_comes_by_dhcpv6(guest: Guest) -> None:
    attach(guest.node, "tap0", options=f"{SERVE} --dns {DNS6}")
    assert guest.learns_ipv6()
    assert guest.information()["dhcp6_name_servers"] == DNS6


def test_the_advertisement_says_so(guest: Guest) -> None:
    attach(guest.node, "tap0", options=SERVE)
    assert guest.learns_ipv6()
    with guest.host.network():
        link = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    with link:
        link.settimeout(20)
        link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)  # RFC 4861, 6.1.1
        everywhere = ("ff02::2", 0, 0, int(guest.host.run("cat /sys/class/net/eth0/ifindex")))
        link.sendto(bytes([133, 0, 0, 0, 0, 0, 0, 0]), everywhere)  # the kernel puts the checksum in
        while (packet := link.recv(2048))[0] != 134:
            continue
    assert packet[5] & 0b11000000 == 0b01000000, "M off, O on (RFC 4861, 4.2)"


def test_both_families_at_once(guest: Guest) -> None:
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    guest.lease()
    assert guest.learns_ipv6()
    assert guest.reaches(GATEWAY)
    assert guest.reaches(GATEWAY6)


def test_a_lease_is_renewed(guest: Guest) -> None:
    """By a request to the server itself: its address is on the node alone, and the answer takes the guest's route."""
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    server = guest.lease()["dhcp_server_identifier"]
    address, mac = socket.inet_aton(ADDRESS), bytes.fromhex(MAC.replace(":", ""))
    request = b"\x01\x01\x06\x00RENW" + bytes(4) + address + bytes(12) + mac.ljust(16 + 64 + 128, b"\x00")
    options = b"\x63\x82\x53\x63" + b"\x35\x01\x03" + b"\xff"  # DHCPREQUEST (RFC 2131, 4.3.2, RENEWING)
    with guest.host.network():
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with client:
        client.settimeout(20)
        client.bind((ADDRESS, 68))
        client.sendto(request + options, (server, 67))
        answer = client.recv(2048)
    assert answer[4:8] == b"RENW"
    assert answer[16:20] == address
    assert answer[240:243] == b"\x35\x01\x05", "DHCPACK"


def test_two_machines_of_one_node(guest: Guest) -> None:
    """Each is told its own address: the servers share the node's ports, and their addresses, but no link."""
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    with Host("other") as host:
        other = Guest(host, guest.node)
        plug(guest.node, host, "tap1")
        mac = "52:54:00:ab:cd:ef"
        host.run(f"ip link set eth0 down; ip link set eth0 address {mac}; ip link set eth0 up")
        host.write("/run/script", SCRIPT)
        host.run("chmod +x /run/script")
        attach(guest.node, "tap1", "192.0.2.78", options=f"--mac {mac} --serve --no-probe")
        assert guest.lease()["ip_address"] == ADDRESS
        assert other.lease()["ip_address"] == "192.0.2.78"
        assert guest.learns_ipv6()
        assert other.learns_ipv6()
        assert other.reaches(ADDRESS)
        assert other.reaches(EUI64)
        detach(guest.node, "tap1")
        assert servers(guest.node).keys() == {"dnsmasq", "radvd"}, "those of the machine that stays"
        host.run("ip link del eth0")


def test_a_tap_that_vanished(guest: Guest) -> None:
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    guest.host.run("ip link del eth0")
    guest.node.run("snf-network-helper detach --if-gone tap0")
    assert servers(guest.node) == {}
    assert not [path for path in leftovers(guest.node) if "tap0" in path]
    plug(guest.node, guest.host)


def test_detach_ends_the_servers_and_nothing_else(guest: Guest) -> None:
    before = snapshot(guest.node)
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    assert servers(guest.node).keys() == {"dnsmasq", "radvd"}
    detach(guest.node, "tap0")
    assert servers(guest.node) == {}
    assert before.difference(snapshot(guest.node)) == ""
    assert not [path for path in leftovers(guest.node) if "tap0" in path]


def test_each_family_has_only_what_it_needs(guest: Guest) -> None:
    attach(guest.node, "tap0", options=SERVE)
    assert "169.254" not in guest.node.run("ip addr show dev tap0")
    detach(guest.node, "tap0")


def test_the_node_speaks_in_no_new_name(guest: Guest) -> None:
    """The servers' addresses are the source of nothing that the node sends itself."""
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    assert "169.254" not in guest.node.run(f"ip route get {ADDRESS}")
    assert "fd73" not in guest.node.run(f"ip route get {EUI64}")


def test_a_server_that_died_comes_back(guest: Guest) -> None:
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    before = servers(guest.node)
    os.kill(before["dnsmasq"], signal.SIGKILL)
    assert comes_true(lambda: "dnsmasq" not in servers(guest.node))
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    after = servers(guest.node)
    assert after["dnsmasq"] != before["dnsmasq"]
    assert after["radvd"] == before["radvd"]
    assert guest.lease()["ip_address"] == ADDRESS


def test_the_servers_outlive_an_ifdown_of_the_network(guest: Guest, center: DataCenter) -> None:
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    before = servers(guest.node)
    guest.node.run(f"ifdown {NETWORK}")
    assert guest.lease()["ip_address"] == ADDRESS
    if guest.node.attempt(f"ip link show {NETWORK}").returncode:  # a script of the vlan package deletes it
        center.segment.plug(guest.node, NETWORK)
    guest.node.run(f"ifup {NETWORK}")
    assert servers(guest.node) == before
    assert guest.learns_ipv6()
    assert comes_true(lambda: guest.reaches(GATEWAY))
    assert comes_true(lambda: guest.reaches(GATEWAY6))


def test_other_options_reach_the_servers(guest: Guest) -> None:
    attach(guest.node, "tap0", ADDRESS, options=f"{SERVE} --hostname web1")
    attach(guest.node, "tap0", ADDRESS, options=f"{SERVE} --hostname web2")
    assert guest.lease()["host_name"] == "web2"
    attach(guest.node, "tap0", ADDRESS, options=f"--mac {MAC} --no-probe")
    assert servers(guest.node) == {}
    assert guest.reaches(GATEWAY)


def test_no_other_process_is_ended(guest: Guest) -> None:
    """The number of a server that died may be another process's by now."""
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    os.kill(servers(guest.node)["dnsmasq"], signal.SIGKILL)
    assert comes_true(lambda: "dnsmasq" not in servers(guest.node))
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as bystander:
        guest.node.run(f"echo {bystander.pid} > /run/snf-network-helper/serve/tap0.dnsmasq.pid")
        detach(guest.node, "tap0")
        assert bystander.poll() is None
        bystander.kill()


def test_after_a_kill_detach_finds_the_servers_all_the_same(guest: Guest) -> None:
    """attach was killed before it could write that they run, even before they could write their pid files."""
    before = snapshot(guest.node)
    attach(guest.node, "tap0", ADDRESS, options=SERVE)
    guest.node.run(
        """
        sed -i -E 's/^applied (DhcpServer|Advertiser) /pending \\1 /' /run/snf-network-helper/attached/tap0
        rm /run/snf-network-helper/serve/*.pid
        """
    )
    detach(guest.node, "tap0")
    assert comes_true(lambda: servers(guest.node) == {})
    assert before.difference(snapshot(guest.node)) == ""
    assert not [path for path in leftovers(guest.node) if "tap0" in path]


def test_a_server_that_does_not_start_leaves_nothing(guest: Guest) -> None:
    before = snapshot(guest.node)
    with guest.node.network():
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with taken:
        taken.bind(("", 67))
        line = refused(guest.node, attach_command("tap0", ADDRESS, options=SERVE))
    assert line.startswith("tap0: dnsmasq --conf-file=")
    assert "Address already in use" in line
    assert line.endswith("undone)")
    assert servers(guest.node) == {}
    assert before.difference(snapshot(guest.node)) == ""


@pytest.mark.parametrize(
    ("options", "expected"),
    {
        "no MAC": ("--serve", "--serve: expected --mac with it"),
        "DNS for nobody": (f"--dns {DNS}", "--dns: expected --serve with it"),
        "no address": (f"--mac {MAC} --serve --dns nowhere", "--dns nowhere: expected an IPv4 or IPv6 address"),
        "no name": (f"--mac {MAC} --hostname web_1", "--hostname web_1: expected letters, digits and -"),
    }.values(),
)
def test_mistakes(guest: Guest, options: str, expected: str) -> None:
    assert refused(guest.node, attach_command("tap0", ADDRESS, options=options)) == f"tap0: {expected}"


def test_an_address_that_no_advertisement_gives(guest: Guest) -> None:
    line = refused(guest.node, attach_command("tap0", "2001:db8::77", options=f"--mac {MAC} --serve"))
    assert line == f"tap0: --serve: expected the EUI-64 address of {MAC} in a /64, not 2001:db8::77"
