"""Snapshots: everything a kernel holds that a routed network could change, as sorted-out lines of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import unified_diff

from lab.host import Host

Lines = list[str]

# What iptables-nft and arptables-nft name their tables.
XTABLES = ("filter", "nat", "mangle", "raw", "security")


@dataclass(frozen=True)
class Snapshot:
    """What the kernel of one host held at one moment."""

    lines: tuple[str, ...]

    def difference(self, later: Snapshot) -> str:
        """What is other in a later snapshot, readable, and empty if nothing is."""
        lines = unified_diff(self.lines, later.lines, "before", "after", lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith("@@"))

    def holding(self, section: str) -> Lines:
        """The lines of one section, without its name."""
        start = f"{section}: "
        return [line[len(start) :] for line in self.lines if line.startswith(start)]


def plain(lines: Iterable[str]) -> Lines:
    """Lines without what says nothing: trailing blanks, and blank lines."""
    return [line.rstrip() for line in lines if line.strip()]


def without_index(lines: Iterable[str]) -> Lines:
    """Lines of `ip -o` without the numbers of links, which differ for a link that is made anew.

    Of what a router advertised the remaining life is left out, which goes down by the second.
    """
    return [re.sub(r"@if\d+|(?<=_lft )\d+(?=sec)", "", re.sub(r"^\d+: ", "", line)) for line in plain(lines)]


def routes(lines: Iterable[str]) -> Lines:
    """Routes in an order of their own: among routes to one destination, the kernel's shows which link came up last.

    The remaining life of what a router advertised is not compared, nor whether the link's other end is up just now.
    """
    return sorted(re.sub(r" expires \d+sec| linkdown", "", line) for line in plain(lines))


def saved_tables(lines: Iterable[str]) -> Lines:
    """The rules, own chains and policies that iptables-save shows, each with its table and without its counters.

    Tables and chains that hold nothing are left out: naming one makes it come into existence, even a listing does, and
    it is as good as none.
    """
    rules: Lines = []
    table = ""
    for line in plain(lines):
        line = re.sub(r"\[\d+:\d+\]", "", line).rstrip()
        if line.startswith("*"):
            table = line
        elif not (line.startswith("#") or line == "COMMIT" or re.fullmatch(r":[A-Z]+ ACCEPT", line)):
            rules.append(f"{table} {line}")
    return rules


def nft_tables(lines: Iterable[str]) -> Lines:
    """The tables of nft's own, each line with its table; those behind iptables and arptables are shown by these."""
    rules: Lines = []
    table = ""
    for line in plain(lines):
        if line.startswith("table "):
            table = line.removesuffix(" {")
        if table.split()[-1] not in XTABLES:
            rules.append(f"{table}: {line.strip()}")
    return rules


def sysctls(lines: Iterable[str]) -> Lines:
    """Values below /proc/sys/net by their paths."""
    return sorted(plain(lines))


@dataclass(frozen=True)
class Section:
    """One part of a snapshot: the command that shows it, and how its output becomes comparable."""

    command: str
    comparable: Callable[[Iterable[str]], Lines] = plain


SECTIONS = {
    "rule": Section("ip -4 rule show"),
    "rule6": Section("ip -6 rule show"),
    "route": Section("ip -4 route show table all", routes),
    "route6": Section("ip -6 route show table all", routes),
    "link": Section("ip -br link show", without_index),
    "address": Section("ip -o address show", without_index),
    "proxy": Section("ip -4 neigh show proxy; ip -6 neigh show proxy", sysctls),
    "arptables-nft": Section("arptables-nft -n -L"),
    "arptables-legacy": Section("arptables-legacy -n -L"),
    "iptables-nft": Section("iptables-nft-save", saved_tables),
    "iptables-legacy": Section("iptables-legacy-save", saved_tables),
    "ip6tables-nft": Section("ip6tables-nft-save", saved_tables),
    "ip6tables-legacy": Section("ip6tables-legacy-save", saved_tables),
    "nft": Section("nft list ruleset", nft_tables),
    # Some of these can't be read, by design (stable_secret, route/flush).
    "sysctl": Section("grep -rs '' /proc/sys/net/ipv4 /proc/sys/net/ipv6 || [ $? = 2 ]", sysctls),
}

MARK = "==== "


def snapshot(host: Host) -> Snapshot:
    """What the kernel of this host holds, once IPv6 has settled."""
    host.settle()
    script = "\n".join(f"echo '{MARK}{name}'; {section.command}" for name, section in SECTIONS.items())
    lines: Lines = []
    for part in host.run(script).split(MARK)[1:]:
        name, *output = part.splitlines()
        lines += [f"{name}: {line}" for line in SECTIONS[name].comparable(output)]
    return Snapshot(tuple(lines))
