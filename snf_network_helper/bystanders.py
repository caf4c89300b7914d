"""Other people's rules and routes that an undoing would hurt, and what to ask the kernel in order to spare them."""

from __future__ import annotations

from snf_network_helper import kernel
from snf_network_helper.changes import PROTOCOL, Address, Change, Route, Rule
from snf_network_helper.families import IPV4

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Iterable, Iterator

# What `ip route show` says of a route's state, and `ip route add` does not take.
_STATE_WORDS = ("linkdown", "dead", "pervasive", "offload", "rt_offload", "trap", "rt_trap")


def ends_table(change: Change) -> bool:
    """True for the `unreachable default` of a table: without it what guests that still run send would leave by main."""
    return isinstance(change, Route) and change.kind == "unreachable" and change.prefix == "default"


def rules_query(end: Change) -> str:
    """The command that shows the rules which look up the table that `end` ends."""
    assert isinstance(end, Route)
    return f"{kernel.family_of(end)} rule show table {end.table}"


def foreign_rules(shown: str) -> str:
    """The rules in the query's answer that are not ours, as one word for the journal, "none" included."""
    return ",".join(_foreign(shown)) or "none"


def later_rules(shown: str, before: str, own: Iterable[Change]) -> bool:
    """True where the query's answer has a rule that is neither of `own` nor was there `before`: a guest's."""
    undone = {(rule.priority, rule.iif, rule.to) for rule in own if isinstance(rule, Rule)}
    known = before.split(",")
    return any(_word(rule) not in known and not (ours and key in undone) for rule, ours, key in _rules(shown))


def _foreign(shown: str) -> list[str]:
    return [_word(rule) for rule, ours, _ in _rules(shown) if not ours]


def _rules(shown: str) -> Iterator[tuple[list[str], bool, tuple[str, str, str]]]:
    """Of each rule shown its words, whether it bears our mark, and its priority, iif and destination."""
    for line in shown.splitlines():
        words = [word for word in line.split() if word != "[detached]"]
        if words:
            said = dict(zip(words[1::2], words[2::2], strict=False))
            ours = said.get("proto") == PROTOCOL
            yield words, ours, (words[0].removesuffix(":"), said.get("iif", ""), said.get("to", ""))


def _word(rule: list[str]) -> str:
    return "_".join(rule)


def routes_query(changes: Iterable[Change]) -> str:
    """The command that shows the routes of a link which undoing `changes` takes the last IPv4 address from; else "".

    With that address the kernel drops every IPv4 route of the link, whoever made it (fib_disable_ip, net/ipv4).
    """
    for change in changes:
        if isinstance(change, Address) and change.family == IPV4 and kernel.addresses(change.dev, IPV4) == 1:
            return f"ip route show table all dev {change.dev}"
    return ""


def route_commands(query: str, shown: str) -> list[str]:
    """The commands that put back the routes in the query's answer which are neither ours nor the kernel's own."""
    dev = query.rpartition(" ")[2]
    commands = []
    for line in shown.splitlines():
        words = [word for word in line.split() if word not in _STATE_WORDS]
        protocol = words[words.index("proto") + 1] if "proto" in words else ""
        if words and ":" not in words[0] and protocol not in ("kernel", PROTOCOL):
            commands.append(f"ip route add {' '.join(words)} dev {dev}")
    return commands
