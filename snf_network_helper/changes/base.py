"""What a change is: a value that knows its two command lines, and how it is looked for, made, undone and seen."""

from snf_network_helper.errors import JournalError, KernelError, NotStartedError, RoutedError, why
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    from snf_network_helper.kernel.view import View

    class AtWork(Protocol):
        """A command at work, of which `finish` waits for the end; KernelError where it failed."""

        def finish(self) -> None: ...


# Whatever in the kernel can carry a mark carries this one; its number is in /etc/iproute2/rt_protos.d/.
PROTOCOL = "snf"

PENDING = "pending"  # about to be done; after a kill: perhaps done
APPLIED = "applied"
KEPT = "kept"  # was there before us, and stays
AWAITED = "awaited"  # to be done once the guest that moves in is heard
_STATES = (PENDING, APPLIED, KEPT, AWAITED)


class User:
    """For whom changes are made and undone: `name` is that of its journal.

    `again`: an earlier run may have made some; `other_owner` names the other journal with a change; `begun`: at work
    before its turn.
    """

    __slots__ = ("again", "begun", "name", "other_owner")

    def __init__(self, name: str, other_owner: "Callable[[Change], str]", again: bool = False) -> None:
        self.name = name
        self.other_owner = other_owner
        self.again = again
        self.begun: dict[Change, AtWork] = {}


class Change:
    """One piece of kernel state. Fields are strings without white space, "" where absent: the journal is plain text."""

    __slots__: tuple[str, ...] = ()

    def fields(self) -> tuple[tuple[str, str], ...]:
        """Name and value of every field that is set, in order."""
        return tuple((name, getattr(self, name)) for name in self.__slots__ if getattr(self, name))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Change) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.fields()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.fields())})"

    def add(self) -> str:
        """The command that makes this change, as a person would type it."""
        raise NotImplementedError

    def remove(self) -> str:
        """The command that undoes exactly this change; "" where undoing is not ours to do."""
        raise NotImplementedError

    def door(self) -> str:
        """What a run of changes goes through together: "ip", "ip -6", "nft"; "" for each by itself."""
        return ""

    def look(self, old: "Entry | None") -> "Entry":
        """What stands before the change is made: pending, or applied if an earlier run made it, else kept.

        This default does not look: to add what stands already fails, and the kernel says so.
        """
        return Entry(self, prior=old.prior if old is not None else "")

    def begin(self) -> "AtWork | None":
        """Begins to make the change before its turn, where nothing that comes earlier matters to it; else None."""
        return None

    def make(self, user: User) -> None:
        """Makes the change by itself."""
        raise NotImplementedError

    def make_run(self, run: "Sequence[Entry]", user: User) -> bool:
        """Makes a run of changes of one door, of which this is the first; True where any of them stood already.

        The state of each entry then says what has become of it, also where an error is raised.
        """
        for entry in run:
            make_one(entry, user, entry.change.make)
        return False

    def undo(self, user: User, prior: str) -> "AtWork | None":
        """Undoes the change by itself, or begins to: what is still at work is returned."""
        raise NotImplementedError

    def undo_run(self, run: "Sequence[Entry]", user: User) -> "Outcomes":
        """Undoes a run of changes of one door, of which this is the first, past whatever fails."""
        return [outcome for entry in run for outcome in undo_one(entry, user)]

    def is_present(self, marked: "frozenset[Change]") -> bool:
        """True where the kernel holds the change; `marked` is all that it holds of the kinds that bear our mark."""
        return self.successor() in marked

    def is_kept(self) -> bool:
        """True where the kernel holds what was there before us: an equal one of a kind that bears our mark."""
        return False

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        """All of this kind in the kernel that are ours by their mark; none of a kind that bears none."""
        return iter(())

    def successor(self) -> "Change":
        """The same change as plans of this version have it; another one only for a kind that is no longer planned."""
        return self

    def users(self) -> str:
        """By which name the users of a change are recorded that stands until the last one goes; "" for its own only."""
        return ""

    def goes_last(self) -> bool:
        """True where an outdated change stands until what comes in its place has been made."""
        return False

    def goes_with(self, link: str) -> bool:
        """True where the kernel drops the change with that link: another one of its name has nothing to do with it."""
        return False

    def looks_up(self) -> str:
        """The routing table that the change has packets looked up in, "" for none."""
        return ""

    def ends(self) -> str:
        """The routing table whose look-ups end with the change, "" for none."""
        return ""

    def looked_up_by(self) -> str:
        """The command that shows the rules by which the table that this ends is looked up."""
        return ""


