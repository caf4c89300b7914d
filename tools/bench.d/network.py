"""The network that the benchmarks attach guests to: a link between the node and its gateway."""

import os
import subprocess
import time
from pathlib import Path

import node

LINK = "eth0.222"
GATEWAYS = {"IPv4": "192.0.2.1", "IPv6": "2001:db8::1"}
STANZA = f"""
iface {LINK} inet manual
    routed-subnet  192.0.0.0/16 2001:db8::/64
    routed-gateway {" ".join(GATEWAYS.values())}
"""
GUEST = ("192.0.2.10", "2001:db8::2:10")
ATTACH = ["/usr/sbin/snf-network-helper", "attach", "tap0", "--network", LINK, "--no-probe", "--ip", *GUEST]
DETACH = ["/usr/sbin/snf-network-helper", "detach", "tap0"]


def spawn_host() -> int:
    """A network namespace, by the process that holds it."""
    holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)  # it ends when we do
    while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        time.sleep(0.01)
    holders.append(holder)
    return holder.pid


holders: list["subprocess.Popen[bytes]"] = []


def inside(pid: int, script: str) -> str:
    """Runs a script in a host's namespace."""
    return node.run("nsenter", f"--target={pid}", "--net", "sh", "-ec", script)


def plug(gateway: int) -> None:
    """The network's link, between node and gateway: ifdown deletes it, as it looks like a VLAN."""
    node.run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", str(gateway))
    inside(
        gateway,
        "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad; ip link set eth0 up;"
        f"ip addr add {GATEWAYS['IPv4']}/16 dev eth0; ip -6 addr add {GATEWAYS['IPv6']}/64 dev eth0 nodad",
    )
    Path(f"/proc/sys/net/ipv6/conf/{LINK}/accept_dad").write_text("0", "ascii")
    Path(f"/proc/sys/net/ipv6/conf/{LINK}/addr_gen_mode").write_text("0", "ascii")
    node.run("ip", "link", "set", LINK, "up")


def timed(command: list[str]) -> float:
    """How long a command takes, in milliseconds, when what the one before has left to the background is done."""
    time.sleep(0.1)
    start = time.perf_counter()
    node.run(*command)
    return (time.perf_counter() - start) * 1000
