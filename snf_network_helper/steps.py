"""The steps of a transaction: prepare looks at what stands, apply makes what is pending, revert undoes it backwards."""

from __future__ import annotations

from itertools import groupby

from snf_network_helper import kernel, shared, sysctl, xtables
from snf_network_helper.bystanders import (
    ends_table,
    foreign_rules,
    guest_rules,
    route_commands,
    routes_query,
    rules_query,
)
from snf_network_helper.changes import Address, Change, Route, Rule, SharedSysctl, Sysctl
from snf_network_helper.errors import JournalError, KernelError, NotStartedError, RoutedError
from snf_network_helper.journal import APPLIED, KEPT, PENDING, Entry, Journal, Lock, names
from snf_network_helper.netfilter_changes import ArpSource, Masquerade, NeighbourProbes

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Sequence

    from snf_network_helper.nfnetlink import TableDeletion

SHARED_LOCK = ":shared"  # no link's name has a colon

_LOOKED_UP = "kept, rules still look the table up"

# What would not go, and why.
Left = list[tuple[Change, str]]
# An undoing that failed, and why, or one that is still at work.
Undoing = tuple[Change, "str | xtables.Deletion | TableDeletion"]


def prepare(change: Change, old: Entry | None) -> Entry:
    """The entry that says what stands before a change is made; what an earlier run recorded of it holds.

    Pending is what has to be made. What stands already is applied if an earlier run made it, else kept. Routes and
    rules are not looked at: the kernel says so itself when one is to be added twice.
    """
    if change.is_shared:
        if isinstance(change, SharedSysctl):
            sysctl.read(change.path)  # where the kernel has none, nothing must have been done yet
        return Entry(change)
    if change.is_outside:
        from snf_network_helper import outside

        return outside.prepare(change, old)
    if change.is_of_link:
        from snf_network_helper import links

        return links.prepare(change, old)
    if isinstance(change, Sysctl):
        value = sysctl.read(change.path)
        if old is not None and old.state != KEPT:
            return Entry(change, APPLIED if value == change.value else PENDING, old.prior)
        return Entry(change, KEPT if value == change.value else PENDING, value)
    if isinstance(change, Address) and not change.is_looked_for:
        if old is not None and old.state == KEPT:
            return Entry(change, KEPT)
        return Entry(change, prior="ours" if old is not None else "")
    if isinstance(change, Address):
        from snf_network_helper import link_addresses

        present = link_addresses.has_address(change)
    elif isinstance(change, ArpSource) and old is not None and old.state != KEPT:
        # Only one that we made is looked for: an equal one of the administrator's is his, and ours goes before it
        present = xtables.arp_source_number(change) > 0
    else:
        return Entry(change, prior=old.prior if old is not None else "")
    if not present:
        return Entry(change)
    return Entry(change, APPLIED if old is not None and old.state != KEPT else KEPT)


def apply(name: str, entries: Sequence[Entry], again: bool = False) -> None:
    """Makes the pending changes in order, those that one `ip -batch` can make together.

    `again` says that most of them stand already, so that a batch had better not stop at each of those. Iptables would
    take a rule twice; but to look costs a process, and there is a reason only when an earlier run has left a trace: a
    journal, or what the kernel says is there already.
    """
    again = again or any(isinstance(entry.change, Address) and entry.state == KEPT for entry in entries)
    pending = [entry for entry in entries if entry.state == PENDING]
    for family, group in groupby(pending, lambda entry: kernel.family_of(entry.change)):
        if family == "nft":
            entries = list(group)
            add_elements([entry.change.add() for entry in entries])
            for entry in entries:
                entry.state = APPLIED
        elif family:
            again = _apply_batch(name, list(group), again) or again
        else:
            for entry in group:
                _apply_one(name, entry, again)


def add_elements(commands: Sequence[str]) -> None:
    """Adds the guard's elements; where somebody has flushed all of nftables, to a new guard."""
    try:
        kernel.nft(commands)
    except KernelError as error:
        if not kernel.is_gone(error.reason):
            raise
        from snf_network_helper.guest_changes import Guard

        kernel.run(Guard().add())
        kernel.nft(commands)


