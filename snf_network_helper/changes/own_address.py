"""The MAC address of a network's link, for the guests that the node answers for there."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.guard_element import GuardElement, elements
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View


class OwnAddress(GuardElement):
    """What comes in from a link's own MAC address is no other node's announcement, but one of this node, sent back.

    Each guest of the network has it made. One that was attached before the link got another address has the former one.
    """

    __slots__ = ()

    def __init__(self, table: str, dev: str, address: str) -> None:
        super().__init__(table, "own", dev, address)

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("table", self.table), ("dev", self.tap), ("address", self.address))

    def users(self) -> str:
        return f"hosted/own-{self.table},{self.tap},{self.address}"

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for members, family, link, address in elements(view):
            if members == "own":
                yield cls(family, link, address)
