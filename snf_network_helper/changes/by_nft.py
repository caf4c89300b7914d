"""What the guard's elements have in common: runs of them are one transaction of nft(8)."""

from snf_network_helper.changes.base import APPLIED, KEPT, Change, Entry, Left, Outcomes, User
from snf_network_helper.errors import KernelError
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GUARD_FILE = "/usr/share/snf-network-helper/guard.nft"
GUARD_TABLE = "snf_network_helper"
LOAD_GUARD = f"nft -f {GUARD_FILE}"


class NftElement(Change):
    """An element of one of the guard's sets."""

    __slots__ = ()

    def door(self) -> str:
        return "nft"

    def create(self, prior: str) -> str:
        """The command that makes it, and fails where it may be another's that stands already; `prior` as recorded."""
        return self.add()

    def is_anothers(self, prior: str) -> bool:
        """True where one that stands already may be somebody else's, who then keeps it."""
        return False

    def make_run(self, run: "Sequence[Entry]", user: User) -> bool:
        add_run(run)
        return False

    def undo_run(self, run: "Sequence[Entry]", user: User) -> Outcomes:
        """The guard itself comes last where its last guest goes."""
        elements = [entry for entry in run if isinstance(entry.change, NftElement)]
        others = [entry for entry in run if entry not in elements]
        return [*delete_run([entry.change for entry in elements]), *super().undo_run(others, user)]


def add_run(run: "Sequence[Entry]", first: "Sequence[str]" = ()) -> None:
    """Adds elements in one transaction, after the commands to run `first`; those of others that stand are kept."""
    from snf_network_helper.kernel.process import exists_already

    elements = [(entry, entry.change) for entry in run if isinstance(entry.change, NftElement)]
    kept: list[Entry] = []
    try:
        add_elements([*first, *(change.create(entry.prior) for entry, change in elements)])
    except KernelError as error:
        kept = [entry for entry, change in elements if change.is_anothers(entry.prior)]
        if not kept or not exists_already(error.reason):
            raise
        # Another guest has the address, as its route will show, or a journal was lost
        add_elements([*first, *(change.add() for _, change in elements)])
    for entry in run:
        entry.state = KEPT if entry in kept else APPLIED


def add_elements(commands: "Sequence[str]") -> None:
    """Adds the guard's elements; where somebody has flushed all of nftables, to a new guard."""
    from snf_network_helper.kernel.nft import transaction
    from snf_network_helper.kernel.process import is_gone

    try:
        transaction(commands)
    except KernelError as error:
        if not is_gone(error.reason):
            raise
        transaction([LOAD_GUARD, *commands])


def delete_run(changes: "Sequence[Change]") -> Left:
    """Deletes elements in one transaction, or where one of them is gone already, each by itself."""
    from snf_network_helper.kernel.nft import transaction
    from snf_network_helper.kernel.process import is_gone

    try:
        transaction([change.remove() for change in changes])
    except KernelError as error:
        if len(changes) > 1:
            return [left for change in changes for left in delete_run([change])]
        if not is_gone(error.reason):
            return [(changes[0], error.reason)]
    return []
