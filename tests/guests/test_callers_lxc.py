"""LXC: a container's veth is attached by the script that its configuration names, called as LXC does, and by LXC."""

from __future__ import annotations

import re
from pathlib import Path

from debian_package import unpacked
from guestlab import NETWORK, leftovers, place, plug
from lab.host import Host
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.waiting import comes_true

SCRIPT = Path(__file__).resolve().parents[2] / "share" / "examples" / "lxc" / "lxc-net"
MAC = "52:54:00:12:34:56"
EUI64 = "2001:db8::5054:ff:fe12:3456"

INIT = f"""#!/bin/sh
exec > /said 2>&1
ip addr add 192.0.2.77/24 dev eth0
ip route add default via {GATEWAY}
ip -6 addr add {EUI64}/128 dev eth0
ip -6 route add default via fe80::1 dev eth0
tries=0
for address in {GATEWAY} {GATEWAY6}; do
    until ping -c 1 -W 1 $address; do
        tries=$((tries + 1))
        [ $tries -lt 20 ] || break
        sleep 1
    done
done
"""


def interface() -> str:
    """The network of a container as the example's comment has it, with the script as it is here."""
    lines = re.findall(r"^# +(lxc\.net\..*)$", SCRIPT.read_text("utf-8"), re.MULTILINE)
    return re.sub(r"/usr/share/doc/\S+", str(SCRIPT), "\n".join(lines))


def test_a_container_that_lxc_starts(tmp_path: Path) -> None:
    root = tmp_path / "web1" / "root"
    for name in ("bin", "dev", "proc", "sys"):
        (root / name).mkdir(parents=True)
    (busybox,) = unpacked("busybox-static", tmp_path).glob("**/bin/busybox")
    (root / "bin" / "busybox").write_bytes(busybox.read_bytes())
    (root / "init").write_text(INIT, "utf-8")
    for path in ("bin/busybox", "init"):
        (root / path).chmod(0o755)
    for applet in ("sh", "ip", "ping", "sleep"):
        (root / "bin" / applet).symlink_to("busybox")
    (root.parent / "config").write_text(
        f"""
lxc.uts.name = web1
lxc.rootfs.path = dir:{root}
lxc.init.cmd = /init
lxc.environment = PATH=/bin
lxc.apparmor.profile = unconfined
lxc.mount.auto = proc
{interface()}
""",
        "utf-8",
    )
    with place(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack"))) as here:
        node = here.center.node1
        node.run("mkdir /etc/network/guests")
        node.write("/etc/network/guests/web1", f"--network {NETWORK} --ip 192.0.2.77 --mac {MAC}")
        before = snapshot(node)
        node.run(f"lxc-start --lxcpath={tmp_path} --name=web1 --foreground --logfile=/run/lxc.log")
        said = (root / "said").read_text("utf-8")
        for gateway in (GATEWAY, GATEWAY6):
            assert f"bytes from {gateway}: seq=0" in said, said
        assert before.difference(snapshot(node)) == "", "LXC has called the script again when the container ended"
        assert not [path for path in leftovers(node) if "web1" in path]


def test_a_container_comes_and_goes() -> None:
    with place(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack"))) as here, Host("web1") as web1:
        node = here.center.node1
        node.run("mkdir /etc/network/guests")
        node.write("/etc/network/guests/web1", f"--network {NETWORK} --ip 192.0.2.77 --mac {MAC}")
        plug(node, web1, "web1")
        before = snapshot(node)
        node.run(f"{SCRIPT} web1 net up veth web1")
        web1.run(
            f"""
            ip addr add 192.0.2.77/24 dev eth0
            ip route add default via {GATEWAY}
            ip -6 addr add {EUI64}/128 dev eth0 nodad
            ip -6 route add default via fe80::1 dev eth0
            """
        )
        pings = "\n".join(f"ping -c1 -W5 {gateway}" for gateway in (GATEWAY, GATEWAY6))
        assert comes_true(lambda: web1.attempt(pings).returncode == 0)
        node.run(f"{SCRIPT} web1 net down veth web1")
        assert before.difference(snapshot(node)) == ""
        assert not [path for path in leftovers(node) if "web1" in path]
