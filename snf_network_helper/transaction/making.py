"""Making the pending changes of a transaction, each run of one door together."""

from itertools import groupby

from snf_network_helper.changes.base import KEPT, PENDING, Entry, User
from snf_network_helper.journal.journal import OtherOwners
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def user_of(name: str) -> User:
    """The user whose journal has that name."""
    return User(name, OtherOwners(name))


def door_of(entry: Entry) -> str:
    """The door that an entry's change goes through."""
    return entry.change.door()


def apply(name: str, entries: "Sequence[Entry]", again: bool = False) -> None:
    """Makes the pending changes in order; `again` says that an earlier run may have made them.

    So it may have where something that ip(8) adds was there before, with or without a journal.
    """
    user = user_of(name)
    user.again = again or any(entry.state == KEPT and door_of(entry).startswith("ip") for entry in entries)
    pending = [entry for entry in entries if entry.state == PENDING]
    for _, group in groupby(pending, door_of):
        run = list(group)
        user.again = run[0].change.make_run(run, user) or user.again
