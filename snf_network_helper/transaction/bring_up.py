"""Bring up: forward, undone as a whole if one step fails; run twice, it makes whole what is missing.

What an earlier plan did and this one does not is undone first. On any failure all that the call did is undone, and what
it undid comes back.
"""

from snf_network_helper.changes.base import APPLIED, AWAITED, PENDING, Entry
from snf_network_helper.errors import RoutedError, UndoneError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import process, sysctl
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime.lock import Lock
from snf_network_helper.transaction.making import apply
from snf_network_helper.transaction.undoing import by_present_name, gone_link, renamed, revert, still_standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from snf_network_helper.changes.base import Change
    from snf_network_helper.plan.routed import Plan


class Goal:
    """What the kernel is to hold for a journal, and what that is to say of it.

    `run` tells this ifup from every other, `request` is what was asked for. Of the plan, `awaiting` is
    only written down, to be made later, unless it has been made. What is `standing` in the kernel, as far as the caller
    has asked it, and was made by us is not made again. `link` is the number of a stanza's link.
    """

    __slots__ = ("awaiting", "link", "plan", "request", "run", "standing")

    def __init__(
        self,
        plan: "Plan",
        run: str = "",
        request: str = "",
        awaiting: "Collection[Change]" = (),
        standing: "Collection[Change]" = (),
        link: str = "",
    ) -> None:
        self.plan = plan
        self.run = run
        self.request = request
        self.awaiting = awaiting
        self.standing = standing
        self.link = link

    def entry_for(self, change: "Change", former: "Entry | None") -> "Entry":
        """What is to become of a change of the plan, of which an earlier run has recorded `former`."""
        if former is not None and _was_made(former) and change in self.standing:
            return former
        entry = change.look(former)
        if entry.state == PENDING and change in self.awaiting and not _was_made(former):
            entry.state = AWAITED
        return entry


def bring_up(
    name: str, plan: "Plan", run: str = "", request: str = "", to_come: "Callable[[], Sequence[object]]" = tuple
) -> None:
    """Makes the kernel hold the plan of the stanza `name` (IFACE:ADDRFAM); `request` is what no change of it tells.

    An interface may have several stanzas of one family: what the same ifup did for another is not outdated, and what an
    earlier one did is not before all of them have had their turn. `to_come` tells of those that have not. What an
    earlier ifup did for a stanza of another family that is no more is taken over.
    """
    with Lock(_owner(name)):
        before = Journal.read(name)
        number, others = sysctl.number(before.owner), [other for other in names(_owner(name)) if other != name]
        _part_from_link(before, number)
        if others:
            for other in map(Journal.read, others):
                if _part_from_link(other, number):
                    other.write()
            from snf_network_helper.transaction.former import take_over

            take_over(before, others, plan, run, to_come)
        outdated, later = _others(before, plan), before.of_others(run)
        if run and before.run == run:  # it is not the first stanza
            before.first = before.first or len(before.entries) - before.former
            outdated = [entry for entry in outdated if entry in later]
            request = " ".join(filter(None, [before.request, request]))
        if any(entry in later for entry in outdated) and to_come():
            outdated = [entry for entry in outdated if entry not in later]
        _make(before, Goal(plan, run, request, link=number), outdated)


def _part_from_link(before: Journal, number: str) -> bool:
    """Where another link has the interface's name now, the former one gets back what it had, and leaves the journal.

    `number` is that of the link which has the name now. True where there was anything to do.
    """
    if not (number and gone_link(before)):
        return False
    link, now = before.owner, renamed(before)
    parted = [entry for entry in before.entries if entry.change.goes_with(link)]
    if now:
        revert(before.name, by_present_name(parted, link, now))
    former, first = before.entries[: before.former], before.entries[before.former :][: before.first]
    before.entries = [entry for entry in before.entries if entry not in parted]
    before.former = sum(entry not in parted for entry in former)
    before.first = sum(entry not in parted for entry in first)
    before.link = number
    return True


def finish_others(name: str, run: str, to_come: "Callable[[], Sequence[object]]") -> None:
    """After the last of several stanzas: undoes what no stanza of the interface's other family has asked for.

    It was left for one to come, which is of this family: ifquery(8) tells no families.
    """
    for other in names(_owner(name)):
        if other == name or not Journal.read(other).former or to_come():
            continue
        with Lock(_owner(name)):
            journal = Journal.read(other)
            if journal.run == run:
                former, journal.entries = journal.entries[: journal.former], journal.entries[journal.former :]
                left = revert(other, former, [entry.change for entry in journal.entries])
                journal.entries += still_standing(former, left)
                journal.former = 0
                journal.write()


