"""The rule of a routed link that is the node's own main link."""

from snf_network_helper.changes.rule import Rule
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


# The bit of what main is to route. Another one than the guard's: a packet of another network's guest to a guest of this
# one is caught by neither the rule of that network's guests nor the look-up in main.
MAINS = "0x10000000"


class MainLinkRule(Rule):
    """What comes in by the link is routed by the table, unless the packet bears the mark of what main is to route.

    Look-ups for ARP never bear it, so the node answers for nobody whom main reaches by another link.
    """

    __slots__ = ("mark",)

    def __init__(self, family: str, table: str, priority: str, iif: str, mark: str = MAINS) -> None:
        super().__init__(family, table, priority, iif)
        self.mark = mark

    def fields(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, getattr(self, name)) for name in ("family", "iif", "table", "priority", "mark"))

    def object_and_selector(self) -> tuple[str, str]:
        before, after = super().object_and_selector()
        return before, after.replace(" lookup ", f" fwmark 0/{self.mark} lookup ", 1)

    @classmethod
    def read(cls, family: str, message: "Any") -> "Rule | None":
        mark, iif = message.get_attr("FRA_FWMASK"), message.get_attr("FRA_IIFNAME")
        if message.get_attr("FRA_SRC") or not mark or not iif:
            return None
        return cls(family, str(message.get_attr("FRA_TABLE")), str(message.get_attr("FRA_PRIORITY") or 0), iif,
                   f"0x{mark:x}")  # fmt: skip
