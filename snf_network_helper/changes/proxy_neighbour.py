"""A neighbour proxy for IPv6, as version 0.1.0 has it in its journals."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.neighbour_proxy import NeighbourProxy


class ProxyNeighbour(NeighbourProxy):
    """The proxy of one guest that had it to itself: no plan has it any more."""

    __slots__ = ()

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("address", self.address), ("dev", self.dev))

    def successor(self) -> Change:
        return NeighbourProxy(self.address, self.dev)
