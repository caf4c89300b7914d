"""Proxmox VE: its bridges, firewall links and hookscripts, as its sources say; no Proxmox takes part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from guestlab import COMMAND, NETWORK, configure, detach, leftovers, place, plug
from lab.datacenter import INTERNET
from lab.host import Host
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.traffic import reaches
from lab.waiting import comes_true
from migrationlab import TAP as CABLE
from migrationlab import migration
from proxmox import BRIDGE, HOOKSCRIPT, MAC, Proxmox
from tapwire import tap, wired

CHAPTER = HOOKSCRIPT.parents[3] / "docs" / "callers" / "proxmox.md"
ADDRESSES = ("192.0.2.77", "2001:db8::77")
VM = f"""
#notes of the%3A administrator
agent: 1
boot: order=scsi0;net0
cores: 2
ide2: local-lvm:vm-101-cloudinit,media=cdrom
ipconfig0: gw=192.0.2.1,gw6=fe80::1,ip=192.0.2.77/24,ip6=2001:db8::77/128
ipconfig1: ip=dhcp
memory: 2048
meta: creation-qemu=9.2.0,ctime=1764000000
name: web1.example.org
net0: virtio={MAC},bridge={BRIDGE},firewall=1,rate=10
net1: virtio=BC:24:11:2E:61:4B,bridge=vmbr1
scsihw: virtio-scsi-single

[before]
ipconfig0: ip=198.51.100.9/24
net0: virtio={MAC},bridge={BRIDGE}
""".lstrip()
NIC = f"name=eth0,bridge={BRIDGE},firewall=1,gw=192.0.2.1,gw6=fe80::1,hwaddr={MAC}"
CT = f"""
arch: amd64
hostname: web2
memory: 512
net0: {NIC},ip={ADDRESSES[0]}/24,ip6={ADDRESSES[1]}/128,type=veth
ostype: debian
unprivileged: 1
""".lstrip()
# Proxmox's firewall works where the guest's link is a port; its limits of the rate are at that link
FIREWALL = """
nft 'add table bridge pve; add chain bridge pve forward { type filter hook forward priority 0; }'
nft 'add rule bridge pve forward oifname "tap101i0" ip daddr 192.0.2.77 icmp type echo-request counter'
nft 'add rule bridge pve forward iifname "tap101i0" ether type ip ip daddr 192.0.2.1 udp dport 53 counter drop'
"""
LIMITS = "tc qdisc replace dev tap101i0 root tbf rate 10mbit burst 1mb latency 100ms"


@pytest.fixture
def node() -> Iterator[Proxmox]:
    """A node behind a router, whose admin has told which bridge is for routed NICs."""
    with place(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack"))) as here:
        node = Proxmox(here.center.node1, BRIDGE, "vmbr1")
        node.host.write(f"/etc/network/guests/{BRIDGE}", f"--network {NETWORK}")
        yield node


@pytest.fixture
def vm(node: Proxmox) -> Iterator[Host]:
    """A virtual machine whose two TAPs are there."""
    node.configure(101, VM)
    with Host("vm") as machine, wired(tap(node.host, "tap101i0"), machine, MAC), other_nic(node):
        configure(machine, *ADDRESSES)
        yield machine


@contextmanager
def other_nic(node: Proxmox) -> Iterator[None]:
    """The second NIC, whose bridge is not for routed ones."""
    node.host.run("ip tuntap add dev tap101i1 mode tap")
    node.plug("tap101i1", "vmbr1", firewall=True)
    yield


def online(machine: Host) -> bool:
    """Whether a guest reaches the router in both families."""
    return all(reaches(machine, address) for address in (GATEWAY, GATEWAY6))


def of_the_guest(node: Host) -> list[str]:
    """What is known of it below /run."""
    return [path for path in leftovers(node) if re.search("101|102", path)]


@pytest.mark.parametrize("firewall", [False, True], ids=["tap", "firewall"])
def test_a_virtual_machine_starts_and_stops(node: Proxmox, vm: Host, firewall: bool) -> None:
    host, end = node.host, "fwpr101p0" if firewall else "tap101i0"
    node.hook(101, "pre-start")
    node.plug("tap101i0", firewall=firewall)
    host.run(LIMITS)
    others = host.run("ip -o link show tap101i1; ip -o link show fwpr101p1")
    host.run(f"ip link set {end} nomaster")
    before = snapshot(host)
    host.run(f"ip link set {end} master {BRIDGE}; {FIREWALL}")
    node.hook(101, "post-start")
    assert comes_true(partial(online, vm))
    assert reaches(host, ADDRESSES[0])
    assert host.attempt(f"{COMMAND} status").returncode == 0
    node.hook(101, "post-start")
    assert online(vm)
    assert "tbf" in host.run("tc qdisc show dev tap101i0")
    counted = re.findall(r"packets (\d+)", host.run("nft list chain bridge pve forward"))
    assert (int(counted[0]) > 0) == firewall, "the frames to the guest pass by Proxmox's firewall"
    host.run("nft delete table bridge pve")
    assert host.run("ip -o link show tap101i1; ip -o link show fwpr101p1") == others
    node.hook(101, "pre-stop")
    assert online(vm)
    node.hook(101, "post-stop")
    node.hook(101, "post-stop")
    assert before.difference(snapshot(host)) == ""
    assert of_the_guest(host) == []


def test_nat_of_a_guest_behind_the_firewall() -> None:
    """The connection tracking meets a packet in the bridge first: a line of Proxmox's manual keeps the two apart."""
    nat = str(Stanza("router-vmc", "dual stack", nat=True))
    with place(nat, str(Stanza("vmc", "dual stack")), hosts_vms=True) as here, Host("vm") as machine:
        node = Proxmox(here.center.router, BRIDGE)
        node.host.write(f"/etc/network/guests/{BRIDGE}", f"--network {NETWORK}")
        node.configure(101, VM)
        with wired(tap(node.host, "tap101i0"), machine, MAC):
            configure(machine, *ADDRESSES)
            node.plug("tap101i0", firewall=True)
            node.hook(101, "post-start")
            assert comes_true(partial(reaches, machine, GATEWAY))
            (line,) = re.findall(r"(?m)^    post-up +(iptables .*)$", CHAPTER.read_text("utf-8"))
            node.host.run(line)
            assert comes_true(partial(reaches, machine, INTERNET))