def _apply_batch(name: str, todo: list[Entry], again: bool) -> bool:
    """Adds what ip(8) adds; what stands already is looked at, and is ours by its mark, kept, or in the way.

    Returns whether any of it stood already.
    """
    stood = False
    end = next((entry for entry in todo if ends_table(entry.change)), None)
    while todo:
        asks = [rules_query(end.change)] if end else []
        try:
            failures, shown = kernel.batch([entry.change.add() for entry in todo] + asks, keep_going=again)
        except KernelError:  # ip(8) died without a word: it may have done any of it
            for entry in todo:
                entry.state = APPLIED
            raise
        failures = [failure for failure in failures if failure[0] < len(todo)]
        if end and not end.prior:
            end.prior = foreign_rules(shown)
        ran = len(todo) if again or not failures else failures[0][0] + 1
        reasons = dict(failures)
        for index, entry in enumerate(todo[:ran]):
            if index not in reasons:
                entry.state = APPLIED
        for index, reason in failures:
            todo[index].state = state_of_existing(name, todo[index], reason)
            stood = True
        todo = todo[ran:]
    return stood


def state_of_existing(name: str, entry: Entry, reason: str) -> str:
    """Applied or kept, for what could not be added because it stands already; KernelError if something else does."""
    change = entry.change
    exists = any(words in reason for words in kernel.EXISTS)
    # To the kernel a rule of another protocol is another rule: only one of our own can be in the way of ours.
    if exists and isinstance(change, Address) and not change.is_looked_for:
        return APPLIED if entry.prior else KEPT
    holder = kernel.holder(change) if isinstance(change, Route) else "" if isinstance(change, Address) else "ours"
    if exists and holder == "ours" and (owner := _other_owner(name, change)):
        reason += f", {owner} has it"
        holder = ""
    if not exists or not holder:
        entry.state = KEPT  # whatever stands there is not ours to undo
        raise KernelError(change.add(), reason)
    return APPLIED if holder == "ours" else KEPT


def _other_owner(name: str, change: Change) -> str:
    """The other stanza whose journal holds this very change, "" where none does."""
    for other in names():
        if other == name:
            continue
        if any(entry.change == change and entry.state != KEPT for entry in Journal.read(other).entries):
            return other
    return ""


def _apply_one(name: str, entry: Entry, again: bool) -> None:
    try:
        _apply_change(name, entry.change, again)
    except RoutedError as error:  # it may be half done, by an interrupt not least
        interrupted, kernel.interrupted = kernel.interrupted, False
        left = _finish(_revert_one(name, entry))
        if left and not isinstance(error, (JournalError, NotStartedError)):  # which come before the kernel's turn
            entry.state = APPLIED
        kernel.interrupted = interrupted
        raise
    entry.state = APPLIED


def _apply_change(name: str, change: Change, again: bool) -> None:
    if change.is_shared:
        with Lock(SHARED_LOCK):
            shared.acquire(change, name)
    elif change.is_outside:
        from snf_network_helper import outside

        outside.make(change)
    elif change.is_of_link:
        from snf_network_helper import links

        links.make(change)
    elif isinstance(change, Sysctl):
        sysctl.write(change.path, change.value)
    elif isinstance(change, NeighbourProbes):
        kernel.run(change.add())
    elif isinstance(change, ArpSource):
        with Lock(SHARED_LOCK):  # arptables-legacy reads and writes the whole table, without a lock of its own
            xtables.add_arp_source(change)
    elif isinstance(change, Masquerade) and not (again and xtables.has_masquerade(change)):
        xtables.add_masquerade(change)


