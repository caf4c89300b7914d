"""The router advertisements of a guest whose link takes other packets than Ethernet's usual ones."""

from snf_network_helper.changes.advertiser import Advertiser


class AdvertiserWithMtu(Advertiser):
    """The advertisements name the MTU too (RFC 4861, 4.6.4). A kind of its own: releases have the other."""

    __slots__ = ("mtu",)

    def __init__(self, mtu: str, **fields: str) -> None:
        super().__init__(**fields)
        self.mtu = mtu

    def fields(self) -> tuple[tuple[str, str], ...]:
        served = ((name, getattr(self, name)) for name in Advertiser.__slots__)
        return (*(field for field in served if field[1]), ("mtu", self.mtu))

    def text(self) -> str:
        return super().text().replace("{\n", f"{{\n    AdvLinkMTU {self.mtu};\n", 1)
