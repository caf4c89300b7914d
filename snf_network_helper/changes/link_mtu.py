"""The MTU of a link."""

from snf_network_helper.changes.of_link import LinkSetting


class LinkMtu(LinkSetting):
    """The largest packet that a link takes; it goes back to its prior."""

    __slots__ = ("dev", "mtu")

    def __init__(self, dev: str, mtu: str) -> None:
        self.dev = dev
        self.mtu = mtu

    def add(self) -> str:
        return f"ip link set dev {self.dev} mtu {self.mtu}"

    def remove(self) -> str:
        return f"ip link set dev {self.dev} mtu PRIOR"

    def wanted(self) -> str:
        return self.mtu

    def state(self) -> str:
        from snf_network_helper.kernel import link

        return link.mtu(self.dev)

    def set_state(self, command: str, state: str) -> None:
        from snf_network_helper.kernel import link

        link.set_mtu(command, self.dev, state)
