"""A default route whose gateway is on the link, but in none of its subnets."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.route import Route, is_onlink
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View


class OnlinkRoute(Route):
    """A route by way of a gateway that the kernel is told to look for on the link (`onlink`, ip-route(8))."""

    __slots__ = ()

    def __init__(self, family: str, prefix: str, dev: str, via: str, table: str) -> None:
        super().__init__(family, prefix, dev, via, table)

    def fields(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, getattr(self, name)) for name in ("family", "prefix", "via", "dev", "table"))

    def object_and_selector(self) -> tuple[str, str]:
        before, after = super().object_and_selector()
        return before, after.replace(f" dev {self.dev} ", f" dev {self.dev} onlink ", 1)

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for family, message, dev in view.routes():
            via, destination = message.get_attr("RTA_GATEWAY"), message.get_attr("RTA_DST")
            if is_onlink(message) and via:
                prefix = f"{destination}/{message['dst_len']}" if destination else "default"
                yield cls(family, prefix, dev, via, str(message.get_attr("RTA_TABLE")))
