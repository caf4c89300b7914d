#!/usr/bin/python3
"""Records what the installed package leaves on a node, for every later version to be tested with it.

    tests/upgrade/record.py

Run as root once a version is final, with its package installed: `apt install ./snf-network-helper_VERSION_all.deb`.
It writes the folder `tests/upgrade/VERSION`, which is then committed and never changed. It lays each case on a fresh
node before it is done, and fails unless that node's kernel holds what the package made. `releases.py` says what is in
the folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.extend(str(Path(__file__).resolve().parents[1] / name) for name in ("netns", "guests"))

from guestlab import RUN, attach_command
from lab.host import Host
from lab.stanzas import Stanza
from laying import NFDHCPD, laid, place
from releases import HOOKS, LINK_NUMBER, RELEASES, Case

PACKAGE = "snf-network-helper"
GUARD = f"/usr/share/{PACKAGE}/guard.nft"
PROTOCOL = Path(f"/etc/iproute2/rt_protos.d/{PACKAGE}.conf")
MAC = "52:54:00:12:34:56"
ADDRESSES = ("192.0.2.10", "2001:db8::10")
OTHER_ADDRESSES = ("192.0.2.11", "2001:db8::11")
NAT_EXCEPT = "203.0.113.0/24 2001:db8:80::/64"

# The machine has no nfdhcpd: its directory appears on the node only.
WITH_NFDHCPD = f"""\
mkdir -p /run/lib/nfdhcpd
mount -t overlay -o lowerdir=/run/lib:/var/lib overlay /var/lib
mount -t tmpfs tmpfs {NFDHCPD}
"""

# What a journal says of the state before, and the command that makes it true. What is kept may be the work of another.
PRIORS = {
    r"Sysctl path=(\S+) value=\S+ prior=(\w+)": "echo {1} > /proc/sys/{0}",
    r"HardwareAddress dev=(\S+) address=\S+ prior=(\S+)": "ip link set dev {0} address {1}",
    r"NoAddressGeneration dev=(\S+) prior=(\S+)": "ip link set dev {0} addrgenmode {1}",
    r"LinkUp dev=(\S+) prior=(\S+)": "ip link set dev {0} {1}",
}


@dataclass(frozen=True)
class Setup:
    """A case to be: its stanzas, and the commands for its guests. Linux before 6.17 knows forwarding for all only."""

    interfaces: str
    guests: tuple[str, ...] = ()
    settings: str = "IPV6_FORWARDING=all\n"
    preparation: str = ""

    @property
    def link(self) -> str:
        """The interface of the stanzas."""
        return self.interfaces.split()[1]

    @property
    def taps(self) -> list[str]:
        """The guests' TAPs."""
        return list(dict.fromkeys(command.split()[2] for command in self.guests))


def attached(*addresses: str, tap: str = "tap0", options: str = "--no-probe") -> str:
    """The command that attaches a guest."""
    return attach_command(tap, *addresses, network=LINK, options=options)


LINK = "eth1"
VMC = str(Stanza(link=LINK))
TWO_STANZAS = f"{Stanza(family='IPv4', link=LINK)}\n{Stanza(family='IPv6', addrfam='inet6', link=LINK)}"
ROUTER = str(Stanza("router", nat=True, nat6=True, nat_except=NAT_EXCEPT, link=LINK))
ROUTER_VMC = str(Stanza("router-vmc", nat=True, nat6=True, nat_except=NAT_EXCEPT, link=LINK))
GUEST = attached(*ADDRESSES)
SERVED = attached(ADDRESSES[0], options=f"--mac {MAC} --serve --hostname web1 --dns 198.51.100.53 --no-probe")
BOUND = attached(ADDRESSES[0], options=f"--mac {MAC} --hostname web1 --no-probe")

SETUPS = {
    "vmc": Setup(VMC),
    "vmc-vlan": Setup(str(Stanza())),
    "vmc-two-stanzas": Setup(TWO_STANZAS),
    "vmc-force-forwarding": Setup(VMC, settings=""),
    "router": Setup(ROUTER),
    "router-force-forwarding": Setup(ROUTER, settings=""),
    "router-vmc": Setup(ROUTER_VMC),
    "router-vmc-force-forwarding": Setup(ROUTER_VMC, settings=""),
    "guest": Setup(VMC, (GUEST,)),
    "guest-on-a-vlan": Setup(str(Stanza()), (GUEST.replace(LINK, Stanza().link),)),
    "guest-force-forwarding": Setup(VMC, (GUEST,), settings=""),
    "guest-ipv4": Setup(VMC, (attached(ADDRESSES[0]),)),
    "guest-of-a-router": Setup(ROUTER_VMC, (GUEST,)),
    "guest-awaited": Setup(VMC, (attached(*ADDRESSES, options="--role migrate-in"),)),
    "guest-that-leaves": Setup(VMC, (GUEST, f"{PACKAGE} detach tap0 --migrate-out")),
    "guest-served": Setup(VMC, (SERVED,)),
    "guest-of-nfdhcpd": Setup(VMC, (BOUND,), preparation=WITH_NFDHCPD),
    "guests": Setup(VMC, (GUEST, attached(*OTHER_ADDRESSES, tap="tap1"))),
}


