"""The chapters of docs/callers, followed word by word from nothing to a ping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from computer import Computer
from guestlab import plug
from lab.datacenter import DataCenter, data_center
from lab.host import Host
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.waiting import comes_true
from proxmox import MAC, Proxmox
from tapwire import tap, wired

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "share" / "examples"


def section(chapter: str) -> str:
    """The way to the first ping."""
    text = (ROOT / "docs" / "callers" / f"{chapter}.md").read_text("utf-8")
    _, _, rest = text.partition("\n## From nothing to a ping\n")
    return rest.partition("\n## ")[0]


def stanzas(chapter: str) -> str:
    """What it writes to the file of interfaces."""
    return "\n".join(re.findall(r"^```\n(.*?)^```$", section(chapter), re.MULTILINE | re.DOTALL))


def commands(text: str) -> str:
    """The indented lines, which are for a shell."""
    return "\n".join(line[4:] for line in re.sub(r"(?s)```.*?```", "", text).splitlines() if line.startswith("    "))


def steps(chapter: str) -> tuple[str, str]:
    """The commands on the node, and those inside the guest."""
    on_the_node, found, inside = section(chapter).partition("\nInside the ")
    assert found
    return commands(on_the_node), commands(inside)


@pytest.fixture
def center() -> Iterator[DataCenter]:
    """A router that is up, in front of nodes that have a link."""
    with data_center() as center:
        for host in center.routed_hosts:
            center.segment.plug(host, center.link)
        center.router.interfaces(str(Stanza("router", "dual stack")))
        center.router.run(f"ifup {center.link}")
        yield center


def test_qemu(center: DataCenter, tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    on_the_node, inside = steps("qemu")
    archive = computer.file_system(tmp_path, inside)
    disk = f'-kernel {computer.kernel} -initrd {archive} -append "console=ttyS0 quiet panic=-1"'
    here = {
        "-accel kvm -m 1024": "-accel tcg -m 256 -nodefaults -display none -no-reboot -serial stdio",
        "-drive file=web1.qcow2,if=virtio": disk,
    }
    for there, instead in here.items():
        assert there in on_the_node
        on_the_node = on_the_node.replace(there, instead)
    center.node1.interfaces(stanzas("qemu"))
    console = center.node1.run(on_the_node)
    assert f"bytes from {GATEWAY}: seq=2" in console, console
    # Its first pings by IPv6 are refused as long as its address is tentative
    assert f"bytes from {GATEWAY6}: seq=0" in console, console


@pytest.mark.parametrize("chapter", ["lxc", "libvirt", "ganeti", "incus"])
def test_the_node(center: DataCenter, chapter: str) -> None:
    """The network, and the commands that take no hypervisor; what these run themselves is in the other tests."""
    node = center.node1
    node.interfaces(stanzas(chapter))
    ours = [
        line for line in steps(chapter)[0].splitlines() if re.match("ifup|snf-network-helper status|mkdir|echo", line)
    ]
    shown = node.run("\n".join(ours))
    assert "applied  ip link set eth0.222 up" in shown
    assert not re.search("^  (?!applied|kept)", shown, re.MULTILINE)
    if chapter in ("lxc", "libvirt"):
        options = node.run("cat /etc/network/guests/web1").strip()
        with Host("web1") as web1:
            plug(node, web1, "web1")
            node.run(f"snf-network-helper attach web1 {options}")
            web1.run("ip link set eth0 address 52:54:00:12:34:56")
            web1.run(steps(chapter)[1])


@pytest.mark.parametrize(
    ("chapter", "example"),
    [("lxc", "lxc/lxc-net"), ("libvirt", "libvirt/libvirt-ifup"), ("proxmox", "proxmox/hookscript")],
)
def test_the_chapter_has_what_the_example_says(chapter: str, example: str) -> None:
    said = re.findall("^#     (.*)$", (EXAMPLES / example).read_text("utf-8"), re.MULTILINE)
    configuration = [line for line in said if re.match(r" *<|lxc\.|mkdir|ln ", line)]
    assert configuration
    lines = section(chapter).splitlines()
    assert [line for line in configuration if f"    {line}" not in lines] == []


def test_proxmox(center: DataCenter) -> None:
    host = center.node1
    host.run(
        """
        mkdir -p /run/var/upper /run/var/work
        mount -t overlay -o lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work overlay /var
        """
    )
    node = Proxmox(host, "vmbr222")
    host.interfaces("source /etc/network/interfaces.d/*")
    host.write("/etc/network/interfaces.d/routed", stanzas("proxmox").replace("eno1", "eth0"))
    on_the_node, inside = steps("proxmox")
    script = on_the_node.replace("eno1", "eth0").replace("ifreload -a", "ifup -a")
    script, starts = re.subn(r"(?m)^(qm|pct) start .*$", "", script)
    assert starts == 2
    host.run(f"PATH=/run/pve/bin:$PATH; rmdir /etc/network/guests\n{script}")
    node.hookscript = "/var/lib/vz/snippets/routed"
    with Host("vm") as vm, wired(tap(host, "tap101i0"), vm, MAC):
        check(node, vm, 101, "tap101i0", 10, inside)
    with Host("ct") as ct:
        plug(host, ct, "veth102i0")
        check(node, ct, 102, "veth102i0", 11, inside)


def check(node: Proxmox, guest: Host, vmid: int, link: str, number: int, inside: str) -> None:
    """Starts a guest that configures itself as Proxmox has it do."""
    node.hook(vmid, "pre-start")
    node.plug(link, firewall=True)
    node.hook(vmid, "post-start")
    guest.run(
        f"""
        ip addr add 192.0.2.{number}/24 dev eth0
        ip route add default via 192.0.2.1
        ip -6 addr add 2001:db8::{number}/128 dev eth0
        ip -6 route add default via fe80::1 dev eth0
        """
    )
    assert comes_true(lambda: guest.attempt(inside).returncode == 0)
    node.hook(vmid, "post-stop")
