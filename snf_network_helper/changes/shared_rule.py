"""The rule by which what guests send is routed, as version 0.1.0 has it in its journals."""

from snf_network_helper.changes.base import PROTOCOL, Change
from snf_network_helper.changes.by_ip import ip
from snf_network_helper.changes.shared import SharedChange
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from snf_network_helper.kernel.rule import SourceRule
    from snf_network_helper.kernel.view import View


class SharedRule(SharedChange):
    """What comes from a subnet is routed by the table: one rule for all TAPs, made by the first, undone by the last.

    It also catches what others send in the guests' names, so plans have a GuestsRule in its place.
    """

    __slots__ = ("family", "table", "priority", "source")

    def __init__(self, family: str, table: str, priority: str, source: str) -> None:
        self.family = family
        self.table = table
        self.priority = priority
        self.source = source

    def selector(self) -> str:
        """Which packets it is about."""
        return f"from {self.source}"

    def action(self) -> str:
        """What becomes of them."""
        return f"lookup {self.table}"

    def _command(self, verb: str) -> str:
        words = f"{self.selector()} {self.action()} priority {self.priority} protocol {PROTOCOL}"
        return f"{ip(self.family)} rule {verb} {words}"

    def add(self) -> str:
        return self._command("add")

    def remove(self) -> str:
        return self._command("del")

    def in_kernel(self) -> "SourceRule":
        """The rule as the kernel is told it."""
        from snf_network_helper.kernel.rule import SourceRule

        return SourceRule(self.source, self.table, self.priority, PROTOCOL)

    def _add(self) -> None:
        from snf_network_helper.kernel.process import begin

        begin(self.add())
        self.in_kernel().add(self.add())

    def _delete(self) -> None:
        from snf_network_helper.kernel.process import begin

        begin(self.remove())
        self.in_kernel().delete(self.remove())

    def goes_last(self) -> bool:
        """Without any rule, what guests send would leave by main."""
        return True

    @classmethod
    def read(cls, family: str, message: "Any") -> "SharedRule | None":
        """The rule that a message of the kernel is about, None for one of another kind."""
        source = message.get_attr("FRA_SRC")
        if not source or message.get_attr("FRA_FWMASK"):
            return None
        return cls(family, *lookup(message), f"{source}/{message['src_len']}")

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        yield from filter(None, (cls.read(family, message) for family, message in view.rules()))


def lookup(message: "Any") -> tuple[str, str]:
    """The table and the priority of a rule."""
    return str(message.get_attr("FRA_TABLE")), str(message.get_attr("FRA_PRIORITY") or 0)
