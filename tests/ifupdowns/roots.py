"""Nodes with another ifupdown than this machine's, each a Debian root of its own with a network of its own.

The roots are made once by mmdebstrap and kept; a test sees a copy that forgets.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.root import ENVIRON, hold

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
ROOTS = Path(os.environ.get("SNF_ROOTS", CACHE / "snf-network-helper/roots"))
IFUPDOWN, IFUPDOWN2, NG = "trixie-ifupdown", "trixie-ifupdown2", "trixie-ifupdown-ng"
# Each with the release, and the packages that make its ifupdown.
KINDS = {
    IFUPDOWN: ("trixie", "ifupdown"),
    IFUPDOWN2: ("trixie", "ifupdown2"),
    NG: ("trixie", "ifupdown-ng,ifupdown-ng-compat"),
    "bookworm-ifupdown2": ("bookworm", "ifupdown2"),
    "bookworm-ifupdown-ng": ("bookworm", "ifupdown-ng"),
}
PACKAGES = "python3,python3-pyroute2,python3-netifaces,iproute2,iputils-ping,nftables,arptables,iptables,procps,kmod"
MIRROR = "http://deb.debian.org/debian"


def root(kind: str) -> Path:
    """The root of a kind, made where there is none."""
    place = ROOTS / kind
    if place.exists():
        return place
    ROOTS.mkdir(parents=True, exist_ok=True)
    with (ROOTS / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            release, packages = KINDS[kind]
            draft = ROOTS / f"{kind}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            source = f"deb {MIRROR} {release} main"
            options = ["--variant=apt", f"--include={PACKAGES},{packages}"]
            making: list[str | Path] = ["mmdebstrap", *options, release, draft, source]
            done = subprocess.run(making, capture_output=True, text=True, env={**os.environ, **ENVIRON})
            if done.returncode:
                raise AssertionError(done.stderr)
            draft.rename(place)
    return place


class Node:
    """A copy of a root: eth1 leads to a segment of its own, eth0 is the uplink."""

    def __init__(self, directory: Path, lower: Path) -> None:
        self._holder = hold(directory, lower)
        self._root = f"{directory}/root"
        self.path = Path(f"/proc/{self._holder.pid}/root{directory}/root")

    def close(self) -> None:
        """Ends the only process that keeps the namespaces alive."""
        self._holder.communicate()

    def attempt(self, command: str) -> subprocess.CompletedProcess[str]:
        """Runs a line for the shell on the node, and never on the machine itself."""
        pid = self._holder.pid
        if os.path.samefile(f"/proc/{pid}/ns/net", "/proc/self/ns/net"):
            raise RuntimeError("not in a network namespace of its own")
        enter = ["nsenter", f"--target={pid}", "--mount", "--net", "chroot", self._root, "sh", "-c", command]
        return subprocess.run(enter, env=ENVIRON, text=True, capture_output=True, stdin=subprocess.DEVNULL)

    def run(self, command: str) -> str:
        """What the line prints; it must not fail."""
        done = self.attempt(command)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def interfaces(self, text: str) -> None:
        """Writes interfaces(5)."""
        (self.path / "etc/network/interfaces").write_text(text, "utf-8")

    def journals(self) -> list[str]:
        """The names of all journals of stanzas."""
        place = self.path / "run/snf-network-helper/journal"
        return sorted(os.listdir(place)) if place.exists() else []

    def state(self) -> dict[str, str]:
        """What the kernel holds of all that we make."""
        links = "for link in eth0 eth1; do echo $link"
        settings = "forwarding proxy_arp proxy_ndp accept_ra medium_id proxy_delay"
        asked = {
            "rules": "ip rule; ip -6 rule",
            "routes": "ip route show table all | grep -v '^\\(local\\|broadcast\\)'; ip -6 route show table all",
            "addresses": "ip -o addr show scope global",
            "arp": "arptables-save",
            "nat": "iptables-save; ip6tables-save",
            "settings": f"{links}; for s in {settings}; do cat /proc/sys/net/ipv[46]/conf/$link/$s; done; done",
        }
        states = {what: self.attempt(command).stdout for what, command in asked.items()}
        return {what: "\n".join(_shown(text)) for what, text in states.items()}


def _shown(text: str) -> list[str]:
    """The lines in an order that does not tell the turns of families, without what a link has by being up."""
    ours = (line for line in text.splitlines() if not line.startswith(("#", ":", "COMMIT", "multicast", "anycast")))
    return sorted(line.replace(" linkdown", "") for line in ours if "fe80:" not in line and " tentative" not in line)


@contextmanager
def node(directory: Path, kind: str, deb: Path) -> Iterator[Node]:
    """A node of a kind with the package installed, and its two links."""
    made = Node(directory, root(kind))
    try:
        shutil.copy(deb, made.path / "tmp")
        made.run(f"dpkg --install /tmp/{deb.name}")
        made.run("for scope in all default; do echo 0 > /proc/sys/net/ipv6/conf/$scope/accept_dad; done")
        for link in ("eth0", "eth1"):
            made.run(f"ip link add {link} type veth peer name peer-{link} && ip link set peer-{link} up")
        yield made
    finally:
        made.close()
