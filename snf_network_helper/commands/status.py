"""status: what was done, and where the kernel differs from it."""

import json

from snf_network_helper.changes import seen
from snf_network_helper.changes.base import KEPT, Change
from snf_network_helper.changes.order import disorder
from snf_network_helper.commands.privilege import need_root
from snf_network_helper.errors import JournalError, NetworkDownError, RoutedError, printable, say
from snf_network_helper.findings.standing import MISSING, REFUSED, state_of
from snf_network_helper.guests.network import network_of
from snf_network_helper.interfaces import addon
from snf_network_helper.journal.journal import Journal, attached_names, names
from snf_network_helper.kernel import link
from snf_network_helper.kernel.rtnetlink import link_attributes
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import failed, files
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.stanza.names import check_interface
from snf_network_helper.transaction.undoing import gone_link, other_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import SimpleNamespace

_HEADINGS = {"": "in no journal", "order": "in the wrong order", "failed": "not brought up"}
_WRONG = (MISSING, "orphan", "disorder", "failed", REFUSED)


def run(arguments: "SimpleNamespace") -> int:
    """Exit code 1 where something journalled is missing, what bears our mark is in no journal, or one is not read.

    Also where the last bring-up failed, rules stand in an order that does harm, or another host has the node's address.
    """
    if arguments.iface is not None:
        check_interface(arguments.iface)
    need_root("status")
    known = {name.rpartition(":")[0] for name in _names()}
    known |= {*failed.lines()}
    if arguments.iface and arguments.iface not in known and (why := link.absence(arguments.iface)):
        raise RoutedError(f"{why}, and nothing is routed by this name")
    in_kernel = seen.marked()
    journals, errors = _journals(arguments.iface)
    journalled = {entry.change.successor() for journal in journals for entry in journal.entries}
    failures = failed.lines(arguments.iface or "").values()
    rows = [{"stanza": "failed", "state": "failed", "change": why} for why in failures]
    rows += [row for journal in journals for row in (*_rows(journal, in_kernel), *_port(journal), *_unreached(journal))]
    if not arguments.iface:
        orphans = sorted(change.add() for change in in_kernel - journalled)
        rows += [{"stanza": "", "state": "orphan", "change": command} for command in orphans]
        rows += [
            {"stanza": "order", "state": "disorder", "change": rule.add(), "why": why}
            for rule, why in disorder(in_kernel)
        ]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        _print_status(rows, arguments.iface, {journal.name: _trouble(journal) for journal in journals})
        if any(row["state"] == "failed" for row in rows) and (advice := addon.advice()):
            say(advice)
    for error in errors:
        say(error)
    return int(bool(errors) or any(row["state"] in _WRONG for row in rows))


def _journals(iface: str | None) -> tuple[list[Journal], list[JournalError]]:
    """An interface's or all journals, and why some cannot be read: these stay, for a command that changes something."""
    files.looks_only = True
    journals, errors = [], []
    for name in _names():
        if iface not in (None, name.rpartition(":")[0]):
            continue
        try:
            journals.append(Journal.read(name))
            _attachment(journals[-1])
        except JournalError as error:
            errors.append(error)
    return journals, errors


def _rows(journal: Journal, in_kernel: frozenset[Change]) -> "Iterator[dict[str, str]]":
    for entry in journal.entries:
        prior = {"prior": entry.prior} if entry.prior not in ("", "ours") else {}
        yield {"stanza": journal.name, "state": state_of(entry, in_kernel), "change": entry.change.add(), **prior}


def _attachment(journal: Journal) -> Attachment | None:
    """What a guest's journal asks for; None for a stanza's."""
    return Attachment.parse(journal.name.rpartition(":")[0], journal.request) if journal.is_attachment else None


def _port(journal: Journal) -> "Iterator[dict[str, str]]":
    """Says of a guest that something has made its TAP a port: a hypervisor may do so when somebody edits the NIC."""
    tap = journal.owner
    if journal.is_attachment and link.number(tap) and (master := link_attributes(tap).master):
        command, why = f"ip link set dev {tap} nomaster", f"a port of {master}, which takes its frames"
        yield {"stanza": journal.name, "state": "missing", "change": command, "why": why}


def _unreached(journal: Journal) -> "Iterator[dict[str, str]]":
    """Says of a guest that its network is not up, or that an edit of the stanza has left it without any address."""
    attachment = _attachment(journal)
    if not attachment:
        return
    row = {"stanza": journal.name, "state": MISSING}
    try:
        if attachment.is_outside(network_of(attachment.network)):
            yield row | {"change": attachment.outside()}
    except NetworkDownError:
        yield row | {"change": f"{attachment.network} up as a routed interface"}
    except RoutedError:
        return


def _trouble(journal: Journal) -> str:
    """What keeps all that a journal has from working, "" for nothing: its link, or of a guest its network."""
    try:
        if now := other_name(journal)[0]:
            return f"the link is {now} now"
        if gone_link(journal):
            return "the link is gone" + f", another one is {journal.owner} now" * bool(link.number(journal.owner))
        attachment = _attachment(journal)
        if (why := link.trouble(journal.owner)) or not attachment:
            return why
        network = attachment.network
        network_of(network)
        why = next(filter(None, (_trouble(Journal.read(name)) for name in names(network))), "")
    except NetworkDownError:
        return f"its network {network} is not up"
    except RoutedError:  # whose journal cannot be read is said last
        return link.trouble(journal.owner)
    return why and f"its network {network}: {why}"


def _names() -> list[str]:
    """The names of all journals, those of guests last."""
    return [*sorted(names()), *attached_names()]


def _print_status(rows: "Sequence[dict[str, str]]", iface: str | None, troubles: dict[str, str]) -> None:
    stanza = None
    for row in rows:
        if row["stanza"] != stanza:
            stanza = row["stanza"]
            print(printable(_HEADINGS.get(stanza) or _heading(stanza, troubles.get(stanza, ""))))
        before = f"  (was {row['prior']})" if "prior" in row and row["state"] != KEPT else ""
        why = f"  ({row['why']})" if "why" in row else ""
        print(printable(f"  {row['state']:8} {row['change']}{before}{why}"))
    if not rows:
        print(f"{iface}: nothing is routed" if iface else "nothing is routed")


def _heading(stanza: str, trouble: str) -> str:
    """Whose changes follow; first of all whether its link is there at all."""
    return stanza.replace(":", " ") + (f": {trouble}" if trouble else "")
