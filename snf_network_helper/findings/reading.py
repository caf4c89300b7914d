"""Reads the facts: each table of the kernel once, each journal once."""

import json
import time
from pathlib import Path
from typing import Any

from snf_network_helper.changes import seen
from snf_network_helper.changes.base import Change
from snf_network_helper.changes.order import disorder
from snf_network_helper.errors import JournalError, KernelError, NetworkDownError, RoutedError
from snf_network_helper.findings.facts import Facts, Gone, Guest, interfaces_of
from snf_network_helper.findings.standing import MISSING, REFUSED, state_of
from snf_network_helper.guests.network import network_of, next_hops
from snf_network_helper.interfaces import reader
from snf_network_helper.journal.journal import Journal, attached_names, names
from snf_network_helper.kernel.process import Process, reason
from snf_network_helper.kernel.rtnetlink import default_link
from snf_network_helper.kernel.sysctl import value_of
from snf_network_helper.plan.routed import plan
from snf_network_helper.runtime import failed, files
from snf_network_helper.runtime.shared import settings
from snf_network_helper.stanza.addresses import IPV4
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.stanza.network import Network
from snf_network_helper.transaction.host import read_facts

_SETTINGS = ("ipv4/conf/{}/rp_filter", "ipv4/conf/{}/forwarding", "ipv6/conf/{}/disable_ipv6")
_LEGACY = {"iptables": "/proc/net/ip_tables_names", "ip6tables": "/proc/net/ip6_tables_names"}
# Of these, the plan depends on more than the stanza.
_OF_THE_NODE = ("LocalRule", "MainLinkRule", "MainLinkTraffic")


def read(about: str) -> Facts:
    """The facts of one interface or TAP, with those of its network, or of all; RoutedError where they can't be read."""
    files.looks_only = True
    journals, unread = _journals()
    marked = seen.marked()
    journalled = {entry.change.successor() for journal in journals for entry in journal.entries}
    guests = [_guest(journal) for journal in journals if journal.is_attachment]
    network = next((guest.attachment.network for guest in guests if guest.attachment.tap == about), "")
    if about:
        journals = [journal for journal in journals if journal.owner in (about, network)]
        guests = [one for one in guests if about in (one.attachment.tap, one.attachment.network)]
    states = [
        (state_of(entry, marked), Gone(journal.owner, _network(journal), entry.change))
        for journal in journals
        for entry in journal.entries
    ]
    interfaces = interfaces_of(journals)
    return Facts(
        about=about,
        links={link["ifname"]: link for link in json.loads(_answer("ip", "-j", "-d", "link", "show"))},
        journals=journals,
        unread=unread,
        networks=_networks(interfaces),
        routers={iface: list(dict.fromkeys(next_hops(iface))) for iface in interfaces},
        guests=guests,
        gone=[one for state, one in states if state == MISSING],
        refused=[one for state, one in states if state == REFUSED],
        orphans=[] if about else sorted(marked - journalled, key=lambda change: change.add()),
        disorder=[] if about else list(disorder(marked)),
        failed=failed.lines(about),
        settings=_settings({"all", *interfaces, *(guest.attachment.tap for guest in guests)}),
        default_link=default_link(IPV4),
        ruleset=_ruleset(),
        legacy={program: _answer(f"{program}-legacy", "-S") for program in _LEGACY if _has_filter(program)},
        edited={iface: state for iface in interfaces if (state := _edited(iface, journals))},
    )


def _journals() -> tuple[list[Journal], list[str]]:
    found, errors = [], []
    for name in [*sorted(names()), *attached_names()]:
        try:
            journal = Journal.read(name)
            _network(journal)
            found.append(journal)
        except JournalError as error:
            errors.append(str(error))
    return found, errors


def _network(journal: Journal) -> str:
    """The interface whose `up` makes again what a journal has."""
    return Attachment.parse(journal.owner, journal.request).network if journal.is_attachment else journal.owner


def _guest(journal: Journal) -> Guest:
    since = Path(journal.path).stat().st_mtime
    return Guest(Attachment.parse(journal.owner, journal.request), journal.awaits, int(time.time() - since))


def _networks(interfaces: "list[str]") -> dict[str, Network]:
    found = {}
    for iface in interfaces:
        try:
            found[iface] = network_of(iface)
        except NetworkDownError:  # a router's, that has no guests
            continue
    return found


def _settings(links: "set[str]") -> dict[str, str]:
    paths = [f"net/{setting.format(link)}" for link in links for setting in _SETTINGS]
    return {path: value for path in paths if (value := value_of(path))}


def _answer(*words: str) -> str:
    code, stdout, stderr = Process([*words]).finish()
    if code:
        raise KernelError(" ".join(words), reason(stderr))
    return stdout


def _ruleset() -> "list[dict[str, Any]] | str":
    try:
        return list(json.loads(_answer("nft", "-j", "list", "ruleset"))["nftables"])
    except (KernelError, ValueError) as error:
        return str(error)


def _has_filter(program: str) -> bool:
    """Asked of the kernel first: to list rules of the older kind would load its modules."""
    try:
        return "filter" in Path(_LEGACY[program]).read_text("ascii").split()
    except OSError:
        return False


def _edited(iface: str, journals: "list[Journal]") -> str:
    """Whether the stanzas in the file ask for other routes, rules and addresses than the journals have.

    What depends on the node itself is left out: that may have changed since.
    """
    try:
        stanzas = reader.stanzas(iface)
        wanted = [change for stanza in stanzas for change in plan(stanza, read_facts(stanza, settings()))]
    except RoutedError as error:
        return "gone" if "nknown interface" in str(error) else str(error)
    made = [entry.change.successor() for journal in journals if journal.owner == iface for entry in journal.entries]
    if not stanzas:
        return "gone"
    return "" if set(filter(_is_of_stanza, wanted)) == set(filter(_is_of_stanza, made)) else "edited"


def _is_of_stanza(change: Change) -> bool:
    return Gone("", "", change).object in ("route", "rule", "addr") and type(change).__name__ not in _OF_THE_NODE
