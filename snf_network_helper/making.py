"""Making the pending changes of a transaction: in batches, and with an eye to what stands already."""

from __future__ import annotations

from itertools import groupby

from snf_network_helper import kernel, shared
from snf_network_helper.bystanders import ends_table, foreign_rules, rules_query
from snf_network_helper.changes import Address, Route
from snf_network_helper.errors import JournalError, KernelError, NotStartedError, RoutedError
from snf_network_helper.journal import APPLIED, KEPT, PENDING, Entry
from snf_network_helper.steps import finish, make, other_owner, undo

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Callable, Sequence

    from snf_network_helper.changes import Change


def apply(name: str, entries: Sequence[Entry], again: bool = False) -> None:
    """Makes the pending changes in order, those that one `ip -batch` can make together.

    `again` says that most of them stand already, so that a batch had better not stop at each of those. Iptables would
    take a rule twice; but to look costs a process, and there is a reason only when an earlier run has left a trace: a
    journal, or what the kernel says is there already.
    """
    again = again or any(isinstance(entry.change, Address) and entry.state == KEPT for entry in entries)
    pending = [entry for entry in entries if entry.state == PENDING]
    for family, group in groupby(pending, _family_of):
        if family == "nft":
            _apply_by_nft(name, list(group))
        elif family:
            again = _apply_batch(name, list(group), again) or again
        else:
            for entry in group:
                _apply_one(name, entry, again)


def _family_of(entry: Entry) -> str:
    """As the kernel's, but what holds elements is made with those that come next."""
    return "nft" if entry.change.holds_elements else kernel.family_of(entry.change)


def _apply_by_nft(name: str, entries: list[Entry]) -> None:
    """Adds elements in one transaction, and in the same one the guard where nobody has used it yet."""
    elements = [entry for entry in entries if not entry.change.holds_elements]

    def load(guard: Change) -> None:
        _add_elements_of(elements, [guard.add()])

    for entry in entries:
        if entry.change.holds_elements:
            _apply_one(name, entry, by=load)
    if any(entry.state == PENDING for entry in elements):
        _add_elements_of(elements)


def _add_elements_of(entries: Sequence[Entry], first: Sequence[str] = ()) -> None:
    """Adds elements in one transaction; of those that may be another's, the ones that stand already are kept."""
    kept: list[Entry] = []
    try:
        add_elements([*first, *(entry.change.add() if entry.prior else entry.change.create() for entry in entries)])
    except KernelError as error:
        kept = [entry for entry in entries if entry.change.is_exclusive and not entry.prior]
        if not kept or not any(words in error.reason for words in kernel.EXISTS):
            raise
        # Another machine has the address, as its route will show, or a journal was lost
        add_elements([*first, *(entry.change.add() for entry in entries)])
    for entry in entries:
        entry.state = KEPT if entry in kept else APPLIED


def add_elements(commands: Sequence[str]) -> None:
    """Adds the guard's elements; where somebody has flushed all of nftables, to a new guard."""
    try:
        kernel.nft(commands)
    except KernelError as error:
        if not kernel.is_gone(error.reason):
            raise
        from snf_network_helper.guest_changes import Guard

        kernel.nft([Guard().add(), *commands])


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
    if exists and holder == "ours" and (owner := other_owner(name, change)):
        reason += f", {owner} has it"
        holder = ""
    if not exists or not holder:
        entry.state = KEPT  # whatever stands there is not ours to undo
        raise KernelError(change.add(), reason)
    return APPLIED if holder == "ours" else KEPT


def _apply_one(name: str, entry: Entry, again: bool = False, by: Callable[[Change], None] = shared.make) -> None:
    try:
        make(name, entry.change, again, by)
    except RoutedError as error:  # it may be half done, by an interrupt not least
        interrupted, kernel.interrupted = kernel.interrupted, False
        left = finish(undo(name, entry))
        if left and not isinstance(error, (JournalError, NotStartedError)):  # which come before the kernel's turn
            entry.state = APPLIED
        kernel.interrupted = interrupted
        raise
    entry.state = APPLIED
