"""What changes made by ip(8) have in common: runs of them share one `ip -batch`, forward and backward."""

from snf_network_helper.changes.base import APPLIED, KEPT, Change, Entry, Left, Outcomes, User
from snf_network_helper.errors import KernelError, TakenError
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV4

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = "ours"
FOREIGN = "foreign"
# How `ip route show` begins a route that is no unicast one.
_TYPES = ("unreachable", "blackhole", "prohibit", "throw", "local", "broadcast", "anycast", "multicast", "nat")
LOOKED_UP = "kept, rules still look the table up"


class Answers:
    """What the kernel holds while a run is judged: each table is asked for once, for each question is a process."""

    __slots__ = ("_routes",)

    def __init__(self) -> None:
        self._routes: dict[str, dict[str, list[list[str]]]] = {}

    def routes_to(self, destination: str, command: str) -> list[list[str]]:
        """The words of each route to a destination that a query shows; a route's first word is its type."""
        if command not in self._routes:
            from snf_network_helper.kernel.process import query

            routes = self._routes[command] = {}
            for line in query(command).splitlines():
                words = line.split()
                if words[0] not in _TYPES:
                    words.insert(0, "unicast")
                routes.setdefault(words[1], []).append(words)
        return self._routes[command].get(destination, [])


class IpChange(Change):
    """A change made by ip(8)."""

    __slots__ = ()

    def object_and_selector(self) -> tuple[str, str]:
        """The words before and after `add` or `del`."""
        raise NotImplementedError

    def add(self) -> str:
        before, after = self.object_and_selector()
        return f"{before} add {after}"

    def remove(self) -> str:
        before, after = self.object_and_selector()
        return f"{before} del {after}"

    def door(self) -> str:
        return "ip -6" if self.add().startswith("ip -6 ") else "ip"

    def holder(self, prior: str, answers: Answers) -> str:
        """Whose it is that stands where this is to be added: `OURS`, `FOREIGN` if equal, "" if in the way.

        Asked when the kernel has said that something is there; `prior` is the entry's.
        """
        return OURS

    def taken(self) -> str:
        """What this is in the words of the options, where another interface may have it; "" where they have none."""
        return ""

    def is_host(self) -> bool:
        """True for what is about one guest's address."""
        return False

    def in_the_way(self) -> tuple[str, str]:
        """What stands where this is to be added, as ip(8) shows it, and of what is ours the link; "" each."""
        return "", ""

    def takes_along(self) -> str:
        """The command that shows what of others the kernel drops when this is undone, "" for nothing."""
        return ""

    def put_back(self, shown: str) -> list[str]:
        """The commands that put back what `takes_along` has shown."""
        return []

    def make_run(self, run: "Sequence[Entry]", user: User) -> bool:
        return make_batch(run, user)

    def undo_run(self, run: "Sequence[Entry]", user: User) -> Outcomes:
        return [*undo_batch([entry.change for entry in run if isinstance(entry.change, IpChange)])]


def ip(family: str) -> str:
    """The program with its option for a family."""
    return "ip" if family == IPV4 else "ip -6"


def make_batch(run: "Sequence[Entry]", user: User) -> bool:
    """Adds what ip(8) adds; what stands already is looked at, and is ours by its mark, kept, or in the way.

    Returns whether any of it stood already. The end of a table records which rules of others were there before.
    """
    from snf_network_helper.changes.foreign import foreign_rules
    from snf_network_helper.kernel.ip import batch

    stood = False
    todo = list(run)
    ends = [entry for entry in todo if entry.change.ends()]
    asks = [ends[0].change.looked_up_by()] if ends else []
    while todo:
        keep_going = user.again or stood  # most stand already: the batch had better not stop at each of those
        try:
            failures, shown = batch([entry.change.add() for entry in todo] + asks, keep_going)
        except KernelError:  # ip(8) died without a word: it may have done any of it
            for entry in todo:
                entry.state = APPLIED
            raise
        failures = [failure for failure in failures if failure[0] < len(todo)]
        for end in ends:
            end.prior = end.prior or foreign_rules(shown)
        ran = len(todo) if keep_going or not failures else failures[0][0] + 1
        reasons = dict(failures)
        for index, entry in enumerate(todo[:ran]):
            if index not in reasons:
                entry.state = APPLIED
        answers = Answers()
        for index, reason in failures:
            judge_standing(todo[index], reason, user, answers)
            stood = True
        todo = todo[ran:]
    return stood


def judge_standing(entry: Entry, reason: str, user: User, answers: Answers) -> None:
    """Applied or kept, for what could not be added because it stands already; KernelError if something else does."""
    from snf_network_helper.kernel.process import exists_already

    change = entry.change
    entry.state = KEPT  # whatever stands there is not ours to undo
    if not (exists_already(reason) and isinstance(change, IpChange)):
        raise KernelError(change.add(), reason)
    holder = change.holder(entry.prior, answers)
    if holder == OURS and (owner := user.other_owner(change)):
        raise _taken(change, owner, user, reason)
    if not holder:
        shown, dev = change.in_the_way()
        if dev:
            raise _taken(change, dev, user, reason)
        raise KernelError(change.add(), f"{reason}: {shown}" if shown else reason)
    if holder == OURS:
        entry.state = APPLIED


def _taken(change: IpChange, owner: str, user: User, reason: str) -> KernelError:
    """The error where another has what is to be added: a journal, or the link that it is on."""
    iface = owner.partition(":")[0]
    if not (what := change.taken()):
        return KernelError(change.add(), f"{reason}, {owner} has it")
    if change.is_host():
        return TakenError(change.add(), f"{what} is attached to {iface}")
    whose = iface if iface != user.name.rpartition(":")[0] else owner.replace(":", " ")
    return TakenError(change.add(), f"{what} is {whose}'s already")


def undo_batch(changes: "Sequence[IpChange]") -> Left:
    """Undoes changes of one family in one batch, and puts back what of others goes with one of them."""
    from snf_network_helper.kernel.ip import batch
    from snf_network_helper.kernel.process import is_gone

    taking = next(((change, asked) for change in changes if (asked := change.takes_along())), None)
    asks = [taking[1]] if taking else []
    failures, shown = batch([*asks, *(change.remove() for change in changes)], keep_going=True)
    if taking and (commands := taking[0].put_back(shown)):
        batch(commands, keep_going=True)
    undone = dict(enumerate(changes, start=len(asks)))
    left: Left = [(undone[index], reason) for index, reason in failures if index in undone and not is_gone(reason)]
    ends = [change for change in changes if change.ends()]
    if ends and any(change.looks_up() for change, _ in left):  # which would send packets past the end of its table
        batch([change.add() for change in ends], keep_going=True)
        left += [(change, LOOKED_UP) for change in ends]
    return left
