"""What others have in the kernel that an undoing would hurt: their rules and routes, as ip(8) shows them; pure."""

from snf_network_helper.changes.base import PROTOCOL
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What `ip route show` says of a route's state, and `ip route add` does not take.
_STATE_WORDS = ("linkdown", "dead", "pervasive", "offload", "rt_offload", "trap", "rt_trap")


def foreign_rules(shown: str) -> str:
    """The rules shown that are not ours, as one word for the journal, "none" included."""
    return ",".join(_word(words) for words, said in _rules(shown) if said.get("proto") != PROTOCOL) or "none"


def has_guest_rule(shown: str, before: str, iface: str) -> bool:
    """True where a rule of a guest of `iface`, or of several, is shown that was not there `before`.

    It is about another link, the guest's TAP; or it is one of ours about what comes from the subnet.
    """
    known = before.split(",")
    for words, said in _rules(shown):
        of_tap = said.get("iif", iface) not in (iface, "lo")
        of_guests = said.get("proto") == PROTOCOL and said.get("from") != "all"
        if (of_tap or of_guests) and _word(words) not in known:
            return True
    return False


def route_commands(shown: str, dev: str) -> list[str]:
    """The commands that put back those of a link's routes shown which are neither ours nor the kernel's own."""
    commands = []
    for line in shown.splitlines():
        words = [word for word in line.split() if word not in _STATE_WORDS]
        protocol = words[words.index("proto") + 1] if "proto" in words else ""
        if words and ":" not in words[0] and protocol not in ("kernel", PROTOCOL):
            commands.append(f"ip route add {' '.join(words)} dev {dev}")
    return commands


def _rules(shown: str) -> "Iterator[tuple[list[str], dict[str, str]]]":
    """Of each rule shown its words, and what they say in pairs: from, to, iif, lookup, proto."""
    for line in shown.splitlines():
        words = [word for word in line.split() if word != "[detached]"]
        if words:
            yield words, dict(zip(words[1::2], words[2::2], strict=False))


def _word(rule: list[str]) -> str:
    return "_".join(rule)
