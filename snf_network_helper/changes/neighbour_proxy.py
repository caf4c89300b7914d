"""A neighbour proxy for IPv6, for whichever guest has the address."""

from snf_network_helper.changes.base import KEPT, PROTOCOL, Change, Entry, User
from snf_network_helper.runtime import shared
from snf_network_helper.runtime.lock import SHARED, Lock


class NeighbourProxy(Change):
    """The node answers neighbour solicitations for an IPv6 address on a link.

    Several guests may have it made: one that has the address, and others that have gone and are not detached yet. One
    of the administrator's, which lacks our protocol, is kept.
    """

    __slots__ = ("address", "dev")

    def __init__(self, address: str, dev: str) -> None:
        self.address = address
        self.dev = dev

    def users(self) -> str:
        return f"hosted/proxy,{self.dev},{self.address}"

    def add(self) -> str:
        return f"ip -6 neigh add proxy {self.address} dev {self.dev} protocol {PROTOCOL}"

    def remove(self) -> str:
        return f"ip -6 neigh del proxy {self.address} dev {self.dev}"

    def look(self, old: Entry | None) -> Entry:
        from snf_network_helper.kernel import rtnetlink

        ours = old is not None and old.was_made()
        if ours or not rtnetlink.has_proxy(self.address, self.dev):
            return Entry(self)
        return Entry(self) if rtnetlink.has_proxy(self.address, self.dev, PROTOCOL) else Entry(self, KEPT)

    def make(self, user: User) -> None:
        """Made by each user: to the kernel one that stands is the same one again."""
        from snf_network_helper.kernel import rtnetlink, sysctl
        from snf_network_helper.kernel.process import begin

        begin(self.add())
        with Lock(SHARED):
            shared.join(self.users(), user.name, lambda: sysctl.number(self.dev))
        rtnetlink.add_proxy(self.add(), self.address, self.dev, PROTOCOL)

    def undo(self, user: User, prior: str) -> None:
        """The last user undoes it before it is struck off, so that a kill in between loses nothing.

        The link may have been renamed since the first user came, or made anew.
        """
        from snf_network_helper.kernel import sysctl

        with Lock(SHARED):
            if not shared.has_others(self.users(), user.name):
                for dev in {self.dev, sysctl.name_of(shared.prior(self.users()))}:
                    NeighbourProxy(self.address, dev)._delete()
            shared.leave(self.users(), user.name)

    def _delete(self) -> None:
        from snf_network_helper.kernel import rtnetlink, sysctl
        from snf_network_helper.kernel.process import begin

        if sysctl.number(self.dev) and rtnetlink.has_proxy(self.address, self.dev, PROTOCOL):
            begin(self.remove())
            rtnetlink.delete_proxy(self.remove(), self.address, self.dev)

    def is_present(self, marked: frozenset[Change]) -> bool:
        from snf_network_helper.kernel import rtnetlink

        return rtnetlink.has_proxy(self.address, self.dev)
