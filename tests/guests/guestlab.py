"""Virtual machines on nodes where `snf-network-helper attach` does the node's part."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab.datacenter import DataCenter, VirtualMachine, data_center
from lab.host import Host
from lab.node import Node, lone_node
from lab.stanzas import GATEWAY, Stanza

NETWORK = "eth0.222"
TAP_MAC = "02:73:6e:66:00:01"
ROUTER_OF_GUESTS = "fe80::1"
COMMAND = "snf-network-helper"
RUN = "/run/snf-network-helper"


def plug(node: Host, guest: Host, tap: str = "tap0") -> None:
    """Give a machine its TAP, down, as an engine makes it: a veth pair, of which eth0 is the machine's end."""
    node.run(f"ip link add {tap} type veth peer name eth0 netns {guest.pid}")
    guest.run("ip link set eth0 up")


def configure(guest: Host, *addresses: str) -> None:
    """Give the machine its addresses and its routers, as it would have learnt them."""
    for address in addresses:
        if ":" in address:
            guest.run(f"ip -6 addr add {address}/128 dev eth0 nodad")
            guest.run(f"ip -6 route replace default via {ROUTER_OF_GUESTS} dev eth0")
        else:
            guest.run(f"ip addr add {address}/24 dev eth0; ip route replace default via {GATEWAY} dev eth0")


def attach(node: Host, tap: str, *addresses: str, network: str = NETWORK, options: str = "") -> None:
    """Attach a TAP that must not be refused."""
    node.run(attach_command(tap, *addresses, network=network, options=options))


def attach_command(tap: str, *addresses: str, network: str = NETWORK, options: str = "") -> str:
    """The command line that attaches a TAP."""
    words = [COMMAND, "attach", tap, "--network", network, *(["--ip", *addresses] if addresses else []), options]
    return " ".join(filter(None, words))


def detach(node: Host, tap: str, options: str = "") -> None:
    """Detach a TAP."""
    node.run(f"{COMMAND} detach {tap} {options}")


def refused(node: Host, command: str) -> str:
    """The one line by which a command is refused."""
    done = node.attempt(command)
    assert (done.returncode, done.stdout) == (1, ""), done
    (line,) = done.stderr.splitlines()
    return line


def started(node: Host, command: str) -> subprocess.Popen[str]:
    """A command line at work; what it says is to be read."""
    return subprocess.Popen(
        ["nsenter", f"--target={node.pid}", "--net", "--mount", "--uts", "sh", "-ec", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
    )


def leftovers(node: Host) -> list[str]:
    """What is below the journal's directory beside locks and drafts, which nobody reads."""
    found = node.run(f"find {RUN} -mindepth 2 ! -path '*/lock/*' -printf '%P\\n' 2>/dev/null || :").split("\n")
    return [path for path in found if path]


@contextmanager
def node_up(stanza: Stanza | None = None, xtables: str = "nft", settings: str = "") -> Iterator[Node]:
    """A lived-in node whose network is up."""
    stanza = stanza or Stanza()
    with lone_node(xtables) as node:
        node.plug(stanza.link)
        node.segment.run("ip link set bridge up")
        if settings:
            node.host.write("/etc/default/snf-network-helper", settings)
        node.host.interfaces(str(stanza))
        node.host.run(f"ip link set {stanza.link} up; ifup {stanza.link}")
        yield node


@dataclass
class Place:
    """A data centre, its machines attached by the command."""

    center: DataCenter
    taps: dict[VirtualMachine, tuple[Host, str]] = field(default_factory=dict)

    def attach(self, vm: VirtualMachine, node: Host, tap: str, *addresses: str, options: str = "") -> None:
        """Plug, configure and attach one machine."""
        plug(node, vm.host, tap)
        configure(vm.host, *addresses)
        attach(node, tap, *addresses, network=self.center.link, options=options)
        self.taps[vm] = (node, tap)


@contextmanager
def place(
    router: str,
    vmc: str,
    families: tuple[str, ...] = ("IPv4", "IPv6"),
    settings: str = "",
    hosts_vms: bool = False,
    link: str = NETWORK,
) -> Iterator[Place]:
    """Two machines on node1, one on node2; `router` and `vmc` are what stands in the hosts' interfaces files."""
    with data_center(router_hosts_vms=hosts_vms, link=link) as center:
        for host in center.routed_hosts:
            host.write("/etc/default/snf-network-helper", settings)
        center.bring_up(router, vmc)
        here = Place(center)
        node1, node2 = center.node1, center.node2
        for vm, node, tap in ((center.vm1, node1, "tap0"), (center.vm2, node1, "tap1"), (center.vm3, node2, "tap0")):
            here.attach(vm, node, tap, *(vm.at(family) for family in families), options="--no-probe")
        center.settle()
        yield here
