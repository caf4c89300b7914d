"""Making the pending changes of a transaction, each run of one door together."""

from snf_network_helper.changes.base import APPLIED, KEPT, PENDING, Entry, User, finish, undo_one
from snf_network_helper.journal.journal import OtherOwners
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def user_of(name: str) -> User:
    """The user whose journal has that name."""
    return User(name, OtherOwners(name))


def door_of(entry: Entry) -> str:
    """The door that an entry's change goes through."""
    return entry.change.door()


def runs(entries: "Iterable[Entry]") -> "Iterator[list[Entry]]":
    """The entries in their order, those together that follow each other through one door."""
    run: list[Entry] = []
    for entry in entries:
        if run and door_of(entry) != door_of(run[0]):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def apply(name: str, entries: "Sequence[Entry]", again: bool = False) -> None:
    """Makes the pending changes in order; `again` says that an earlier run may have made them.

    So it may have where something that ip(8) adds was there before, with or without a journal. Some changes are begun
    before their turn, which then waits for their end.
    """
    user = user_of(name)
    user.again = again or any(entry.state == KEPT and door_of(entry).startswith("ip") for entry in entries)
    pending = [entry for entry in entries if entry.state == PENDING]
    try:
        for entry in pending:
            if work := entry.change.begin():
                user.begun[entry.change] = work
        for run in runs(pending):
            user.again = run[0].change.make_run(run, user) or user.again
    finally:
        _undo_begun(pending, user)


def _undo_begun(pending: "Sequence[Entry]", user: User) -> None:
    """After an error: what was begun and had no turn is as if it had not been begun."""
    for entry in pending:
        work = user.begun.pop(entry.change, None)
        if work and not finish([(entry.change, work)]):
            entry.state = APPLIED
            if not finish(undo_one(entry, user)):
                entry.state = PENDING
