"""The address by which a guest knows its IPv6 router."""

from snf_network_helper.changes.address import Address
from snf_network_helper.changes.base import KEPT, Entry
from snf_network_helper.changes.by_ip import FOREIGN, OURS, Answers


class LinkLocal(Address):
    """A link-local address that is used at once: duplicate address detection would hold it back for 2 s.

    The kernel is not asked for it beforehand, since it would list the addresses of every link there is.
    """

    __slots__ = ()

    def __init__(self, address: str, dev: str, family: str = "6") -> None:
        super().__init__(family, address, dev)

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("address", self.address), ("dev", self.dev))

    def add(self) -> str:
        return f"{super().add()} nodad"

    def look(self, old: Entry | None) -> Entry:
        if old is not None and old.state == KEPT:
            return Entry(self, KEPT)
        return Entry(self, prior=OURS if old is not None else "")

    def holder(self, prior: str, answers: Answers) -> str:
        return OURS if prior else FOREIGN
