"""The source address of the node's own ARP requests, rewritten by arptables."""

from snf_network_helper.changes.base import APPLIED, Change, Entry, User
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import files
from snf_network_helper.runtime.lock import SHARED, Lock

if TYPE_CHECKING:
    from snf_network_helper.kernel.process import Deletion, Running

_PROGRAM = "/usr/sbin/arptables"


class ArpSource(Change):
    """ARP requests of the node on a link are sent as if from `address`.

    Inserted, as masquerading is: deleting takes the first of equal rules, so one of the administrator's stays in place.
    arptables-legacy reads and writes the whole table without a lock of its own, so each call of it has one of ours.
    """

    __slots__ = ("dev", "address")

    def __init__(self, dev: str, address: str) -> None:
        self.dev = dev
        self.address = address

    def specification(self) -> str:
        """The rule itself, as `arptables -I OUTPUT` and `-D OUTPUT` take it."""
        return f"-o {self.dev} --opcode request -j mangle --mangle-ip-s {self.address}"

    def listed(self) -> frozenset[str]:
        """The words by which `arptables -n -L` shows it, in either variant."""
        return frozenset(f"-j mangle -o {self.dev} --opcode 1 --mangle-ip-s {self.address}".split())

    def add(self) -> str:
        return f"arptables -I OUTPUT {self.specification()}"

    def remove(self) -> str:
        return f"arptables -D OUTPUT {self.specification()}"

    def look(self, old: Entry | None) -> Entry:
        """Only one that we made is looked for: an equal one of the administrator's is his, and ours goes before it."""
        if old is None or not old.was_made():
            return super().look(old)
        return Entry(self, APPLIED) if self._number() else Entry(self)

    def begin(self) -> "Running | None":
        """It takes as long as all the rest, and rewrites nothing that the node would send meanwhile."""
        from snf_network_helper.errors import NotStartedError
        from snf_network_helper.kernel.process import Running

        if not _has_transactions():
            return None
        try:
            return Running(self.add().split())
        except NotStartedError:  # as is said when its turn comes
            return None

    def make(self, user: User) -> None:
        from snf_network_helper.kernel.process import run

        if work := user.begun.pop(self, None):
            work.finish()
        elif _has_transactions():
            run(self.add())
        else:
            with Lock(SHARED):
                run(self.add())

    def undo(self, user: User, prior: str) -> "Deletion | None":
        """By its text arptables-nft takes this very rule, but arptables-legacy any rule of the link.

        There the rule's number says which, and its removal is waited for.
        """
        from snf_network_helper.kernel.process import Deletion, run

        if _has_transactions():
            return Deletion(self.remove().split(), lambda: self._number() > 0)
        with Lock(SHARED):
            if number := self._number():
                run(f"arptables -D OUTPUT {number}")
        return None

    def is_present(self, marked: frozenset[Change]) -> bool:
        from snf_network_helper.errors import KernelError

        try:
            return self._number() > 0
        except KernelError:
            return False

    def _number(self) -> int:
        """The rule's number in arptables' OUTPUT chain, 0 where it is not there.

        `-n`: names would be looked up by DNS. Neither variant can say by itself whether a rule exists (legacy has no
        -C).
        """
        from snf_network_helper.kernel.process import output

        for line in output(["arptables", "-n", "-L", "OUTPUT", "--line-numbers"]).splitlines():
            number, *words = line.split() or [""]
            if number.isdigit() and self.listed() == frozenset(words):
                return int(number)
        return 0


def _has_transactions() -> bool:
    """True for arptables-nft; arptables-legacy needs our lock."""
    return files.last_link(_PROGRAM).endswith("nft-multi")
