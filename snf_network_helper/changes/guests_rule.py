"""The rule by which what guests send is routed, and nothing that others send in their names."""

from snf_network_helper.changes.shared_rule import SharedRule, lookup
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

# The bit that share/guard.nft sets. docs/design.md says which others are taken, and by whom.
OTHERS = "0x20000000"


class GuestsRule(SharedRule):
    """What comes from a subnet is routed by the table, unless the packet bears the mark of what no guest here has sent.

    Without the guard nothing bears it, and guests keep their network.
    """

    __slots__ = ("mark",)

    def __init__(self, family: str, table: str, priority: str, source: str, mark: str = OTHERS) -> None:
        super().__init__(family, table, priority, source)
        self.mark = mark

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (*((name, getattr(self, name)) for name in SharedRule.__slots__), ("mark", self.mark))

    def selector(self) -> str:
        return f"{super().selector()} fwmark 0/{self.mark}"

    @classmethod
    def read(cls, family: str, message: "Any") -> "SharedRule | None":
        source, mark = message.get_attr("FRA_SRC"), message.get_attr("FRA_FWMASK")
        if not source or not mark:
            return None
        return cls(family, *lookup(message), f"{source}/{message['src_len']}", f"0x{mark:x}")
