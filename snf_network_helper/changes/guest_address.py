"""Which guest has an address."""

from snf_network_helper.changes.base import Change, User
from snf_network_helper.errors import RoutedError
from snf_network_helper.runtime import files, shared
from snf_network_helper.runtime.lock import SHARED, Lock


class GuestAddress(Change):
    """An address of a network is behind one TAP, which its name and its number tell from every other.

    A TAP that has gone does not count, whether it is detached yet or not.
    """

    __slots__ = ("dev", "address", "tap", "link")

    def __init__(self, dev: str, address: str, tap: str, link: str = "") -> None:
        self.dev = dev
        self.address = address
        self.tap = tap
        self.link = link

    def users(self) -> str:
        return f"hosted/address,{self.dev},{self.address}"

    def add(self) -> str:
        return f"touch {self._path()}"

    def remove(self) -> str:
        return f"rm {self._path()}"

    def make(self, user: User) -> None:
        """Fails where another TAP that is there has the address."""
        with Lock(SHARED):
            self.check()
            shared.join(self.users(), self._name())

    def check(self) -> None:
        """RoutedError where another TAP that is there has the address."""
        from snf_network_helper.kernel import link

        if other := link.first_present(shared.users(self.users()), self.tap):
            raise RoutedError(f"{self.address} is attached to {other}")
        if ":" in self.address and files.exists(f"{files.DIRECTORY}/prefixes"):
            from snf_network_helper.changes.prefix_owners import check_address

            check_address(self.dev, self.address, self.tap)

    def undo(self, user: User, prior: str) -> None:
        with Lock(SHARED):
            shared.leave(self.users(), self._name())

    def is_present(self, marked: frozenset[Change]) -> bool:
        return files.exists(self._path())

    def _name(self) -> str:
        return f"{self.tap}:{self.link}"

    def _path(self) -> str:
        return f"{shared.directory(self.users())}/{self._name()}"