def main() -> None:
    """Records every case of the installed version."""
    version = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}", PACKAGE], capture_output=True, text=True, check=True
    ).stdout
    release = RELEASES / version
    if release.exists():
        raise SystemExit(f"{release}: exists; what a release did is never changed")
    with TemporaryDirectory() as scratch:
        draft = Path(scratch, version)
        draft.mkdir()
        shutil.copyfile(GUARD, draft / "guard.nft")
        for directory in HOOKS:
            (draft / directory).mkdir()
            shutil.copy(f"/etc/network/{directory}/routed", draft / directory)
        for name, setup in SETUPS.items():
            print(f"{version} {name}", flush=True)
            record(setup, draft / name)
        shutil.copytree(draft, release)


def record(setup: Setup, folder: Path) -> None:
    """Records one case, and sees to it that laid on another node it makes the same."""
    folder.mkdir()
    (folder / "interfaces").write_text(setup.interfaces, "utf-8")
    if setup.settings:
        (folder / "settings").write_text(setup.settings, "utf-8")
    with place(setup.link, setup.taps) as here:
        host = here.host
        host.run(setup.preparation)
        host.interfaces(setup.interfaces)
        host.write("/etc/default/snf-network-helper", setup.settings)
        (folder / "ifup.sh").write_text(recorded(host, [f"ifup {setup.link}"]), "utf-8")
        if setup.guests:
            (folder / "attach.sh").write_text(recorded(host, setup.guests), "utf-8")
        made = here.node.snapshot()
        copy_run(host, folder / "run")
        (folder / "before.sh").write_text(setup.preparation + before(folder / "run"), "utf-8")
        # Whoever waits on the node ends with what is waited for
        for tap in setup.taps:
            host.run(f"{PACKAGE} detach {tap}")
        host.run(f"ifdown {setup.link}")
        if not here.goes_quiet():
            raise SystemExit(f"{folder.name}: processes go on")
    with laid(Case(folder)) as again:
        if difference := made.difference(again.place.node.snapshot()):
            raise SystemExit(f"{folder.name}: its commands make something else:\n{difference}")


def recorded(host: Host, commands: Sequence[str]) -> str:
    """Runs commands and gives back each, as a comment, and what it told the kernel."""
    lines = []
    for command in commands:
        done = host.attempt(f"{command} -v")
        if done.returncode:
            raise SystemExit(f"{command}: {done.stderr}")
        told = [line.removeprefix("[#] ") for line in done.stderr.splitlines() if line.startswith("[#] ")]
        lines += [f"# {command}", *map(independent, told)]
    return "".join(f"{line}\n" for line in lines)


def independent(command: str) -> str:
    """A command that needs nothing of the package: its guard is the release's, its protocol a number."""
    number = re.findall(r"^(\d+)\s+snf$", PROTOCOL.read_text("utf-8"), re.MULTILINE)[0]
    return re.sub(r"\b(proto|protocol) snf\b", rf"\1 {number}", command).replace(GUARD, "../guard.nft")


def copy_run(host: Host, target: Path) -> None:
    """Copies what is below /run, without locks and the numbers of processes."""
    source = Path(f"/proc/{host.pid}/root{RUN}")
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("lock", "*.pid"))
    for journal in target.glob("attached/*"):
        text = journal.read_text("utf-8")
        journal.write_text(re.sub(r"(?m)^(asked .*\blink=)\d+", rf"\1{LINK_NUMBER}", text), "utf-8")
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def before(run: Path) -> str:
    """The commands that make true what the journals say of the state before."""
    journals = [path.read_text("utf-8") for path in sorted(run.glob("journal/*")) + sorted(run.glob("attached/*"))]
    commands = [
        command.format(*groups)
        for journal in journals
        for line in journal.splitlines()
        for pattern, command in PRIORS.items()
        for groups in re.findall(rf"^applied {pattern}$", line)
    ]
    for prior in sorted(run.glob("shared/net:*/prior")):
        value = prior.read_text("utf-8").partition(",")[0]
        commands.append(f"echo {value} > /proc/sys/{prior.parent.name.replace(':', '/')}")
    return "".join(f"{command}\n" for command in commands)


if __name__ == "__main__":
    main()
