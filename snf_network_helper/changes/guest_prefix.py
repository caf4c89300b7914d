"""Which guest has a prefix."""

from snf_network_helper.changes.guest_address import GuestAddress
from snf_network_helper.changes.prefix_owners import ROOM, check_prefix
from snf_network_helper.stanza.addresses import Prefix


class GuestPrefix(GuestAddress):
    """All addresses of a prefix are behind one TAP. Where they are recorded, there is nothing of other guests."""

    __slots__ = ()

    def fields(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, value) for name in GuestAddress.__slots__ if (value := getattr(self, name)))

    def users(self) -> str:
        return f"{ROOM}/{self.dev},{self.address.replace('/', ',')}"

    def check(self) -> None:
        check_prefix(self.dev, Prefix.parse(self.address), self.tap)
