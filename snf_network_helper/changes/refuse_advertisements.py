"""A routed link heeds no router advertisements."""

from snf_network_helper.changes.base import User
from snf_network_helper.changes.shared_sysctl import follow
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.runtime.lock import SHARED, Lock


class RefuseAdvertisements(Sysctl):
    """A routed link heeds no router advertisements, though it did because other interfaces have all links do so."""

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        super().__init__(f"net/ipv6/conf/{dev}/accept_ra", "1")
        self.dev = dev

    def undo(self, user: User, prior: str) -> None:
        """Those that had the link heed them may have gone meanwhile, or others may have come."""
        with Lock(SHARED):
            follow(self.dev)
