"""Hosts: a network namespace with the few private directories that ifupdown and this package write to.

A host lives as long as one process, which waits for the end of its standard input. When the program that made the
host ends, however it ends, that input closes and the kernel takes the namespaces apart: nothing is left to clean up.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Self
from zlib import crc32

from lab.shelter import NoShelter, expect_shelter, namespaces
from lab.waiting import comes_true

# What runs on a host sees the tools of Debian and nothing of the environment that started the tests.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}

# /run is empty, and these directories of /etc are the host's own copies: no command on a host writes to the machine.
PRIVATE_DIRECTORIES = ("network", "default", "alternatives", "iproute2")

# The host's kernel forwards nothing and answers for nobody, whatever the machine's defaults are: a new namespace
# inherits some of them.
SILENT_SYSCTLS = {
    "ipv4": ("forwarding", "rp_filter", "proxy_arp", "arp_ignore", "arp_announce", "arp_filter"),
    "ipv6": ("forwarding", "force_forwarding", "proxy_ndp", "disable_ipv6"),
}

PREPARATION = """
for namespace in {machines}; do
    for own in /proc/self/ns/net /proc/self/ns/mnt; do
        [ "$(readlink $own)" != "$namespace" ] || {{ echo machine; exit 1; }}
    done
done
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/network /run/lock /run/etc
for directory in {directories}; do
    cp -a "/etc/$directory" /run/etc/
    mount --bind "/run/etc/$directory" "/etc/$directory"
done
rm -rf /etc/network/interfaces.d
mkdir /etc/network/interfaces.d
: > /etc/network/interfaces
hostname {name}
for path in {sysctls}; do
    for scope in all default; do
        file=/proc/sys/net/${{path%/*}}/conf/$scope/${{path#*/}}
        [ ! -e "$file" ] || echo 0 > "$file"
    done
done
ip link set lo up
echo ready
exec cat
"""

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class CommandError(Exception):
    """A command on a host failed."""


def enter(namespace: int) -> None:
    """Move this thread to another network namespace."""
    if LIBC.setns(namespace, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Host:
    """One host of the lab, in namespaces of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        expect_shelter()
        sysctls = [f"{family}/{name}" for family, names in SILENT_SYSCTLS.items() for name in names]
        preparation = PREPARATION.format(
            name=name,
            machines=" ".join(f"'{namespace}'" for namespace in namespaces()),
            directories=" ".join(PRIVATE_DIRECTORIES),
            sysctls=" ".join(sysctls),
        )
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "--propagation", "private", "sh", "-ec", preparation],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env=ENVIRONMENT,
        )
        assert self._holder.stdout is not None
        said = self._holder.stdout.readline()
        if said == "machine\n":
            raise NoShelter(f"{name}: this is the machine's own network, or its own mounts, which no test may touch")
        if said != "ready\n":
            raise CommandError(f"{name}: no namespaces could be made (this takes root)")

    @property
    def pid(self) -> int:
        """The process that holds the namespaces, by which ip(8) names them."""
        return self._holder.pid

    def attempt(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run lines of shell on this host up to the first that fails, and give back how that went."""
        return subprocess.run(
            ["nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "sh", "-ec", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )

    def run(self, script: str) -> str:
        """Run lines of shell that must all succeed, and give back what they print."""
        done = self.attempt(script)
        if done.returncode:
            raise CommandError(f"{self.name}: {script.strip()}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file of this host: one of its private directories, or /proc/sys."""
        self.run(f"cat > {path} <<'THE_END'\n{text.rstrip()}\nTHE_END")

    def sysctl(self, path: str) -> str:
        """A value below /proc/sys/net, by its path: names with dots would be ambiguous."""
        return self.run(f"cat /proc/sys/net/{path}").strip()

    def interfaces(self, text: str) -> None:
        """Make `text` this host's /etc/network/interfaces."""
        self.write("/etc/network/interfaces", text)

    def use_xtables(self, variant: str) -> None:
        """Choose between the nft and the legacy kind of iptables, ip6tables and arptables, on this host only."""
        self.run(
            f"""
            for link in /etc/alternatives/*tables /etc/alternatives/*tables-save /etc/alternatives/*tables-restore; do
                name=${{link##*/}}
                family=${{name%%-*}}
                [ ! -e "/usr/sbin/$family-{variant}${{name#"$family"}}" ] ||
                    ln -sfn "/usr/sbin/$family-{variant}${{name#"$family"}}" "$link"
            done
            """
        )
        for family in ("iptables", "ip6tables", "arptables"):
            target = self.run(f"readlink /etc/alternatives/{family}").strip()
            if target != f"/usr/sbin/{family}-{variant}":
                raise CommandError(f"{self.name}: {family} is {target}, not of the {variant} kind")

    @contextmanager
    def network(self) -> Iterator[None]:
        """Open sockets in here to have them on this host; they stay there afterwards."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/proc/{self.pid}/ns/net", "rb") as there:
            enter(there.fileno())
            try:
                yield
            finally:
                enter(home.fileno())

    def settled(self, but: Collection[str] = ()) -> bool:
        """Whether every link that is up and has a carrier also has the IPv6 addresses it is about to have."""
        links = {
            name
            for name, flags in re.findall(r"^\d+: ([^:@]+)\S* <(\S*)>", self.run("ip -o link show up"), re.MULTILINE)
            if "LOWER_UP" in flags and "LOOPBACK" not in flags
            if name not in but and self._has_ipv6(name)
        }
        addresses = self.run("ip -o -6 addr show")
        settled = {line.split()[1] for line in addresses.splitlines() if " scope link" in line}
        # An address that is not tried has no route either until the kernel knows of the carrier
        local = re.findall(r"^local (\S+) dev (\S+)", self.run("ip -6 route show table local"), re.MULTILINE)
        added = re.findall(r"^\d+: (\S+) +inet6 ([^/ ]+)", addresses, re.MULTILINE)
        routed = {(address, link) for link, address in added if link in links} <= {*local}
        return links <= settled and routed and " tentative" not in addresses

    def _has_ipv6(self, link: str) -> bool:
        """Whether a link is to have IPv6 addresses; the kernel's word for it may be hidden."""
        return self.attempt(f"cat /proc/sys/net/ipv6/conf/{link}/disable_ipv6").stdout != "1\n"

    def settle(self, but: Collection[str] = ()) -> None:
        """Wait until IPv6 has tried its addresses and added the routes that come with them."""
        if not comes_true(lambda: self.settled(but)):
            raise CommandError(f"{self.name}: IPv6 addresses stay tentative:\n{self.run('ip -6 addr')}")

    def leave(self) -> None:
        """Take this host apart."""
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


class Switch(Host):
    """An L2 segment: a bridge with one port per host, which has no addresses and says nothing itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.run(
            """
            echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
            ip link add bridge type bridge mcast_snooping 0
            ip link set bridge up
            """
        )

    def plug(self, host: Host, link: str) -> None:
        """Give `host` a link to this segment, down. One that is made anew has its old hardware address again."""
        port = self.port(host, link)
        address = b"\x02\x00" + crc32(port.encode()).to_bytes(4, "big")
        host.run(f"ip link add {link} address {address.hex(':')} type veth peer name {port} netns {self.pid}")
        self.run(f"ip link set {port} master bridge up")

    @staticmethod
    def port(host: Host, link: str) -> str:
        """The link's far end, here on the switch: everything that the host sends and gets passes there."""
        return f"{host.name}-{link}"
