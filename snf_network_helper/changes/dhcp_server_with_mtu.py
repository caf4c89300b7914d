"""The DHCP server of a guest whose link takes other packets than Ethernet's usual ones."""

from snf_network_helper.changes.dhcp_server import DhcpServer


class DhcpServerWithMtu(DhcpServer):
    """The lease names the MTU too (option 26, RFC 2132, 5.1). A kind of its own: releases have the other."""

    __slots__ = ("mtu",)

    def __init__(self, mtu: str, **fields: str) -> None:
        super().__init__(**fields)
        self.mtu = mtu

    def fields(self) -> tuple[tuple[str, str], ...]:
        served = ((name, getattr(self, name)) for name in DhcpServer.__slots__)
        return (*(field for field in served if field[1]), ("mtu", self.mtu))

    def text(self) -> str:
        return super().text() + (f"dhcp-option=option:mtu,{self.mtu}\n" if self.ip else "")
