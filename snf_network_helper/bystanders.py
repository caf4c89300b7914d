"""Other people's rules and routes that an undoing would hurt, and what to ask the kernel in order to spare them."""

from __future__ import annotations

from snf_network_helper import kernel
from snf_network_helper.changes import PROTOCOL, Address, Change, Route
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
    return ",".join(_word(words) for words, said in _rules(shown) if said.get("proto") != PROTOCOL) or "none"


def guest_rules(shown: str, before: str, iface: str) -> bool:
    """True where the query's answer has the rule of a guest of `iface`, or of several, that was not there `before`.

    It is about another link, the guest's TAP; or it is one of ours about what comes from the subnet.
    """
    known = before.split(",")
    for words, said in _rules(shown):
        of_tap = said.get("iif", iface) not in (iface, "lo")
        of_guests = said.get("proto") == PROTOCOL and said.get("from") != "all"
        if (of_tap or of_guests) and _word(words) not in known:
            return True
    return False


def _rules(shown: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Of each rule shown its words, and what they say in pairs: from, to, iif, lookup, proto."""
    for line in shown.splitlines():
        words = [word for word in line.split() if word != "[detached]"]
        if words:
            yield words, dict(zip(words[1::2], words[2::2], strict=False))


def _word(rule: list[str]) -> str:
    return "_".join(rule)


def routes_query(changes: Iterable[Change]) -> str:
    """The command that shows the routes of a link which undoing `changes` takes the last IPv4 address from; else "".

    With that address the kernel drops every IPv4 route of the link, whoever made it (fib_disable_ip, net/ipv4).
    """
    for change in changes:
        if isinstance(change, Address) and change.family == IPV4:
            from snf_network_helper import link_addresses

            if link_addresses.count(change.dev, IPV4) == 1:
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
