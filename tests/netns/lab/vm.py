"""Virtual machines, and what a node does for each: the TAP side of a routed network.

A veth pair stands for the TAP: `tap` is the node's end, eth0 the machine's.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.host import Host

ROUTER_SEEN_BY_VM = "fe80::1"  # the TAP's own link-local address: a VM sees no other router


@dataclass(frozen=True)
class Subnet:
    """What a node needs to know of a routed subnet to serve a VM in it."""

    link: str = "eth0.222"
    table: str = "222"
    gateway: str = "192.0.2.1"
    gateway6: str = "2001:db8::1"
    prefix_length: int = 24


ROUTED = Subnet()


def attach(node: Host, vm: Host, tap: str, address: str = "", address6: str = "", subnet: Subnet = ROUTED) -> None:
    """Connect a VM to its node, with an address of either family or both."""
    node.run(
        f"""
        ip link add {tap} type veth peer name eth0 netns {vm.pid}
        ip -6 addr add {ROUTER_SEEN_BY_VM}/64 dev {tap} nodad
        ip link set {tap} up
        """
    )
    vm.run("ip link set eth0 up")
    if address:
        attach_ipv4(node, vm, tap, address, subnet)
    if address6:
        attach_ipv6(node, vm, tap, address6, subnet)


def attach_ipv4(node: Host, vm: Host, tap: str, address: str, subnet: Subnet) -> None:
    """Forward for the VM, route to it, and answer its ARP requests for everybody."""
    node.run(
        f"""
        ip rule add iif {tap} lookup {subnet.table}
        ip route add {address} dev {tap} table {subnet.table}
        arptables -A OUTPUT -o {tap} --opcode request -j mangle --mangle-ip-s {subnet.gateway}
        echo 1 > /proc/sys/net/ipv4/conf/{tap}/forwarding
        echo 0 > /proc/sys/net/ipv4/neigh/{tap}/proxy_delay
        echo 1 > /proc/sys/net/ipv4/conf/{tap}/proxy_arp
        """
    )
    vm.run(
        f"""
        ip addr add {address}/{subnet.prefix_length} dev eth0
        ip route add default via {subnet.gateway}
        """
    )


def attach_ipv6(node: Host, vm: Host, tap: str, address: str, subnet: Subnet) -> None:
    """Forward for the VM, route to it, and answer for it on the segment."""
    node.run(
        f"""
        ip -6 rule add iif {tap} lookup {subnet.table}
        ip -6 route add {address} dev {tap} table {subnet.table}
        echo 1 > /proc/sys/net/ipv6/conf/{tap}/forwarding
        force=/proc/sys/net/ipv6/conf/{tap}/force_forwarding
        [ ! -e $force ] || echo 1 > $force
        """
    )
    proxy_ipv6(node, address, subnet)
    vm.run(
        f"""
        ip -6 addr add {address}/128 dev eth0 nodad
        ip -6 route add default via {ROUTER_SEEN_BY_VM} dev eth0
        """
    )


def proxy_ipv6(node: Host, address: str, subnet: Subnet = ROUTED) -> None:
    """Answer for the VM on the segment; the kernel forgets this whenever the segment's link goes down."""
    node.run(f"ip -6 neigh add proxy {address} dev {subnet.link}")


def detach(node: Host, tap: str, subnet: Subnet = ROUTED) -> None:
    """Take back what a node does for a VM. Routes go with the TAP; what belongs to a family may not be there."""
    node.run(
        f"""
        ip link del {tap}
        for family in -4 -6; do
            [ -z "$(ip $family rule show iif {tap})" ] || ip $family rule del iif {tap} lookup {subnet.table}
        done
        """
    )
    rule = f"OUTPUT -o {tap} --opcode request -j mangle"
    mangle = f"--mangle-ip-s {subnet.gateway}"
    if f"-o {tap} " in node.run("arptables -n -L OUTPUT"):
        # The nft and the legacy kind want it with and without what it rewrites to.
        node.run(f"arptables -D {rule} {mangle} 2>/dev/null || arptables -D {rule}")
