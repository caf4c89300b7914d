"""One change, by its kind: what stands before it is made, how it is made, and how it is undone."""

from __future__ import annotations

from snf_network_helper import kernel, shared, sysctl, xtables
from snf_network_helper.changes import Address, Change, RefuseAdvertisements, SharedSysctl, Sysctl
from snf_network_helper.errors import KernelError, RoutedError
from snf_network_helper.journal import APPLIED, KEPT, PENDING, Entry, Journal, Lock, names
from snf_network_helper.netfilter_changes import ArpSource, Masquerade, NeighbourProbes

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Callable

    from snf_network_helper.nfnetlink import TableDeletion

SHARED_LOCK = ":shared"  # no link's name has a colon

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
    if change.is_exclusive or (isinstance(change, Address) and not change.is_looked_for):
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


def make(name: str, change: Change, again: bool, by: Callable[[Change], None] = shared.make) -> None:
    """Makes one change that ip(8) does not make; `again` says that an earlier run may have made it.

    What is shared, and no setting, is made `by` the function given, where nobody has used it yet.
    """
    if change.is_shared:
        with Lock(SHARED_LOCK):
            shared.acquire(change, name, by)
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


def undo(name: str, entry: Entry) -> list[Undoing]:
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
        elif isinstance(change, RefuseAdvertisements):
            with Lock(SHARED_LOCK):  # those that have the link heed them may have gone, or come
                shared.follow(change.dev)
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


def finish(working: list[Undoing]) -> Left:
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


def other_owner(name: str, change: Change) -> str:
    """The other stanza whose journal holds this very change, "" where none does."""
    for other in names():
        if other == name:
            continue
        if any(entry.change == change and entry.state != KEPT for entry in Journal.read(other).entries):
            return other
    return ""
