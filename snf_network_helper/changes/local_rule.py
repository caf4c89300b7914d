"""The rule by which the node's own addresses come before a table of ours, where the kernel's own comes later."""

from snf_network_helper.changes.base import PROTOCOL, Change
from snf_network_helper.changes.by_ip import ip
from snf_network_helper.changes.shared import SharedChange
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from snf_network_helper.kernel.view import View

_LOCAL = 255  # RT_TABLE_LOCAL
# What the kernel says of a rule for all packets.
_OF_EVERY_RULE = {"FRA_TABLE", "FRA_PRIORITY", "FRA_PROTOCOL", "FRA_SUPPRESS_PREFIXLEN"}


class LocalRule(SharedChange):
    """What is for the node itself is looked up first, as without a VRF; networks of one priority share the rule."""

    __slots__ = ("family", "priority")

    def __init__(self, family: str, priority: str) -> None:
        self.family = family
        self.priority = priority

    def _command(self, verb: str) -> str:
        return f"{ip(self.family)} rule {verb} lookup local priority {self.priority} protocol {PROTOCOL}"

    def add(self) -> str:
        return self._command("add")

    def remove(self) -> str:
        return self._command("del")

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for family, message in view.rules():
            if is_local(message):
                yield cls(family, str(message.get_attr("FRA_PRIORITY") or 0))


def is_local(message: "Any") -> bool:
    """True for a rule that has every packet looked up among the node's own addresses."""
    of_all = {name for name, _ in message["attrs"]} <= _OF_EVERY_RULE and not message["tos"] and not message["flags"]
    return of_all and message.get_attr("FRA_TABLE") == _LOCAL
