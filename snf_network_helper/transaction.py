"""Bring up: forward, undone as a whole if one step fails. Take down: backward, past whatever fails."""

from __future__ import annotations

from snf_network_helper import kernel
from snf_network_helper.bystanders import ends_table
from snf_network_helper.changes import Route, Rule
from snf_network_helper.errors import JournalError, RoutedError
from snf_network_helper.journal import APPLIED, ATTACHED, AWAITED, KEPT, PENDING, Entry, Journal, Lock, names
from snf_network_helper.steps import Left, prepare
from snf_network_helper.undoing import revert

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Callable, Collection, Iterable, Sequence

    from snf_network_helper.changes import Change
    from snf_network_helper.plan import Plan


class StillStandingError(RoutedError):
    """Take-down finished, but some changes still stand: each with the reason why."""


def bring_up(
    name: str,
    plan: Plan,
    run: str = "",
    request: str = "",
    renewing: bool = False,
    finishing: bool = False,
    awaiting: Plan = (),
    standing: Collection[Change] = (),
) -> None:
    """Makes the kernel hold the plan of the stanza `name` (IFACE:ADDRFAM); run twice, it makes whole what is missing.

    What an earlier plan of the stanza did and this one does not is undone first. On any failure all that this call did
    is undone, and what it undid comes back. `run` tells this ifup from every other: an interface may have several
    stanzas of one family, and what the same ifup did for another is not outdated. `request` is what an attachment was
    asked for; `renewing` does nothing unless that is what the journal says. `finishing` undoes the ends of
    tables which a former plan had to leave while guests went by them. Of the plan, `awaiting` is only written down, to
    be made later, unless it has been made. What is `standing` in the kernel, as far as the caller has asked it, and was
    made by us is not made again.
    """
    from snf_network_helper.making import apply  # ifdown does not need it

    iface = name.rpartition(":")[0]
    with Lock(iface):
        before = Journal.read(name)
        if renewing and before.request != request:
            return
        old = {entry.change: entry for entry in before.entries}
        others = [entry for entry in before.entries if entry.change not in plan]
        outdated = [] if run and before.run == run else others
        if finishing:
            outdated = _ends_without_rule(others)
        journal = Journal(name, run, since=before.since or run, request=request)
        entries: list[Entry] = []
        try:
            left = revert(name, outdated, plan)
            entries = [
                old[change] if change in standing and _was_made(old.get(change)) else prepare(change, old.get(change))
                for change in plan
            ]
            for entry in entries:
                if entry.state == PENDING and entry.change in awaiting and not _was_made(old.get(entry.change)):
                    entry.state = AWAITED
            still = [entry for entry in others if entry not in outdated]
            journal.entries = still + _standing(outdated, left) + entries
            journal.write()
            apply(name, entries, again=bool(old))
            journal.write()
        except (RoutedError, OSError) as error:  # whatever the system refuses, nothing is to stay half done
            fresh = [entry for entry in entries if entry.state == APPLIED and not _was_made(old.get(entry.change))]
            before.request = before.request or request
            raise _rolled_back(error, before, fresh, outdated) from None


def _ends_without_rule(entries: Sequence[Entry]) -> list[Entry]:
    """The ends of tables that no rule among the entries looks up."""
    tables = {change.table for change in (entry.change for entry in entries) if isinstance(change, Rule)}
    return [
        entry
        for entry in entries
        if isinstance(entry.change, Route) and ends_table(entry.change) and entry.change.table not in tables
    ]


def _rolled_back(
    error: Exception, before: Journal, fresh: Sequence[Entry], outdated: Sequence[Entry]
) -> RoutedError:
    """Undoes what was done anew, brings back what was undone, and returns the error with what has become of it."""
    from snf_network_helper.making import apply

    reason = "interrupted" if kernel.interrupted else str(error)
    kernel.interrupted = False
    done = sum(entry.change.remove() != "" for entry in fresh)
    outcome = f"{done} change{'' if done == 1 else 's'} undone"
    try:
        before.entries += _standing(fresh, revert(before.name, fresh))
        if outdated:
            again = {entry.change: prepare(entry.change, entry) for entry in outdated}
            before.entries = [again.get(entry.change, entry) for entry in before.entries]
            apply(before.name, list(again.values()))
            outcome += ", the former setup is back"
        before.write()
    except RoutedError as second:
        outcome += f"; then {second}"
    return RoutedError(f"{reason} ({outcome})")


def _was_made(old: Entry | None) -> bool:
    """True where an earlier run made, or may have made, the change."""
    return old is not None and old.state not in (KEPT, AWAITED)


def take_down(iface: str, since: str = "") -> None:
    """Undoes everything that the journals of an interface's stanzas hold, with `since` only what that ifup made.

    Raises StillStandingError when something would not go; the journal then holds exactly that.
    """
    with Lock(iface):
        _take_down(list(names(iface)), since)


def take_down_guest(tap: str, first: Callable[[Journal], bool] = lambda _: True) -> None:
    """Undoes an attachment; StillStandingError as for an interface.

    `first` does what is most urgent, or says that nothing is to be undone.
    """
    with Lock(tap):
        if first(Journal.read(f"{tap}:{ATTACHED}")):
            _take_down([f"{tap}:{ATTACHED}"])


def change_request(tap: str, before: str, after: str) -> bool:
    """Writes down another request for an attachment, of which nothing else changes; False where `before` is not its."""
    with Lock(tap):
        journal = Journal.read(f"{tap}:{ATTACHED}")
        if journal.request != before:
            return False
        journal.request = after
        journal.write()
    return True


def make_awaited(tap: str, request: str, make: Callable[[Sequence[Entry]], None]) -> bool:
    """Has `make` make what an attachment awaits, and writes down that it has; False where nothing is awaited."""
    with Lock(tap):
        journal = Journal.read(f"{tap}:{ATTACHED}")
        awaited = [entry for entry in journal.entries if entry.state == AWAITED]
        if not awaited or journal.request != request:
            return False
        make(awaited)
        journal.write()
    return True


def _take_down(journals: Sequence[str], since: str = "") -> None:
    left: list[str] = []
    for name in journals:
        try:
            journal = Journal.read(name)
            if not since or journal.since == since:
                left += [f"{change.remove()}: {reason}" for change, reason in _take_down_one(journal)]
        except JournalError as error:
            left.append(str(error))
    if left:
        raise StillStandingError("; ".join(left))


def _take_down_one(journal: Journal) -> Left:
    left = revert(journal.name, journal.entries)
    journal.since = journal.run = ""  # what is left is no ifup's setup any more
    journal.entries = _standing(journal.entries, left)
    journal.write()
    return left


def _standing(entries: Iterable[Entry], left: Left) -> list[Entry]:
    """The entries of what could not be undone."""
    standing = {change for change, _ in left}
    return [entry for entry in entries if entry.change in standing]
