"""A route."""

from itertools import pairwise

from snf_network_helper.changes.base import PROTOCOL, Change
from snf_network_helper.changes.by_ip import FOREIGN, OURS, Answers, IpChange, ip
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import BITS, IPV6

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View

# The last metric there is: a route that matches only when every other one of the table is gone.
LAST_METRIC = "4294967295"

_UNREACHABLE = 7  # RTN_UNREACHABLE, include/uapi/linux/rtnetlink.h
_MAIN = 254
_IPV6_METRIC = 1024  # IP6_RT_PRIO_USER: what an IPv6 route without a metric gets


class Route(IpChange):
    """A route; without `table` in main, with kind "unreachable" one that ends the look-up."""

    __slots__ = ("family", "kind", "prefix", "via", "dev", "table", "metric")

    def __init__(
        self, family: str, prefix: str, dev: str = "", via: str = "", table: str = "", kind: str = "", metric: str = ""
    ) -> None:
        self.family = family
        self.kind = kind
        self.prefix = prefix
        self.via = via
        self.dev = dev
        self.table = table
        self.metric = metric

    def object_and_selector(self) -> tuple[str, str]:
        words = [self.kind, self.prefix]
        for name in ("via", "dev", "table", "metric"):
            if value := getattr(self, name):
                words += [name, value]
        words += ["proto", PROTOCOL]
        return f"{ip(self.family)} route", " ".join(filter(None, words))

    def goes_with(self, link: str) -> bool:
        return self.dev == link

    def holder(self, prior: str, answers: Answers) -> str:
        """A table is asked for once, and only for what is ours: others may have a million routes in it."""
        table = f"{ip(self.family)} route show table {self.table or 'main'}"
        if self._is_among(answers, f"{table} proto {PROTOCOL}"):
            return OURS
        return FOREIGN if self._is_among(answers, table) else ""

    def _is_among(self, answers: Answers, command: str) -> bool:
        """Whether a query shows this very route, whatever its protocol; without a metric, one of any metric."""
        address, _, length = self.prefix.partition("/")
        destination = address if length == str(BITS[self.family]) else self.prefix
        wanted = [(name, value) for name in ("via", "dev", "metric") if (value := getattr(self, name))]
        return any(
            words[0] == (self.kind or "unicast") and all(pair in pairwise(words) for pair in wanted)
            for words in answers.routes_to(destination, command)
        )

    def ends(self) -> str:
        """Without it, what guests that still run send would leave by main: all, or what goes to their subnet."""
        return self.table if self.kind == "unreachable" else ""

    def looked_up_by(self) -> str:
        return f"{ip(self.family)} rule show table {self.table}" if self.ends() else ""

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for family, message, dev in view.routes():
            unreachable = message["type"] == _UNREACHABLE
            destination = message.get_attr("RTA_DST")
            table = message.get_attr("RTA_TABLE")
            metric = message.get_attr("RTA_PRIORITY")
            implied = metric is None or (family == IPV6 and metric == _IPV6_METRIC)
            yield cls(
                family,
                f"{destination}/{message['dst_len']}" if destination else "default",
                dev="" if unreachable else dev,
                via=message.get_attr("RTA_GATEWAY") or "",
                table="" if table == _MAIN else str(table),
                kind="unreachable" if unreachable else "",
                metric="" if implied else str(metric),
            )
