"""Bring up: forward, undone as a whole if one step fails. Take down: backward, past whatever fails."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from snf_network_helper import kernel, shared
from snf_network_helper.changes import Address, ArpSource, Change, Masquerade, Route, SharedSysctl, Sysctl
from snf_network_helper.errors import Interrupted, JournalError, KernelError, RoutedError
from snf_network_helper.journal import APPLIED, KEPT, PENDING, Entry, Journal, Lock, names
from snf_network_helper.plan import Plan

SHARED_LOCK = ":shared"  # no link's name has a colon


class Left(RoutedError):
    """Take-down finished, but some changes still stand: each with the reason why."""


def bring_up(name: str, plan: Plan, run: str) -> None:
    """Makes the kernel hold the plan of the stanza `name` (IFACE:ADDRFAM); run twice, it makes whole what is missing.

    What an earlier plan of the stanza did and this one does not is undone first. On any failure all that this call did
    is undone, and what it undid comes back. `run` tells this ifup from every other.
    """
    iface = name.rpartition(":")[0]
    with Lock(iface):
        before = Journal.read(name)
        old = {entry.change: entry for entry in before.entries}
        outdated = [entry for entry in before.entries if entry.change not in plan]
        journal = Journal(name, before.run if old else run)
        entries: list[Entry] = []
        try:
            left = _undo(name, outdated)
            entries = [_prepared(change, old.get(change)) for change in plan]
            journal.entries = _standing(outdated, left) + entries
            journal.write()
            _apply(name, entries)
            journal.write()
        except (RoutedError, KeyboardInterrupt) as error:
            fresh = [entry for entry in entries if entry.change not in old]
            raise _rolled_back(error, before, fresh, outdated) from None


def _rolled_back(
    error: BaseException, before: Journal, fresh: Sequence[Entry], outdated: Sequence[Entry]
) -> RoutedError:
    """Undoes what was done anew, brings back what was undone, and returns the error with what has become of it."""
    done = sum(entry.state == APPLIED and entry.change.remove() != "" for entry in fresh)
    outcome = f"{done} change{'' if done == 1 else 's'} undone"
    try:
        before.entries += _standing(fresh, _undo(before.name, fresh))
        if outdated:
            again = {entry.change: _prepared(entry.change, entry) for entry in outdated}
            before.entries = [again.get(entry.change, entry) for entry in before.entries]
            _apply(before.name, list(again.values()))
            outcome += ", the former setup is back"
        before.write()
    except RoutedError as second:
        outcome += f"; then {second}"
    reason = "interrupted" if isinstance(error, (Interrupted, KeyboardInterrupt)) else str(error)
    return RoutedError(f"{reason} ({outcome})")


def take_down(iface: str, run: str = "") -> None:
    """Undoes everything that the journals of an interface hold, with `run` only what that ifup did.

    Raises Left when something would not go; the journal then holds exactly that.
    """
    with Lock(iface):
        left: list[str] = []
        for name in list(names(iface)):
            try:
                journal = Journal.read(name)
                if not run or journal.run == run:
                    left += [f"{change.remove()}: {reason}" for change, reason in _take_down_one(journal)]
            except JournalError as error:
                left.append(str(error))
    if left:
        raise Left("; ".join(left))


def _take_down_one(journal: Journal) -> list[tuple[Change, str]]:
    left = _undo(journal.name, journal.entries)
    journal.entries = _standing(journal.entries, left)
    journal.write()
    return left


def _standing(entries: Iterable[Entry], left: Iterable[tuple[Change, str]]) -> list[Entry]:
    """The entries of what could not be undone."""
    standing = {change for change, _ in left}
    return [entry for entry in entries if entry.change in standing]


def _prepared(change: Change, old: Entry | None) -> Entry:
    """The entry that says what stood before a change; what an earlier run recorded of it holds."""
    if old is not None and not (old.state == KEPT and isinstance(change, Sysctl)):
        return Entry(change, KEPT if old.state == KEPT else PENDING, old.prior)
    if isinstance(change, Address):
        return Entry(change, KEPT if kernel.has_address(change) else PENDING)
    if isinstance(change, SharedSysctl):
        kernel.read(change.path)  # where the kernel has none, nothing must have been done yet
    elif isinstance(change, Sysctl):
        prior = kernel.prior(change)
        return Entry(change, KEPT if prior == change.value else PENDING, prior)
    elif isinstance(change, ArpSource):
        return Entry(change, KEPT if kernel.arp_source_number(change) else PENDING)
    return Entry(change)


def _apply(name: str, entries: Iterable[Entry]) -> None:
    """Makes the changes in order, those that one `ip -batch` can make together."""
    for batch_family, group in groupby(entries, lambda entry: kernel.family_of(entry.change)):
        if batch_family:
            _apply_batch(name, list(group))
        else:
            for entry in group:
                _apply_one(name, entry)


def _apply_batch(name: str, entries: list[Entry]) -> None:
    """Adds what ip(8) adds; what stands already is looked at, and is ours by its mark, kept, or in the way."""
    todo = [entry for entry in entries if not _address_stands(entry)]
    while todo:
        failures = kernel.batch([entry.change.add() for entry in todo], keep_going=False)
        index, reason = failures[0] if failures else (len(todo), "")
        for entry in todo[:index]:
            entry.state = APPLIED
        if not failures:
            return
        entry = todo[index]
        change = entry.change
        if not any(words in reason for words in kernel.EXISTS):
            raise KernelError(change.add(), reason)
        # To the kernel a rule of another protocol is another rule: only one of our own can be in the way of ours.
        holder = kernel.holder(change) if isinstance(change, Route) else "" if isinstance(change, Address) else "ours"
        if holder == "ours" and (owner := _other_owner(name, change)):
            reason += f", {owner} has it"
            holder = ""
        if not holder:
            entry.state = KEPT  # whatever stands there is not ours to undo
            raise KernelError(change.add(), reason)
        entry.state = APPLIED if holder == "ours" else KEPT
        todo = todo[index + 1 :]


def _other_owner(name: str, change: Change) -> str:
    """The other stanza whose journal holds this very change, "" where none does."""
    for other in names():
        if other == name:
            continue
        if any(entry.change == change and entry.state != KEPT for entry in Journal.read(other).entries):
            return other
    return ""


def _address_stands(entry: Entry) -> bool:
    """True, and the entry's state settled, where an address is to be added that is there already."""
    if not isinstance(entry.change, Address) or not kernel.has_address(entry.change):
        return False
    entry.state = KEPT if entry.state == KEPT else APPLIED
    return True


