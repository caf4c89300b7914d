"""What the node answers for on a network's link, for whichever guest has the address."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.by_nft import GUARD_TABLE
from snf_network_helper.changes.guard_element import GuardElement, elements
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View


class HostedAddress(GuardElement):
    """An address that the node answers for on a network's link, unless another one announces it there.

    Several guests may have it made: one that has it, and others that have gone and are not detached yet. What another
    node has announced is forgotten when the element goes, or is made once more. To make it at first deletes nothing: a
    socket that something was deleted by is closed only after the kernel's grace period, 10 ms later
    (nft_rcv_nl_event, net/netfilter/nf_tables_api.c).
    """

    __slots__ = ()

    def __init__(self, table: str, members: str, dev: str, address: str) -> None:
        super().__init__(table, members, dev, address)

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("table", self.table), ("members", self.members), ("dev", self.tap), ("address", self.address))

    def users(self) -> str:
        return f"hosted/element,{self.tap},{self.address}"

    def add_again(self) -> str:
        return f"nft '{self._forgetting()}; {self._statement('add')}'"

    def remove(self) -> str:
        return f"nft '{self._statement('delete')}; {self._forgetting()}'"

    def _forgetting(self) -> str:
        set_of_gone = self.members.replace("hosted", "gone")
        gone = f'element {self.table} {GUARD_TABLE} {set_of_gone} {{ "{self.tap}" . {self.address} }}'
        # Added first, since to delete what is not there would be an error
        return f"add {gone}; delete {gone}"

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for members, family, link, address in elements(view):
            if members.startswith("hosted"):
                yield cls(family, members, link, address)
