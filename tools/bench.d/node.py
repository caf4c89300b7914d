"""A node in network and mount namespaces of its own, with the files of the package, and ifup run by the clock."""

import filecmp
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stanzas import LINK, UPLINK

NETWORK = Path("/etc/network")
HOOKS = ("if-up.d", "if-down.d")
SOURCE = Path(__file__).resolve().parents[2] / "snf_network_helper"
PYTHON = "usr/lib/python3/dist-packages"
# What of a package is copied: a package that comes or goes meanwhile must not disturb the measurement.
_COPIED = (f"{PYTHON}/snf_network_helper", "etc/iproute2", "etc/default")
_SCRATCH = Path("/mnt")
HOOKS_OFF = NETWORK / "off"
# The links of a group are deleted at one go.
_GROUP = "7"
_SAID = "/run/said"

_TIMED_HOOK = """#!/bin/bash
start=${{EPOCHREALTIME/./}}
{hook}
code=$?
took=$((${{EPOCHREALTIME/./}} - start))
case $IFACE in vlan*) echo $took >> /run/hook-times ;; esac # not lo, which ifup -a always has, nor --all
exit $code
"""

# The hook ends by os._exit.
_ASK_AT_THE_END = """
import posix, sys
def leave(code, leave=posix._exit):
    open("/run/status", "w").write(open("/proc/self/status").read())
    leave(code)
posix._exit = leave"""


def run(*argv: str, stdin: str = "") -> str:
    """Runs a command that has to succeed; its standard output."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def warn_if_stale(package: Path) -> None:
    """Says so where what is measured is not what the checkout holds."""
    names = [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py")]
    _, differing, missing = filecmp.cmpfiles(SOURCE, package / PYTHON / SOURCE.name, names, shallow=False)
    if differing or missing:
        print("bench: the package is not that of this checkout:", *differing, *missing, file=sys.stderr)


def set_up(package: Path) -> None:
    """Makes the namespaces that tools/bench has entered a node on which nothing is up."""
    warn_if_stale(package)
    if len(run("ip", "-oneline", "link").splitlines()) != 1:  # a fresh one has nothing but lo
        raise SystemExit("bench: expected namespaces of its own, run tools/bench")
    try:  # what else the machine does shall not count; ifup inherits this
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        print("bench: without real-time priority: whatever else runs here makes the figures worse", file=sys.stderr)
    run("mount", "-t", "tmpfs", "none", str(_SCRATCH))
    for part in _COPIED:
        shutil.copytree(package / part, _SCRATCH / "package" / part)
    for hooks in HOOKS:
        (_SCRATCH / "hooks" / hooks).mkdir(parents=True)
        shutil.copy2(package / "etc/network" / hooks / "routed", _SCRATCH / "hooks" / hooks)
    for part in (PYTHON, "etc/iproute2", "etc/default"):
        _overlay(_SCRATCH / "package" / part, Path("/") / part)
    run("mount", "-t", "tmpfs", "none", str(NETWORK))
    for directory in (*HOOKS, "if-pre-up.d", "if-post-down.d"):
        (NETWORK / directory).mkdir()
    shutil.copytree(_SCRATCH / "hooks", HOOKS_OFF)
    run("mount", "-t", "tmpfs", "none", "/run")
    Path("/run/network").mkdir()
    run("mount", "-t", "sysfs", "none", "/sys")
    # Links have no link-local addresses that come and go seconds after ifup has done.
    Path("/proc/sys/net/ipv6/conf/default/addr_gen_mode").write_text("1", "ascii")
    run("ip", "link", "set", "lo", "up")
    make_links([UPLINK], group="0")
    run("ip", "link", "set", UPLINK, "up")
    run("ip", "address", "add", "198.51.100.2/24", "dev", UPLINK)
    run("ip", "route", "add", "default", "via", "198.51.100.1")


def _overlay(upper: Path, target: Path) -> None:
    """Lays files over a directory; what is written there goes nowhere."""
    work = Path(f"{upper}.work")
    work.mkdir()
    options = f"lowerdir={target},upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "overlay", "-o", options, str(target))


def make_links(links: list[str], group: str = _GROUP) -> None:
    """Makes links that ifup finds there already, each with a peer that is up."""
    lines = [
        line
        for link in links
        for line in (
            f"link add {link} group {group} type veth peer name p{link}",
            f"link set p{link} group {group} up",
        )
    ]
    run("ip", "-batch", "-", stdin="\n".join(lines))


def delete_links() -> None:
    """Deletes all links but the uplink."""
    run("ip", "link", "delete", "group", _GROUP)


def set_hooks(present: bool, build: Path = HOOKS_OFF) -> None:
    """Puts the package's hooks, or those of another build, where ifup looks for them, or takes them away."""
    for hooks in HOOKS:
        source, target = build / hooks / "routed", NETWORK / hooks / "routed"
        if present and target.exists() and not target.samefile(source):
            target.unlink()
        if present and not target.exists():
            target.hardlink_to(source)
        elif not present:
            target.unlink(missing_ok=True)