def test_the_firewall_stops_what_a_guest_sends(node: Proxmox, vm: Host) -> None:
    node.plug("tap101i0", firewall=True)
    node.host.run(FIREWALL.replace("udp dport 53", "icmp type echo-request"))
    node.hook(101, "post-start")
    assert comes_true(lambda: reaches(vm, GATEWAY6))
    assert not reaches(vm, GATEWAY)


@pytest.mark.parametrize("firewall", [False, True], ids=["veth", "firewall"])
def test_a_container_starts_and_stops(node: Proxmox, firewall: bool) -> None:
    node.configure(102, CT, "lxc")
    node.hook(102, "pre-start")
    with Host("ct") as machine:
        plug(node.host, machine, "veth102i0")
        machine.run(f"ip link set eth0 address {MAC}")
        configure(machine, *ADDRESSES)
        node.plug("veth102i0", firewall=firewall)
        node.hook(102, "post-start")
        assert comes_true(partial(online, machine))
        node.hook(102, "post-stop")
        assert of_the_guest(node.host) == []


def test_a_nic_that_somebody_edits(node: Proxmox, vm: Host) -> None:
    node.plug("tap101i0")
    node.hook(101, "post-start")
    assert comes_true(partial(online, vm))
    node.edit("tap101i0")  # another rate or another tag
    said = node.host.attempt(f"{COMMAND} status")
    line = f"missing  ip link set dev tap101i0 nomaster  (a port of {BRIDGE}, which takes its frames)"
    assert (said.returncode, line in said.stdout) == (1, True), said
    node.hook(101, "post-start")
    assert comes_true(partial(online, vm))
    node.edit("tap101i0", firewall=True)
    assert "(a port of fwbr101i0," in node.host.attempt(f"{COMMAND} status tap101i0").stdout
    node.hook(101, "post-start")
    assert comes_true(partial(online, vm))
    assert node.host.run(f"{COMMAND} status tap101i0") == "tap101i0: nothing is routed\n"
    assert node.host.attempt(f"{COMMAND} status").returncode == 0
    node.edit("tap101i0")  # the firewall is off again
    node.hook(101, "post-start")
    assert comes_true(partial(online, vm))
    assert node.host.attempt(f"{COMMAND} status").returncode == 0


def test_an_edited_nic_is_mended_by_the_command_that_status_prints(node: Proxmox, vm: Host) -> None:
    node.plug("tap101i0")
    node.hook(101, "post-start")
    node.edit("tap101i0")
    (command,) = re.findall(r"missing +(.*)  \(a port", node.host.attempt(f"{COMMAND} status").stdout)
    node.host.run(command)
    assert comes_true(partial(online, vm))
    assert node.host.attempt(f"{COMMAND} status").returncode == 0


MEND = "qm set 101 --ipconfig0 ip=192.0.2.10/24,gw=192.0.2.1"


