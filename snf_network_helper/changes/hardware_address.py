"""The MAC address of a link."""

from snf_network_helper.changes.of_link import LinkSetting


class HardwareAddress(LinkSetting):
    """The MAC address of a link; it goes back to its prior."""

    __slots__ = ("dev", "address")

    def __init__(self, dev: str, address: str) -> None:
        self.dev = dev
        self.address = address

    def add(self) -> str:
        return f"ip link set dev {self.dev} address {self.address}"

    def remove(self) -> str:
        return f"ip link set dev {self.dev} address PRIOR"

    def wanted(self) -> str:
        return self.address

    def state(self) -> str:
        from snf_network_helper.kernel import link

        return link.mac(self.dev)

    def set_state(self, command: str, state: str) -> None:
        from snf_network_helper.kernel import link

        link.set_mac(command, self.dev, state)
