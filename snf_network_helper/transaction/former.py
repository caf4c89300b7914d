"""What an earlier ifup made for stanzas of an interface that are stanzas no more: a former plan, and no rival.

An edit may put two stanzas into one, or give a stanza another address family. What the journal of another family holds
then becomes a part of the journal whose turn it is, with all its users, before anything is made or undone.
"""

from snf_network_helper.changes.route import Route
from snf_network_helper.changes.rule import Rule
from snf_network_helper.journal.journal import Journal
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import shared
from snf_network_helper.runtime.lock import SHARED, Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from snf_network_helper.changes.base import Change, Entry

# The journal of an interface whose ifupdown makes one of all its stanzas.
WHOLE = ":any"


def take_over(
    before: Journal,
    others: "Sequence[str]",
    plan: "Collection[Change]",
    run: str,
    to_come: "Callable[[], Sequence[object]]",
) -> None:
    """Has `before` hold what journals of an earlier ifup than `run` do.

    If stanzas are to come, these may be theirs: then only routes and rules that the plan wants: each has one owner.
    """
    is_whole = before.name.endswith(WHOLE)
    earlier = [other for other in map(Journal.read, others) if is_whole or (run and other.run != run)]
    if not earlier:
        return
    partly = not is_whole and bool(to_come())
    wanted = {*plan} - {entry.change for entry in before.entries}
    for other in earlier:
        of_one = [one for one in other.entries if one.change in wanted and isinstance(one.change, (Route, Rule))]
        taken = of_one if partly else other.entries
        if taken or not partly:
            _move(taken, other, before, all_users=not partly)


def _move(taken: "list[Entry]", other: Journal, to: Journal, all_users: bool) -> None:
    """Both journals have the entries for a moment, so that a kill loses nothing."""
    own = {entry.change: number for number, entry in enumerate(to.entries)}
    fresh = []
    for entry in taken:
        if entry.change not in own:
            fresh.append(entry)
        elif entry.was_made() and not to.entries[own[entry.change]].was_made():  # for us it only stood already
            to.entries[own[entry.change]] = entry
    to.entries = fresh + to.entries
    to.former += len(fresh)
    to.link = to.link or other.link
    if all_users:
        to.since = to.since or other.since
        to.request = " ".join(filter(None, [to.request, other.request]))
    to.write()
    if all_users:
        with Lock(SHARED):
            shared.hand_over(other.name, to.name)
    former, first = other.entries[: other.former], other.entries[other.former :][: other.first]
    other.entries = [entry for entry in other.entries if entry not in taken]
    other.former, other.first = (sum(entry in part for entry in other.entries) for part in (former, first))
    other.write()