@pytest.mark.parametrize(
    ("addressing", "said"),
    [
        ("ip=dhcp", f"net0: ip=dhcp: no address is known, expected one: {MEND}\n"),
        ("", f"net0: no address is known, expected one: {MEND}\n"),
        ("ip=192.0.2.77/24,ip6=dhcp", "net0: ip6=dhcp: no address is known, expected one, or ip6=auto\n"),
    ],
)
def test_an_address_that_is_missing(node: Proxmox, vm: Host, addressing: str, said: str) -> None:
    node.configure(101, re.sub("(?m)^ipconfig0: .*", f"ipconfig0: {addressing}", VM, count=1))
    done = node.attempt(101, "pre-start")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    node.host.write("/etc/network/guests/tap101i0", f"--ip {' '.join(ADDRESSES)}")
    node.plug("tap101i0")
    node.hook(101, "pre-start")
    node.hook(101, "post-start")
    assert comes_true(partial(online, vm))


def test_ipv6_that_needs_another_length_and_router(node: Proxmox, vm: Host) -> None:
    node.configure(101, VM.replace("gw6=fe80::1", "gw6=2001:db8::1").replace("::77/128", "::77/64"))
    done = node.attempt(101, "pre-start")
    assert (done.returncode, done.stderr.splitlines()) == (
        0,
        [
            "net0: ip6=2001:db8::77/64: other guests are not on this link, expected ip6=2001:db8::77/128",
            "net0: gw6=2001:db8::1: expected gw6=fe80::1",
        ],
    )


def test_a_network_that_is_not_up(node: Proxmox, vm: Host) -> None:
    node.host.run(f"ifdown {NETWORK}")
    done = node.attempt(101, "pre-start")
    said = f"net0: {NETWORK} is not up as a routed interface, expected: ifup {NETWORK}\n"
    assert (done.returncode, done.stderr) == (1, said)
    node.host.run(f"echo --serve > /etc/network/guests/{BRIDGE}")
    said = f"net0: /etc/network/guests/{BRIDGE}: --network is missing, expected for example --network eth0.222\n"
    assert node.attempt(101, "pre-start").stderr == said
    node.host.run(f"rm /etc/network/guests/{BRIDGE}")
    node.hook(101, "pre-start")


@pytest.mark.parametrize("source", ["is told", "is not told"])
def test_a_live_migration(source: str) -> None:
    with migration() as lab:
        detach(lab.a, CABLE)
        a, b = Proxmox(lab.a, BRIDGE), Proxmox(lab.b, BRIDGE)
        mac = lab.guest.run("cat /sys/class/net/eth0/address").strip()
        for node in (a, b):
            node.host.run(f"ip link set {CABLE} name tap101i0")
            node.host.write(f"/etc/network/guests/{BRIDGE}", f"--network {NETWORK}")
            node.configure(101, VM.replace(MAC, mac), of_node=lab.a.name)
        a.plug("tap101i0", firewall=True)
        a.hook(101, "post-start")
        answers = partial(reaches, lab.place.center.router, ADDRESSES[0])
        assert comes_true(answers)
        b.hook(101, "pre-start", migrated_from=lab.a.name)
        b.plug("tap101i0", firewall=True)
        b.hook(101, "post-start", migrated_from=lab.a.name)
        assert "awaited" in lab.b.run(f"{COMMAND} status")
        assert answers()
        if source == "is told":
            a.hook(101, "migrate-out")
            assert answers()
        lab.stop(lab.a)
        lab.go_on(lab.b)
        lab.say_hello()
        assert comes_true(lambda: "awaited" not in lab.b.run(f"{COMMAND} status"))
        if source == "is told":
            assert comes_true(lambda: of_the_guest(lab.a) == [])
        a.hook(101, "post-stop")
        assert of_the_guest(lab.a) == []
        assert comes_true(answers)


def test_a_live_migration_that_fails() -> None:
    with migration() as lab:
        detach(lab.a, CABLE)
        a, b = Proxmox(lab.a, BRIDGE), Proxmox(lab.b, BRIDGE)
        for node in (a, b):
            node.host.run(f"ip link set {CABLE} name tap101i0")
            node.host.write(f"/etc/network/guests/{BRIDGE}", f"--network {NETWORK}")
            node.configure(101, VM, of_node=lab.a.name)
            node.plug("tap101i0")
        a.hook(101, "post-start")
        b.hook(101, "post-start", migrated_from=lab.a.name)
        a.hook(101, "migrate-out")
        b.hook(101, "post-stop")
        assert of_the_guest(lab.b) == []
        a.hook(101, "migrate-in")
        assert comes_true(partial(reaches, lab.place.center.router, ADDRESSES[0]))
