"""A guest's TAP heeds no router advertisements."""

from snf_network_helper.changes.base import Entry, User
from snf_network_helper.changes.shared_sysctl import SharedSysctl
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.runtime import shared
from snf_network_helper.runtime.lock import SHARED, Lock


class HeedNoAdvertisements(Sysctl):
    """A guest's TAP heeds no router advertisements, though it may have heeded them as one of the node's own links.

    A veth that was there before ifup did so because the networks have it: its prior is theirs then.
    """

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        super().__init__(f"net/ipv6/conf/{dev}/accept_ra", "0")
        self.dev = dev

    def look(self, old: Entry | None) -> Entry:
        entry = super().look(old)
        network = self._of_networks()
        if old is None and entry.prior == network.value and shared.is_used(network.shared_name()):
            entry.prior = shared.prior(network.shared_name())
        return entry

    def undo(self, user: User, prior: str) -> None:
        """The networks that had the link heed them may have gone meanwhile; if they are there, it does so again."""
        from snf_network_helper.kernel import sysctl

        super().undo(user, prior)
        network = self._of_networks()
        with Lock(SHARED):
            if shared.is_used(network.shared_name()) and sysctl.reads(self.path, shared.prior(network.shared_name())):
                sysctl.write(network.path, network.value)

    def _of_networks(self) -> SharedSysctl:
        return SharedSysctl(self.path, "2")
