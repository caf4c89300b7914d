"""What the node answers for on a network's link, as version 0.1.0 has it in its journals."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.hosted_address import HostedAddress
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View


class Hosted(HostedAddress):
    """The element of one guest that had it to itself: no plan has it any more."""

    __slots__ = ()

    def successor(self) -> Change:
        return HostedAddress(self.table, self.members, self.tap, self.address)

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        return iter(())
