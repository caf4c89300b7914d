"""The rule by which what guests send is routed, and nothing that others send in their names."""

from snf_network_helper.changes.base import PROTOCOL
from snf_network_helper.changes.shared_rule import SharedRule, lookup
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from snf_network_helper.kernel.rule import SourceRule

# The bit that share/guard.nft sets. docs/design.md says which others are taken, and by whom.
OTHERS = "0x20000000"

_NO_LENGTH = 0xFFFFFFFF  # no route is suppressed


class GuestsRule(SharedRule):
    """What comes from a subnet is routed by the table, unless the packet bears the mark of what no guest here has sent.

    Without the guard nothing bears it, and guests keep their network. With `suppress` "0" the default route of the
    table does not count: another rule says where all else goes.
    """

    __slots__ = ("mark", "suppress")

    def __init__(
        self, family: str, table: str, priority: str, source: str, mark: str = OTHERS, suppress: str = ""
    ) -> None:
        super().__init__(family, table, priority, source)
        self.mark = mark
        self.suppress = suppress

    def fields(self) -> tuple[tuple[str, str], ...]:
        names = (*SharedRule.__slots__, *self.__slots__)
        return tuple((name, value) for name in names if (value := getattr(self, name)))

    def selector(self) -> str:
        return f"{super().selector()} fwmark 0/{self.mark}"

    def action(self) -> str:
        return super().action() + f" suppress_prefixlength {self.suppress}" * bool(self.suppress)

    def in_kernel(self) -> "SourceRule":
        from snf_network_helper.kernel.rule import SourceRule

        return SourceRule(self.source, self.table, self.priority, PROTOCOL, self.mark, self.suppress)

    @classmethod
    def read(cls, family: str, message: "Any") -> "SharedRule | None":
        source, mark = message.get_attr("FRA_SRC"), message.get_attr("FRA_FWMASK")
        if not source or not mark:
            return None
        length = message.get_attr("FRA_SUPPRESS_PREFIXLEN")
        suppress = "" if length in (None, _NO_LENGTH) else str(length)
        return cls(family, *lookup(message), f"{source}/{message['src_len']}", f"0x{mark:x}", suppress)
