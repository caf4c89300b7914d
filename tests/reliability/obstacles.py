"""Obstacles: ways to have the kernel itself refuse one command of the hook, for as long as the obstacle stands.

Each is a context manager. What they touch, /usr/bin/ip and the rest, is replaced in the node's own mount namespace.
"""

from __future__ import annotations

import shlex
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from node import Node, Planned

NETFILTER = 12  # NETLINK_NETFILTER, include/uapi/linux/netlink.h
REQUEST, CREATE = 0x1, 0x400
BATCH_BEGIN, BATCH_END, NFTABLES, NETDEV = 16, 17, 10, 5
NAME, FLAGS, OWNER = 1, 2, 2  # NFTA_TABLE_…, NFT_TABLE_F_OWNER, include/uapi/linux/netfilter/nf_tables.h

DIRECTORY = "/run/obstacle"
WITHOUT_PRIVILEGE = "setpriv --bounding-set=-all --inh-caps=-all"

# Goes through a batch in three parts, of which the second is one line. Blank lines keep the numbers of the others true.
STAND_IN_FOR_IP = r"""#!/bin/sh
real=/run/obstacle/ip
case " $* " in FAMILY) ;; *) exec $real "$@" ;; esac
case " $* " in *" -force "*) force=yes ;; *) force= ;; esac
batch=$(cat)
line=$(printf '%s\n' "$batch" | grep -nxF -e COMMAND)
line=${line%%:*}
code=0
part() {
    printf '%s\n' "$batch" | sed "$1" | ${3-} $real $2 || code=$?
    [ $code = 0 ] || [ "$force" ] || exit $code
}
if [ "$line" ]; then
    part "$line,\$ s/.*//" "$*"
    part "$line! s/.*//" "$*" "INSTEAD"
    part "1,$line s/.*//" "$*"
else
    part "" "$*"
fi
exit $code
"""

STAND_IN_FOR_TABLES = """#!/bin/sh
case "$*" in {words}) exec {without_privilege} {real} "$@" ;; esac
exec {real} "$@"
"""


@contextmanager
def refused_ip(node: Node, command: str, instead: str = WITHOUT_PRIVILEGE) -> Iterator[None]:
    """One line of a batch of ip(8) is run without the privilege to change anything, or with a command before it."""
    words = command.removeprefix("ip -6 ").removeprefix("ip ")
    family = '" -6 "*-batch*' if command.startswith("ip -6 ") else '" -batch "* | " -force "*'
    stand_in = STAND_IN_FOR_IP
    for name, value in (("FAMILY", family), ("COMMAND", shlex.quote(words)), ("INSTEAD", instead)):
        stand_in = stand_in.replace(name, value)
    node.run(f"mkdir -p {DIRECTORY}; cp /usr/bin/ip {DIRECTORY}/ip")
    node.write(f"{DIRECTORY}/stand-in", stand_in)
    node.run(f"chmod +x {DIRECTORY}/stand-in; mount --bind {DIRECTORY}/stand-in /usr/bin/ip")
    try:
        yield
    finally:
        node.run("umount /usr/bin/ip")


@contextmanager
def refused_tables(node: Node, command: str) -> Iterator[None]:
    """One command of arptables, iptables or ip6tables, which may end in `*`, is run without privilege."""
    program, _, words = command.replace('"', "").partition(" ")
    words = "*".join(shlex.quote(part) for part in words.split("*"))
    alternative = f"/etc/alternatives/{program}"
    real = node.run(f"readlink {alternative}").strip()
    stand_in = STAND_IN_FOR_TABLES.format(words=words, real=real, without_privilege=WITHOUT_PRIVILEGE)
    node.run(f"rm {alternative}")
    node.write(alternative, stand_in)
    node.run(f"chmod +x {alternative}")
    try:
        yield
    finally:
        node.run(f"ln -sfn {real} {alternative}")


@contextmanager
def refused_nft(node: Node) -> Iterator[None]:
    """Nft(8) is run without privilege."""
    node.run(f"mkdir -p {DIRECTORY}; cp /usr/sbin/nft {DIRECTORY}/nft")
    node.write(f"{DIRECTORY}/stand-in", f'#!/bin/sh\nexec {WITHOUT_PRIVILEGE} {DIRECTORY}/nft "$@"')
    node.run(f"chmod +x {DIRECTORY}/stand-in; mount --bind {DIRECTORY}/stand-in /usr/sbin/nft")
    try:
        yield
    finally:
        node.run("umount /usr/sbin/nft")


@contextmanager
def owned_table(node: Node, table: str) -> Iterator[None]:
    """A table of nftables that stands as long as its owner's socket is open, and that nobody else can delete."""
    node.run(f"nft delete table netdev {table}")
    name = table.encode() + b"\0"
    fields = struct.pack("=HH", 4 + len(name), NAME) + name + bytes(-len(name) % 4)
    fields += struct.pack("=HH", 8, FLAGS) + OWNER.to_bytes(4, "big")
    batch = [(BATCH_BEGIN, 0, NFTABLES, b""), (NFTABLES << 8, NETDEV, 0, fields), (BATCH_END, 0, NFTABLES, b"")]
    with node.network():
        owner = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    with owner:
        owner.send(
            b"".join(
                struct.pack("=IHHII", 20 + len(body), kind, REQUEST | CREATE, 0, 0)
                + struct.pack("!BBH", family, 0, resource)
                + body
                for kind, family, resource, body in batch
            )
        )
        yield


@contextmanager
def missing(node: Node, program: str) -> Iterator[None]:
    """The program is not there."""
    alternative = f"/etc/alternatives/{program}"
    real = node.run(f"readlink {alternative}").strip()
    node.run(f"rm {alternative}")
    try:
        yield
    finally:
        node.run(f"ln -sfn {real} {alternative}")


@contextmanager
def read_only(node: Node, path: str) -> Iterator[None]:
    """A file, or a directory and all below it, can't be written."""
    node.run(f"mount --bind {path} {path}; mount -o remount,bind,ro {path}")
    try:
        yield
    finally:
        node.run(f"umount {path}")


@contextmanager
def refused(node: Node, change: Planned, command: str) -> Iterator[None]:
    """The command that adds or removes a change is refused."""
    if change.kind in ("Sysctl", "SharedSysctl"):
        obstacle = read_only(node, f"/proc/sys/{change.fields['path']}")
    elif change.kind == "ArpSource":
        operation = command.split()[1]
        obstacle = refused_tables(node, f"arptables {operation} *")
    elif change.kind == "NeighbourProbes":
        obstacle = refused_nft(node) if command == change.add else owned_table(node, command.split()[-1])
    elif change.kind == "Masquerade":
        obstacle = refused_tables(node, command)
    else:
        obstacle = refused_ip(node, command)
    with obstacle:
        yield
