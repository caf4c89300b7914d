"""Undoing what a transaction made: backwards, past whatever fails, and sparing what others have."""

from __future__ import annotations

from itertools import groupby

from snf_network_helper import kernel
from snf_network_helper.bystanders import ends_table, guest_rules, route_commands, routes_query, rules_query
from snf_network_helper.changes import Change, Route, Rule
from snf_network_helper.errors import KernelError
from snf_network_helper.journal import APPLIED, KEPT, Entry
from snf_network_helper.steps import Left, Undoing, finish, other_owner, undo

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Sequence

_LOOKED_UP = "kept, rules still look the table up"


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
                working += undo(name, entry)
            elif _has_guests(name, entry, asked):
                left.append((entry.change, _LOOKED_UP))
            else:
                changes.append(entry.change)
        if changes:
            left += _revert_elements(changes) if family == "nft" else _revert_batch(changes)
    return left + finish(working)


def _has_guests(name: str, entry: Entry, asked: Sequence[tuple[Entry, kernel.Query]]) -> bool:
    """True for the end of a table that the rule of a guest still looks up."""
    iface = name.rpartition(":")[0]
    return any(entry is end and guest_rules(query.answer(), end.prior, iface) for end, query in asked)


def _is_to_undo(name: str, entry: Entry) -> bool:
    """False for what was kept, and for what a killed process left pending and another stanza has made since."""
    if entry.state == KEPT or not entry.change.remove():
        return False
    return entry.state == APPLIED or not isinstance(entry.change, (Route, Rule)) or not other_owner(name, entry.change)


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
