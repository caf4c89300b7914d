"""The link is up."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.by_ip import IpChange


class Link(IpChange):
    """The link is up. ifdown itself sets it down after our hook has run, so there is nothing to undo."""

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        self.dev = dev

    def add(self) -> str:
        return f"ip link set {self.dev} up"

    def remove(self) -> str:
        return ""

    def is_present(self, marked: frozenset[Change]) -> bool:
        from snf_network_helper.kernel import link

        return link.trouble(self.dev) == ""
