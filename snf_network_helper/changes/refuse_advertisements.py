"""A routed link heeds no router advertisements."""

from snf_network_helper.changes.base import User
from snf_network_helper.changes.shared_sysctl import follow, refusal
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.runtime import shared
from snf_network_helper.runtime.lock import SHARED, Lock


class RefuseAdvertisements(Sysctl):
    """A routed link heeds no router advertisements, though it did because other interfaces have all links do so.

    It is recorded, so that nobody takes the setting of those others for lost meanwhile.
    """

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        super().__init__(f"net/ipv6/conf/{dev}/accept_ra", "1")
        self.dev = dev

    def goes_with(self, link: str) -> bool:
        """What is recorded stays where the link goes."""
        return False

    def make(self, user: User) -> None:
        from snf_network_helper.kernel import sysctl

        with Lock(SHARED):
            shared.join(refusal(self.dev), user.name, lambda: sysctl.number(self.dev))
            super().make(user)

    def undo(self, user: User, prior: str) -> None:
        """Those that had the link heed them may have gone meanwhile, or others may have come."""
        from snf_network_helper.kernel import sysctl

        with Lock(SHARED):
            number = shared.prior(refusal(self.dev))  # "" where an earlier version has recorded it
            shared.leave(refusal(self.dev), user.name)
            link = sysctl.name_of(number) if number else self.dev
            if link and not shared.is_used(refusal(self.dev)):
                follow(link)
