"""A policy rule."""

from snf_network_helper.changes.base import PROTOCOL, Change
from snf_network_helper.changes.by_ip import IpChange, ip
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from snf_network_helper.kernel.view import View


class Rule(IpChange):
    """A policy rule. It has a priority: without one `ip rule add` never collides, and run twice makes two rules.

    To the kernel a rule of another protocol is another rule, so only one of ours can be in the way of ours.
    """

    __slots__ = ("family", "iif", "to", "table", "priority")

    def __init__(self, family: str, table: str, priority: str, iif: str = "", to: str = "") -> None:
        self.family = family
        self.iif = iif
        self.to = to
        self.table = table
        self.priority = priority

    def object_and_selector(self) -> tuple[str, str]:
        words = []
        for name in ("iif", "to"):
            if value := getattr(self, name):
                words += [name, value]
        words += ["lookup", self.table, "priority", self.priority, "protocol", PROTOCOL]
        return f"{ip(self.family)} rule", " ".join(words)

    def looks_up(self) -> str:
        return self.table

    @classmethod
    def read(cls, family: str, message: "Any") -> "Rule | None":
        """The rule that a message of the kernel is about, None for one of another kind."""
        if message.get_attr("FRA_SRC") or message.get_attr("FRA_FWMASK"):  # a SharedRule, a MainLinkRule
            return None
        iif, destination = message.get_attr("FRA_IIFNAME") or "", message.get_attr("FRA_DST")
        if not iif and not destination:  # a LocalRule
            return None
        return cls(
            family,
            str(message.get_attr("FRA_TABLE")),
            str(message.get_attr("FRA_PRIORITY") or 0),
            iif=iif,
            to=f"{destination}/{message['dst_len']}" if destination else "",
        )

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        yield from filter(None, (cls.read(family, message) for family, message in view.rules()))
