"""The binding file of a guest whose link takes other packets than Ethernet's usual ones."""

from snf_network_helper.changes.binding import Binding


class BindingWithMtu(Binding):
    """The file has the MTU too, which nfdhcpd names in leases and advertisements; an empty one it cannot read.

    A kind of its own: releases have the other.
    """

    __slots__ = ("mtu",)

    def __init__(self, mtu: str, **fields: str) -> None:
        super().__init__(**fields)
        self.mtu = mtu

    def fields(self) -> tuple[tuple[str, str], ...]:
        bound = ((name, getattr(self, name)) for name in Binding.__slots__)
        return (*(field for field in bound if field[1]), ("mtu", self.mtu))

    def text(self) -> str:
        return f"{super().text()}MTU={self.mtu}\n"
