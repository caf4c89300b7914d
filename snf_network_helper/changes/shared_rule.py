"""The rule by which what guests send is routed."""

from snf_network_helper.changes.base import PROTOCOL, Change
from snf_network_helper.changes.by_ip import ip
from snf_network_helper.changes.shared import SharedChange
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View


class SharedRule(SharedChange):
    """What comes from a subnet is routed by the table: one rule for all TAPs, made by the first, undone by the last."""

    __slots__ = ("family", "table", "priority", "source")

    def __init__(self, family: str, table: str, priority: str, source: str) -> None:
        self.family = family
        self.table = table
        self.priority = priority
        self.source = source

    def _command(self, verb: str) -> str:
        words = f"from {self.source} lookup {self.table} priority {self.priority} protocol {PROTOCOL}"
        return f"{ip(self.family)} rule {verb} {words}"

    def add(self) -> str:
        return self._command("add")

    def remove(self) -> str:
        return self._command("del")

    def _add(self) -> None:
        from snf_network_helper.kernel import rtnetlink
        from snf_network_helper.kernel.process import begin

        begin(self.add())
        rtnetlink.add_rule(self.add(), self.source, self.table, self.priority, PROTOCOL)

    def _delete(self) -> None:
        from snf_network_helper.kernel import rtnetlink
        from snf_network_helper.kernel.process import begin

        begin(self.remove())
        rtnetlink.delete_rule(self.remove(), self.source, self.table, self.priority, PROTOCOL)

    def goes_last(self) -> bool:
        """Without any rule, what guests send would leave by main."""
        return True

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for family, message in view.rules():
            if source := message.get_attr("FRA_SRC"):
                table, priority = message.get_attr("FRA_TABLE"), message.get_attr("FRA_PRIORITY") or 0
                yield cls(family, str(table), str(priority), f"{source}/{message['src_len']}")