class Entry:
    """One change and what became of it; `prior` is what stood in the place of a setting."""

    __slots__ = ("change", "prior", "state")

    def __init__(self, change: Change, state: str = PENDING, prior: str = "") -> None:
        self.change = change
        self.state = state
        self.prior = prior

    def line(self) -> str:
        """The entry as the journal's file holds it."""
        words = [self.state, type(self.change).__name__, *(f"{name}={value}" for name, value in self.change.fields())]
        return " ".join(words + ([f"prior={self.prior}"] if self.prior else []))

    @classmethod
    def parse(cls, line: str) -> "Entry":
        """Reads what `line()` wrote; ValueError for anything else."""
        state, name, *words = line.split(" ")
        fields = {name: value for name, _, value in (word.partition("=") for word in words)}
        prior = fields.pop("prior", "")
        kind = kind_named(name)
        if state not in _STATES or kind is None:
            raise ValueError(line)
        try:
            entry = cls(kind(**fields), state, prior)
        except TypeError:
            raise ValueError(line) from None
        if entry.line() != line:
            raise ValueError(line)
        return entry

    def was_made(self) -> bool:
        """True where the change was made, or may have been: what is not awaited, and was not there before."""
        return self.state not in (KEPT, AWAITED)


Left = list[tuple[Change, str]]  # what would not go, and why
Outcomes = list[tuple[Change, "str | AtWork"]]  # of an undoing that failed, why; or one that is still at work

_kinds: dict[str, type[Change] | None] = {}


def kind_named(name: str) -> type[Change] | None:
    """The kind of that name in the journal, None where there is none; its file alone is imported."""
    if name not in _kinds:
        _kinds[name] = _find_kind(name)
    return _kinds[name]


def _find_kind(name: str) -> type[Change] | None:
    if not (name.isascii() and name.isalpha()):
        return None
    file = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("_")
    path = f"{__package__}.{file}"
    try:
        module = __import__(path, fromlist=[name])  # importlib would take 1 ms
    except ModuleNotFoundError as error:
        if error.name != path:  # the kind is there, and what it needs is not
            raise
        return None
    kind = getattr(module, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, Change) and kind is not Change else None


def make_one(entry: Entry, user: User, make: "Callable[[User], None]") -> None:
    """Makes one change by itself; on an error, what it may have done is undone."""
    from snf_network_helper.kernel import process

    try:
        make(user)
    except RoutedError as error:  # it may be half done, by an interrupt not least
        interrupted, process.interrupted = process.interrupted, False
        left = finish(undo_one(entry, user))
        if left and not isinstance(error, (JournalError, NotStartedError)):  # which come before the kernel's turn
            entry.state = APPLIED
        process.interrupted = interrupted
        raise
    entry.state = APPLIED


def undo_one(entry: Entry, user: User) -> Outcomes:
    """Undoes one change by itself, or begins to."""
    change = entry.change
    try:
        undoing = change.undo(user, entry.prior)
    except (RoutedError, OSError, ValueError) as error:  # the last one of a journal that somebody else has written
        return [(change, why(error))]
    return [(change, undoing)] if undoing is not None else []


def finish(outcomes: Outcomes) -> Left:
    """Waits for what is still at work; returns what would not go, and why."""
    left: Left = []
    for change, outcome in outcomes:
        try:
            if not isinstance(outcome, str):
                outcome.finish()
                continue
            left.append((change, outcome))
        except KernelError as error:
            left.append((change, error.reason))
    return left
