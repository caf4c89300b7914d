"""The tables of nftables that guard guests' TAPs."""

from snf_network_helper.changes.base import PENDING, Change, Entry, User, make_one
from snf_network_helper.changes.by_nft import GUARD_TABLE, LOAD_GUARD, add_run, joining
from snf_network_helper.changes.shared import SharedChange
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from snf_network_helper.kernel.view import View


class Guard(SharedChange):
    """The nftables tables whose sets say which addresses may come out of which TAP; shared by all of them."""

    __slots__ = ()

    def add(self) -> str:
        return LOAD_GUARD

    def remove(self) -> str:
        # Added first, since to delete what is gone would be an error
        tables = (f"table inet {GUARD_TABLE}", f"table arp {GUARD_TABLE}")
        return f"nft '{'; '.join(f'add {table}; delete {table}' for table in tables)}'"

    def door(self) -> str:
        return "nft"

    def make_run(self, run: "Sequence[Entry]", user: User) -> bool:
        """Where nobody has used the guard yet, it is loaded in the transaction of the elements that come with it."""
        guard, *elements = run

        def make(again: "Collection[Change]") -> None:
            make_one(guard, user, lambda user: self.make_by(user, lambda: add_run(elements, again, [self.add()])))
            if any(entry.state == PENDING for entry in elements):
                add_run(elements, again)

        joining(elements, user, make)
        return False

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        if any("table" in item for item in view.nft_table("inet", GUARD_TABLE)):
            yield cls()
