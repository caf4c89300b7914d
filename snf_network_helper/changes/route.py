"""A route."""

from snf_network_helper.changes.base import PROTOCOL, Change
from snf_network_helper.changes.by_ip import FOREIGN, OURS, Answers, IpChange, ip
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import BITS, IPV4, IPV6

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from snf_network_helper.kernel.view import View

# The last metric there is: a route that matches only when every other one of the table is gone.
LAST_METRIC = "4294967295"

# Behind every route without a metric, which has 1024 in IPv6: with the same, two of one prefix cannot be.
SINGLE_METRIC = "2048"

_UNREACHABLE = 7  # RTN_UNREACHABLE, include/uapi/linux/rtnetlink.h
_MAIN = 254
_ONE_ADDRESS = {IPV4: "/32", IPV6: "/128"}
_IPV6_METRIC = 1024  # IP6_RT_PRIO_USER: what an IPv6 route without a metric gets


_ONLINK = 4  # RTNH_F_ONLINK


def is_onlink(message: "Any") -> bool:
    """Whether the kernel takes the gateway of a route, pyroute2's message, to be on the link in any case."""
    return bool(message["flags"] & _ONLINK)


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
        from itertools import pairwise  # only what stands already pays for this import

        address, _, length = self.prefix.partition("/")
        destination = address if length == str(BITS[self.family]) else self.prefix
        wanted = [(name, value) for name in ("via", "dev", "metric") if (value := getattr(self, name))]
        return any(
            words[0] == (self.kind or "unicast") and all(pair in pairwise(words) for pair in wanted)
            for words in answers.routes_to(destination, command)
        )

    def is_host(self) -> bool:
        return self.table != "" and not self.metric and self.prefix.endswith(_ONE_ADDRESS[self.family])

    def taken(self) -> str:
        if self.is_host():
            return self.prefix.removesuffix(_ONE_ADDRESS[self.family])
        return f"routed-table {self.table}" if self.prefix == "default" else f"routed-subnet {self.prefix}"

    def in_the_way(self) -> tuple[str, str]:
        from itertools import pairwise

        from snf_network_helper.kernel.process import query

        shown = query(f"{ip(self.family)} route show table {self.table or 'main'} exact {self.prefix}")
        for line in shown.splitlines():
            words = line.split()
            named = dict(pairwise(words))
            implied = str(_IPV6_METRIC) if self.family == IPV6 else ""
            if named.get("metric", implied) == (self.metric or implied):
                return " ".join(words), named.get("dev", "") if named.get("proto") == PROTOCOL else ""
        return "", ""

    def is_kept(self) -> bool:
        return self.holder("", Answers()) != ""

    def ends(self) -> str:
        """Without it, what guests that still run send would leave by main: all, or what goes to their subnet."""
        return self.table if self.kind == "unreachable" else ""

    def looked_up_by(self) -> str:
        return f"{ip(self.family)} rule show table {self.table}" if self.ends() else ""

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for family, message, dev in view.routes():
            if is_onlink(message):  # an OnlinkRoute
                continue
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