def finish_tables(name: str, plan: "Plan", run: str) -> None:
    """Undoes the ends of tables that a former plan had to leave while guests went by them, and no rule looks up now."""
    with Lock(_owner(name)):
        before = Journal.read(name)
        others = _others(before, plan)
        looked_up = {entry.change.looks_up() for entry in others}
        ends = [entry for entry in others if entry.change.ends() and entry.change.ends() not in looked_up]
        _make(before, Goal(plan, run, before.request, link=before.link), outdated=ends)


def attach_guest(name: str, goal: Goal) -> None:
    """Makes the kernel hold the plan of an attachment (TAP:attached)."""
    with Lock(_owner(name)):
        before = Journal.read(name)
        _make(before, goal, outdated=_others(before, goal.plan))


def renew_guest(name: str, goal: Goal, asked: str, to_come: "Collection[Change]" = ()) -> None:
    """The same for a guest that is attached; does nothing unless the journal's request is still what was `asked`.

    What is for a stanza whose turn is yet `to_come` stays.
    """
    with Lock(_owner(name)):
        before = Journal.read(name)
        if before.request == asked:
            outdated = [one for one in _others(before, goal.plan) if one.change.successor() not in to_come]
            _make(before, goal, outdated)


def _was_made(former: "Entry | None") -> bool:
    return former is not None and former.was_made()


def _owner(name: str) -> str:
    return name.rpartition(":")[0]


def has_others(journal: Journal, plan: "Plan") -> bool:
    """True where a journal has what the plan does not ask for."""
    return bool(_others(journal, plan))


def _others(journal: Journal, plan: "Plan") -> list[Entry]:
    """The entries of a journal that the plan does not ask for."""
    wanted = {*plan}
    return [entry for entry in journal.entries if entry.change.successor() not in wanted]


def _make(before: Journal, goal: Goal, outdated: "Sequence[Entry]") -> None:
    """Undoes what is outdated and makes the rest of the goal; the caller holds the lock of what the journal is of."""
    name, old = before.name, {entry.change.successor(): entry for entry in before.entries}
    journal = Journal(name, goal.run, since=before.since or goal.run, request=goal.request)
    journal.link = goal.link
    kept = [entry for entry in _others(before, goal.plan) if entry not in outdated]
    later = before.of_others(goal.run)
    others = [entry for entry in kept if entry in later] + [entry for entry in kept if entry not in later]
    journal.former = sum(entry in later for entry in kept)
    if before.first and before.run == goal.run:
        first = before.entries[before.former :][: before.first]
        journal.first = sum(entry in first for entry in kept)
    entries: list[Entry] = []
    try:
        last = [entry for entry in outdated if entry.change.goes_last()]
        gone = gone_link(before)
        left = revert(name, [entry for entry in outdated if entry not in last], goal.plan, gone)
        entries = [goal.entry_for(change, old.get(change)) for change in goal.plan]
        journal.entries = others + last + still_standing(outdated, left) + entries
        journal.write()
        apply(name, entries, again=bool(old))
        left += revert(name, last, gone=gone)
        journal.entries = others + still_standing(outdated, left) + entries
        journal.write()
    except (RoutedError, OSError) as error:  # whatever the system refuses, nothing is to stay half done
        fresh = [entry for entry in entries if entry.state == APPLIED and not _was_made(old.get(entry.change))]
        before.request = before.request or goal.request
        raise _rolled_back(error, before, fresh, outdated) from None


def _rolled_back(
    error: Exception, before: Journal, fresh: "Sequence[Entry]", outdated: "Sequence[Entry]"
) -> UndoneError:
    """Undoes what was done anew, brings back what was undone, and returns the error with what has become of it."""
    reason = "interrupted" if process.interrupted else str(error)
    process.interrupted = False
    done = sum(entry.change.remove() != "" for entry in fresh)
    outcome = f"{done} change{'' if done == 1 else 's'} undone"
    try:
        before.entries += still_standing(fresh, revert(before.name, fresh))
        if outdated:
            again = {entry.change: entry.change.look(entry) for entry in outdated}
            before.entries = [again.get(entry.change, entry) for entry in before.entries]
            apply(before.name, list(again.values()))
            outcome += ", the former setup is back"
        before.write()
    except RoutedError as second:
        outcome += f"; then {second}"
    return UndoneError(reason, outcome)
