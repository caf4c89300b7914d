"""A node: a host of the lab on which the installed hooks run under the real ifup and ifdown, and can fail."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from lab.host import Host
from lab.node import LIVED_IN
from lab.snapshot import Snapshot, snapshot
from lab.stanzas import Stanza

# IPv6 addresses are there at once, and hooks of other packages have no say.
PREPARATION = """
find /etc/network/if-*.d -type f ! -name routed -delete
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip link add eth0 type veth peer name far0
ip link set far0 up
"""

JOURNAL = "/run/snf-network-helper"


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, and what it said on standard error, line by line."""

    code: int
    lines: tuple[str, ...]

    def of_the_hook(self) -> list[str]:
        """The lines that are neither ifup's own nor those of run-parts."""
        return [line for line in self.lines if not line.startswith(("ifup: ", "ifdown: ", "run-parts: "))]


@dataclass(frozen=True)
class Planned:
    """One change that ifup would make, as `snf-network-helper plan --json` prints it."""

    kind: str
    fields: dict[str, str]
    add: str
    remove: str


class Node(Host):
    """A node with an uplink, eth0, and a link to route on for every name asked for."""

    def __init__(self, *links: str) -> None:
        super().__init__("node")
        self.run(PREPARATION + LIVED_IN)
        for link in links:
            self.add_link(link)

    def add_link(self, link: str) -> None:
        """Make a link with a carrier, up, as ifup would leave it."""
        self.run(f"ip link add {link} type veth peer name far-{link}; ip link set far-{link} up; ip link set {link} up")

    def do(self, command: str) -> Outcome:
        """Run a command line, whatever comes of it."""
        done = self.attempt(command)
        return Outcome(done.returncode, tuple(done.stderr.splitlines()))

    def ifup(self, link: str, options: str = "") -> Outcome:
        """Bring a link up by ifup."""
        return self.do(f"exec ifup {options} {link}")

    def ifdown(self, link: str, options: str = "") -> Outcome:
        """Take a link down by ifdown."""
        return self.do(f"exec ifdown {options} {link}")

    def up_again(self, link: str) -> None:
        """Set a link up that ifdown left down, so that the kernel compares with one that was never routed."""
        self.run(f"ip link set {link} up")

    def clean(self, link: str) -> Outcome:
        """Undo by the journal, as an administrator would after an accident."""
        return self.do(f"exec snf-network-helper down {link}")

    def snapshot(self) -> Snapshot:
        """What the kernel holds."""
        return snapshot(self)

    def journals(self) -> list[str]:
        """The names of the journals there are."""
        return self.run(f"ls {JOURNAL}/journal 2>/dev/null || :").split()

    def entries(self, name: str) -> list[str]:
        """The entries of a journal, without what its stanza was asked for beside its changes."""
        lines = self.run(f"cat {JOURNAL}/journal/{name}").splitlines()[1:-1]
        return [line for line in lines if not line.startswith("asked ")]

    def leftovers(self) -> list[str]:
        """The files below the journal's directory that take-down ought to have removed; nobody ever reads a draft.

        Why a bring-up failed stays to be read.
        """
        found = f"find {JOURNAL} -type f ! -path '*/lock/*' ! -path '*/failed/*' -printf '%P\\n'"
        files = self.run(f"[ ! -e {JOURNAL} ] || {found}").split()
        return [file for file in files if not file.startswith("draft-")]

    def plan(self, link: str) -> list[Planned]:
        """The changes that ifup would make."""
        return [Planned(**change) for change in json.loads(self.run(f"snf-network-helper plan {link} --json"))]

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start a command line without waiting for its end."""
        return subprocess.Popen(
            ["nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "sh", "-ec", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )


def stanzas_of_all_roles(link: str) -> list[Stanza]:
    """Each role with each family, and with NAT where there can be one."""
    return [
        Stanza(role, family, nat=role != "vmc" and family != "IPv6", nat6=role != "vmc" and family != "IPv4", link=link)
        for role in ("vmc", "router", "router-vmc")
        for family in ("IPv4", "IPv6", "dual stack")
    ]
