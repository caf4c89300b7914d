"""A neighbour proxy for IPv6."""

from snf_network_helper.changes.base import PROTOCOL
from snf_network_helper.changes.of_link import LinkSetting

_THERE, _ABSENT = "there", "absent"


class ProxyNeighbour(LinkSetting):
    """The node answers neighbour solicitations for an IPv6 address on a link."""

    __slots__ = ("address", "dev")

    def __init__(self, address: str, dev: str) -> None:
        self.address = address
        self.dev = dev

    def add(self) -> str:
        return f"ip -6 neigh add proxy {self.address} dev {self.dev} protocol {PROTOCOL}"

    def remove(self) -> str:
        return f"ip -6 neigh del proxy {self.address} dev {self.dev}"

    def wanted(self) -> str:
        return _THERE

    def state(self) -> str:
        from snf_network_helper.kernel import rtnetlink

        return _THERE if rtnetlink.has_proxy(self.address, self.dev) else _ABSENT

    def set_state(self, command: str, state: str) -> None:
        from snf_network_helper.kernel import rtnetlink

        if state == _THERE:
            rtnetlink.add_proxy(command, self.address, self.dev, PROTOCOL)
        else:
            rtnetlink.delete_proxy(command, self.address, self.dev)
