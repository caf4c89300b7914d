"""What the guard's elements have in common: runs of them are one transaction of nft(8)."""

from snf_network_helper.changes.base import APPLIED, Change, Entry, Left, Outcomes, User
from snf_network_helper.errors import KernelError, RoutedError
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import shared
from snf_network_helper.runtime.lock import SHARED, Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

GUARD_FILE = "/usr/share/snf-network-helper/guard.nft"
GUARD_TABLE = "snf_network_helper"
LOAD_GUARD = f"nft -f {GUARD_FILE}"
SUBNETS = f"element inet {GUARD_TABLE} subnets"
_OVERLAPS = "interval overlaps with"


class NftElement(Change):
    """An element of one of the guard's sets."""

    __slots__ = ()

    def door(self) -> str:
        return "nft"

    def make_run(self, run: "Sequence[Entry]", user: User) -> bool:
        joining(run, user, lambda again: add_run(run, again))
        return False

    def undo_run(self, run: "Sequence[Entry]", user: User) -> Outcomes:
        """The guard itself comes last where its last guest goes."""
        elements = [entry for entry in run if isinstance(entry.change, NftElement)]
        others = [entry for entry in run if entry not in elements]
        return [*_undo_elements([entry.change for entry in elements], user), *super().undo_run(others, user)]

    def add_again(self) -> str:
        """The command for an element that another user, or an earlier run, has made."""
        return self.add()


def add_run(run: "Sequence[Entry]", again: "Collection[Change]", first: "Sequence[str]" = ()) -> None:
    """Adds elements in one transaction, after the commands to run `first`; those of `again` may stand already."""
    changes = [entry.change for entry in run]
    commands = [one.add_again() if one in again and isinstance(one, NftElement) else one.add() for one in changes]
    add_elements([*first, *commands])
    for entry in run:
        entry.state = APPLIED


def joining(run: "Sequence[Entry]", user: User, make: "Callable[[Collection[Change]], None]") -> None:
    """Records the user of those elements that several may have made, and has all made; those that stand are named."""
    used = {entry.change: name for entry in run if (name := entry.change.users())}
    if not used:
        make(())
        return
    with Lock(SHARED):
        joined = {change: shared.join(name, user.name) for change, name in used.items()}
    new = [used[change] for change, (_, known) in joined.items() if not known]
    try:
        make([change for change, (first, known) in joined.items() if known or not first])
    except RoutedError:  # a transaction makes all or none
        with Lock(SHARED):
            for name in new:
                shared.leave(name, user.name)
        raise


def add_elements(commands: "Sequence[str]") -> None:
    """Adds the guard's elements; where somebody has flushed all of nftables, to a new guard.

    A subnet is left out that overlaps with one of another network, as few do: it is part of that, or that of it.
    """
    from snf_network_helper.kernel.nft import transaction
    from snf_network_helper.kernel.process import is_gone

    try:
        transaction(commands)
    except KernelError as error:
        if _OVERLAPS in error.reason and len(commands) > 1:
            apart = [command for command in commands if SUBNETS in command]
            add_elements([command for command in commands if command not in apart])
            for command in apart:
                add_elements([command])
        elif is_gone(error.reason) and LOAD_GUARD not in commands:
            add_elements([LOAD_GUARD, *commands])
        elif _OVERLAPS not in error.reason:
            raise


def _undo_elements(changes: "Sequence[Change]", user: User) -> Left:
    """The last user of an element deletes it before it is struck off, so that a kill in between loses nothing."""
    used = [change for change in changes if change.users()]
    if not used:
        return delete_run(changes)
    with Lock(SHARED):
        left = delete_run([one for one in changes if one not in used or not shared.has_others(one.users(), user.name)])
        standing = {change for change, _ in left}
        for change in used:
            if change not in standing:
                shared.leave(change.users(), user.name)
    return left


def delete_run(changes: "Sequence[Change]") -> Left:
    """Deletes elements in one transaction, or where one of them is gone already, each by itself."""
    from snf_network_helper.kernel.nft import transaction
    from snf_network_helper.kernel.process import is_gone

    if not changes:
        return []
    try:
        transaction([change.remove() for change in changes])
    except KernelError as error:
        if len(changes) > 1:
            return [left for change in changes for left in delete_run([change])]
        if not is_gone(error.reason):
            return [(changes[0], error.reason)]
    return []
