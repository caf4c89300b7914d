"""What Proxmox VE does on a node, as its sources say: it makes a guest's links and calls its hookscript."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

from lab.host import Host

HOOKSCRIPT = Path(__file__).resolve().parents[2] / "share" / "examples" / "proxmox" / "hookscript"
BRIDGE = "vmbr222"
MAC = "BC:24:11:2E:61:4A"

# qm and pct show and change the guests of this node, and fail for others
TOOL = """#!/bin/sh
file=/etc/pve/nodes/$(hostname)/{kind}/$2.conf
if [ "$1" = set ]; then
    case {kind} in
    qemu-server) value=$(echo "$4" | sed "s/^virtio,/virtio={mac},/") ;;
    *) value=$(echo "$4" | sed "s/^name=.*/&,hwaddr={mac},type=veth/") ;;
    esac
    echo "${{3#--}}: $value" >> "$file"
    exit
fi
[ "$1" = config ] || exit 255
if [ ! -e "$file" ]; then
    echo "Configuration file '$file' does not exist" >&2
    exit 2
fi
sed '/^\\[/,$d' "$file"
"""

# pve-bridge, and PVE::Network's tap_create and tap_plug
PLUG = """
plug() {{
    ip link set {tap} nomaster
    ! ip link del fwpr{vmid}p{number} 2>/dev/null || ip link del fwbr{vmid}i{number}
    if [ {firewall} = 0 ]; then
        ip link set {tap} master $1
        return
    fi
    ip link add fwbr{vmid}i{number} type bridge
    ip link add fwln{vmid}i{number} type veth peer name fwpr{vmid}p{number}
    for link in fwbr{vmid}i{number} fwln{vmid}i{number} fwpr{vmid}p{number}; do
        echo 1 > /proc/sys/net/ipv6/conf/$link/disable_ipv6
        ip link set $link up
    done
    ip link set fwln{vmid}i{number} master fwbr{vmid}i{number}
    ip link set {tap} master fwbr{vmid}i{number}
    ip link set fwpr{vmid}p{number} master $1
}}
plug {bridge}
"""


class Proxmox:
    """A node of a cluster: its commands, its files and its bridges."""

    def __init__(self, host: Host, *bridges: str) -> None:
        self.host = host
        self.hookscript = str(HOOKSCRIPT)
        host.run(
            """
            mkdir -p /run/pve/upper /run/pve/work /run/pve/bin
            mount -t overlay -o lowerdir=/etc,upperdir=/run/pve/upper,workdir=/run/pve/work overlay /etc
            for directory in network default alternatives iproute2; do
                mount --bind "/run/etc/$directory" "/etc/$directory"
            done
            mkdir -p /etc/network/guests
            for setting in /proc/sys/net/bridge/bridge-nf-call-ip*tables; do
                echo 1 > $setting
            done
            """
        )
        for tool, kind in (("qm", "qemu-server"), ("pct", "lxc")):
            host.run(f"mkdir -p /etc/pve/nodes/{host.name}/{kind}")
            host.write(f"/run/pve/bin/{tool}", TOOL.format(kind=kind, mac=MAC))
            host.run(f"chmod 755 /run/pve/bin/{tool}")
        for bridge in bridges:
            host.run(f"ip link add {bridge} type bridge; ip link set {bridge} up")

    def configure(self, vmid: int, text: str, kind: str = "qemu-server", of_node: str = "") -> None:
        """Makes `text` the configuration of a guest; of another node's, where /etc/pve has it too."""
        directory = f"/etc/pve/nodes/{of_node or self.host.name}/{kind}"
        self.host.run(f"mkdir -p {directory}")
        self.host.write(f"{directory}/{vmid}.conf", text)

    def plug(self, tap: str, bridge: str = BRIDGE, firewall: bool = False) -> None:
        """What follows when a TAP has been made."""
        self.host.run(f"echo 1 > /proc/sys/net/ipv6/conf/{tap}/disable_ipv6; ip link set {tap} up promisc on")
        self.edit(tap, bridge, firewall)

    def edit(self, tap: str, bridge: str = BRIDGE, firewall: bool = False) -> None:
        """What follows when somebody has edited its NIC."""
        vmid, number = tap.removeprefix("tap").removeprefix("veth").split("i")
        words = {"tap": tap, "vmid": vmid, "number": number, "bridge": bridge, "firewall": int(firewall)}
        self.host.run(PLUG.format(**words))

    def attempt(self, vmid: int, phase: str, migrated_from: str = "") -> CompletedProcess[str]:
        """Calls the hookscript, with the environment of Proxmox's daemons and no other."""
        origin = f"PVE_MIGRATED_FROM={migrated_from}" if migrated_from else ""
        path = "/run/pve/bin:/sbin:/bin:/usr/sbin:/usr/bin"
        return self.host.attempt(f"env -i PATH={path} {origin} {self.hookscript} {vmid} {phase}")

    def hook(self, vmid: int, phase: str, migrated_from: str = "") -> None:
        """A phase that must succeed, and say nothing."""
        done = self.attempt(vmid, phase, migrated_from)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