def add_build(name: str, package: Path, given_hooks: Path) -> tuple[Path, list[str]]:
    """Lays a build beside the one that is set up, which is found by way of overlays: its hooks, and its command."""
    copy = _SCRATCH / name
    shutil.copytree(package / PYTHON / SOURCE.name, copy / SOURCE.name)
    for library in Path("/", PYTHON).iterdir():
        if not (copy / library.name).exists():
            (copy / library.name).symlink_to(library)
    places = {hooks: (given_hooks / hooks / "routed", NETWORK / name / hooks / "routed") for hooks in HOOKS}
    places["sbin"] = (package / "usr/sbin/snf-network-helper", copy / "snf-network-helper")
    for source, target in places.values():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text("utf-8").replace(f"/{PYTHON}", str(copy)), "utf-8")
        target.chmod(0o755)
    return NETWORK / name, [str(places["sbin"][1])]


@contextmanager
def timed_hooks() -> Iterator[list[float]]:
    """Has each hook time itself; the list, of milliseconds, is filled in the end."""
    set_hooks(False)
    times: list[float] = []
    for hooks in HOOKS:
        wrapper = NETWORK / hooks / "timed"
        wrapper.write_text(_TIMED_HOOK.format(hook=HOOKS_OFF / hooks / "routed"), encoding="ascii")
        wrapper.chmod(0o755)
    try:
        yield times
        times += [int(line) / 1000 for line in Path("/run/hook-times").read_text("ascii").split()]
    finally:
        for hooks in HOOKS:
            (NETWORK / hooks / "timed").unlink()
        Path("/run/hook-times").unlink(missing_ok=True)


def cost(command: str, *what: str) -> tuple[float, float]:
    """Runs ifup or ifdown for an interface (or -a): milliseconds by the clock, and of all processors."""
    argv = [f"/sbin/{command}", *what]
    # By hand, ifdown complains of IPv6 routes that went when the IPv4 stanza had the link down.
    said = [(os.POSIX_SPAWN_OPEN, 2, _SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    start = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, file_actions=said)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"bench: {' '.join(argv)}: {Path(_SAID).read_text('utf-8').strip()}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def configure(text: str) -> None:
    """Writes /etc/network/interfaces."""
    (NETWORK / "interfaces").write_text(text, encoding="ascii")


def snapshot() -> frozenset[str]:
    """What the kernel holds of all that a stanza may change, as lines."""
    commands = (
        "ip address", "ip rule", "ip -6 rule", "ip route show table all", "ip -6 route show table all",
        "iptables -t nat -S", "arptables -n -L",
    )  # fmt: skip
    texts = [re.sub(r" (valid_lft|preferred_lft|expires) \S+", "", run(*command.split())) for command in commands]
    for path in sorted(Path("/proc/sys/net").glob("ipv[46]/[cn]*/*/*")):
        if path.parent.parent.name in ("conf", "neigh") and path.name != "stable_secret":
            texts.append(f"{path} {path.read_text('ascii').strip()}")
    return frozenset(line for text in texts for line in text.splitlines() if f" p{LINK}" not in line)


def peak_memory(link: str) -> int:
    """KiB that the hook's Python takes at most while it brings a link up, which is down again afterwards.

    The process itself says so at its end: getrusage of its parent would count what that one held before.
    """
    hook = (HOOKS_OFF / "if-up.d/routed").read_text("utf-8")
    asking, replaced = re.subn(r"(?m)^import sys$", _ASK_AT_THE_END, hook)
    if replaced != 1:
        raise SystemExit("bench: if-up.d/routed has no line to add to")
    set_hooks(False)
    (NETWORK / "if-up.d/asking").write_text(asking, "utf-8")
    (NETWORK / "if-up.d/asking").chmod(0o755)
    cost("ifup", link)
    (NETWORK / "if-up.d/asking").unlink()
    set_hooks(True)
    cost("ifdown", link)
    peak = re.search(r"(?m)^VmHWM:\s+(\d+) kB", Path("/run/status").read_text("ascii"))
    return int(peak[1]) if peak else 0


def versions() -> str:
    """The programs that do the work, as dpkg knows them, and the variants that are set up."""
    packages = run("dpkg-query", "--show", "--showformat=${Package} ${Version}, ", "ifupdown", "iproute2")
    variants = {tool: run(tool, "--version").split("(")[-1].strip(")\n") for tool in ("iptables", "arptables")}
    return packages + ", ".join(f"{tool} ({variant})" for tool, variant in variants.items())