def _apply_one(name: str, entry: Entry) -> None:
    change = entry.change
    if isinstance(change, SharedSysctl):
        with Lock(SHARED_LOCK):
            shared.acquire(change, name)
    elif isinstance(change, Sysctl):
        if kernel.read(change.path) != change.value:
            kernel.write(change.path, change.value)
    elif isinstance(change, ArpSource):
        with Lock(SHARED_LOCK):  # arptables-legacy reads and writes the whole table, without a lock of its own
            if not kernel.arp_source_number(change):
                kernel.add_arp_source(change)
    elif isinstance(change, Masquerade):
        with Lock(SHARED_LOCK):
            if not kernel.has_masquerade(change):
                kernel.add_masquerade(change)
    entry.state = KEPT if entry.state == KEPT else APPLIED


def _undo(name: str, entries: Sequence[Entry]) -> list[tuple[Change, str]]:
    """Undoes what was or may have been done, the last first; returns what would not go, and why."""
    todo = [entry for entry in reversed(entries) if entry.state != KEPT and entry.change.remove()]
    left: list[tuple[Change, str]] = []
    for batch_family, group in groupby(
        [entry for entry in todo if not _ends_table(entry.change)], lambda entry: kernel.family_of(entry.change)
    ):
        if batch_family:
            left += _undo_batch([entry.change for entry in group])
        else:
            for entry in group:
                left += _undo_one(name, entry)
    return left + _undo_table_ends([entry.change for entry in todo if _ends_table(entry.change)])


def _undo_batch(changes: Sequence[Change]) -> list[tuple[Change, str]]:
    failures = kernel.batch([change.remove() for change in changes], keep_going=True)
    return [(changes[index], reason) for index, reason in failures if not kernel.is_gone(reason)]


def _ends_table(change: Change) -> bool:
    return isinstance(change, Route) and change.kind == "unreachable" and change.prefix == "default"


def _undo_table_ends(changes: Iterable[Change]) -> list[tuple[Change, str]]:
    """Removes the `unreachable default` of a table, but only when no rule looks the table up any more.

    Else the packets of virtual machines that still run would leave by the node's default route.
    """
    left: list[tuple[Change, str]] = []
    for change in changes:
        assert isinstance(change, Route)
        if kernel.query(f"{kernel.family_of(change)} rule show table {change.table}"):
            left.append((change, f"kept, rules still look up table {change.table}"))
        else:
            left += _undo_batch([change])
    return left


def _undo_one(name: str, entry: Entry) -> list[tuple[Change, str]]:
    try:
        _undo_change(name, entry)
    except KernelError as error:
        return [(entry.change, error.reason)]
    except (JournalError, OSError) as error:
        return [(entry.change, str(error))]
    return []


def _undo_change(name: str, entry: Entry) -> None:
    change = entry.change
    if isinstance(change, SharedSysctl):
        with Lock(SHARED_LOCK):
            shared.release(change, name)
    elif isinstance(change, Sysctl):
        kernel.restore(change, entry.prior)
    elif isinstance(change, ArpSource):
        with Lock(SHARED_LOCK):
            kernel.remove_arp_source(change)
    elif isinstance(change, Masquerade):
        with Lock(SHARED_LOCK):
            kernel.remove_masquerade(change)