def revert(name: str, entries: Sequence[Entry], plan: Sequence[Change] = ()) -> Left:
    """Undoes what was or may have been done, the last first and past whatever fails; returns what would not go.

    The end of a table goes only when no guest's rule looks the table up any more; the kernel is asked meanwhile. But
    where a plan that comes next uses the table, it is that plan's to say how it ends.
    """
    todo = [entry for entry in reversed(entries) if _is_to_undo(name, entry)]
    used = {change.table for change in plan if isinstance(change, Rule)}
    asked = [
        (entry, kernel.Query(rules_query(entry.change)))
        for entry in todo
        if isinstance(entry.change, Route) and ends_table(entry.change) and entry.change.table not in used
    ]
    left: Left = []
    working: list[Undoing] = []
    for family, group in groupby(todo, lambda entry: kernel.family_of(entry.change)):
        changes = []
        for entry in group:
            if not family:
                working += _revert_one(name, entry)
            elif _has_guests(name, entry, asked):
                left.append((entry.change, _LOOKED_UP))
            else:
                changes.append(entry.change)
        if changes:
            left += _revert_elements(changes) if family == "nft" else _revert_batch(changes)
    return left + _finish(working)


def _has_guests(name: str, entry: Entry, asked: Sequence[tuple[Entry, kernel.Query]]) -> bool:
    """True for the end of a table that the rule of a guest still looks up."""
    iface = name.rpartition(":")[0]
    return any(entry is end and guest_rules(query.answer(), end.prior, iface) for end, query in asked)


def _is_to_undo(name: str, entry: Entry) -> bool:
    """False for what was kept, and for what a killed process left pending and another stanza has made since."""
    if entry.state == KEPT or not entry.change.remove():
        return False
    return entry.state == APPLIED or not isinstance(entry.change, (Route, Rule)) or not _other_owner(name, entry.change)


def _revert_batch(changes: list[Change]) -> Left:
    """Undoes changes of one family in one batch, which also asks for the routes of others that go with an address."""
    before = routes_query(changes)
    commands = [before] * bool(before) + [change.remove() for change in changes]
    failures, shown = kernel.batch(commands, keep_going=True)
    undone = dict(enumerate(changes, start=len(commands) - len(changes)))
    if before and (commands := route_commands(before, shown)):
        kernel.batch(commands, keep_going=True)
    left = [(undone[index], reason) for index, reason in failures if index in undone and not kernel.is_gone(reason)]
    if any(isinstance(change, Rule) for change, _ in left):  # which would send packets past the end of its table
        for end in filter(ends_table, changes):
            kernel.batch([end.add()], keep_going=True)
            left.append((end, _LOOKED_UP))
    return left


def _revert_elements(changes: list[Change]) -> Left:
    """Deletes the guard's elements in one transaction, or where one of them is gone already, each by itself."""
    try:
        kernel.nft([change.remove() for change in changes])
    except KernelError as error:
        if len(changes) > 1:
            return [left for change in changes for left in _revert_elements([change])]
        if not kernel.is_gone(error.reason):
            return [(changes[0], error.reason)]
    return []


def _revert_one(name: str, entry: Entry) -> list[Undoing]:
    """Undoes one change that ip(8) did not make, or begins to: what is still at work is returned."""
    change = entry.change
    deletion: xtables.Deletion | TableDeletion | None = None
    try:
        if change.is_shared:
            with Lock(SHARED_LOCK):
                shared.release(change, name)
        elif change.is_outside:
            from snf_network_helper import outside

            outside.undo(change, entry.prior)
        elif change.is_of_link:
            from snf_network_helper import links

            links.undo(change, entry.prior)
        elif isinstance(change, Sysctl):
            sysctl.restore(change, entry.prior)
        elif isinstance(change, ArpSource):
            with Lock(SHARED_LOCK):
                deletion = xtables.remove_arp_source(change)
        elif isinstance(change, Masquerade):
            deletion = xtables.remove_masquerade(change)
        elif isinstance(change, NeighbourProbes):
            from snf_network_helper import nfnetlink

            deletion = nfnetlink.TableDeletion(change)
    except KernelError as error:
        return [(change, error.reason)]
    except (RoutedError, OSError) as error:
        return [(change, str(error))]
    return [(change, deletion)] if deletion else []


def _finish(working: list[Undoing]) -> Left:
    """Waits for what is still at work; returns what would not go, and why."""
    left: Left = []
    for change, outcome in working:
        if isinstance(outcome, str):
            left.append((change, outcome))
            continue
        try:
            outcome.finish()
        except KernelError as error:
            left.append((change, error.reason))
    return left
