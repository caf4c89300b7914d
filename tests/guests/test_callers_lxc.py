"""LXC: a container's veth is attached by the script that its configuration names, called as LXC calls it."""

from __future__ import annotations

from pathlib import Path

from guestlab import NETWORK, leftovers, place, plug
from lab.host import Host
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.waiting import comes_true

SCRIPT = Path(__file__).resolve().parents[2] / "share" / "examples" / "lxc" / "lxc-net"
MAC = "52:54:00:12:34:56"
EUI64 = "2001:db8::5054:ff:fe12:3456"


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
