"""What a firewall's rule accepts, as far as it can be told from the words that iptables and nft(8) print."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from snf_network_helper.stanza.addresses import Prefix

_STATES = {"established", "related"}
_OPTIONS = {"-s": "saddr", "-d": "daddr", "-i": "iifname", "-o": "oifname"}


@dataclass(frozen=True)
class Way:
    """Packets that are to pass: from or to (`end`: saddr, daddr) a subnet, in by some links and out by others."""

    end: str
    subnet: Prefix
    iifs: Sequence[str]
    oifs: Sequence[str]


@dataclass(frozen=True)
class Accepting:
    """A rule's target is ACCEPT: what it asks of a packet, by nft's names; and whether of the state of its connection.

    `narrowed`: it asks for more, for example a port.
    """

    asked: Mapping[str, str]
    of_answers: bool = False
    narrowed: bool = False

    def lets(self, way: Way) -> bool:
        """True where it accepts all of them."""
        if self.narrowed or self.of_answers:
            return False
        other_end = {"saddr": "daddr", "daddr": "saddr"}[way.end]
        links = {"iifname": way.iifs, "oifname": way.oifs}
        return other_end not in self.asked and all(
            _is_within(way.subnet, value) if name == way.end else all(_is_named(link, value) for link in links[name])
            for name, value in self.asked.items()
        )


def are_let(rules: Sequence[Accepting], sent: Way, received: Way) -> bool:
    """True where what guests send passes, and what they get: all of it, or the answers at least."""
    answers = any(rule.of_answers and not rule.asked for rule in rules)
    return any(rule.lets(sent) for rule in rules) and (answers or any(rule.lets(received) for rule in rules))


def of_iptables(lines: Sequence[str]) -> Iterator[Accepting]:
    """The accepting rules among what `iptables -S` prints, of any chain: a firewall's own jumps to others."""
    for words in (line.split() for line in lines):
        if words[:1] != ["-A"] or words[-2:] != ["-j", "ACCEPT"]:
            continue
        pairs = list(zip(words[2:-2:2], words[3:-2:2], strict=False))
        asked = {_OPTIONS[option]: value.replace("+", "*") for option, value in pairs if option in _OPTIONS}
        rest = [pair for pair in pairs if pair[0] not in _OPTIONS]
        states = [value.lower() for option, value in rest if option in ("--ctstate", "--state")]
        of_answers = bool(states) and {*states[0].split(",")} >= _STATES
        yield Accepting(asked, of_answers, len(rest) > 2 * of_answers)  # -m conntrack --ctstate …


def of_nft(rules: Sequence[Mapping[str, Any]]) -> Iterator[Accepting]:
    """The accepting rules among nft's, as its JSON has them (libnftables-json(5))."""
    for expression in (rule.get("expr", ()) for rule in rules):
        if not any("accept" in part for part in expression):
            continue
        asked, rest = {}, []
        for part in expression:
            if "match" in part:
                name, value = _match(part["match"])
                if name:
                    asked[name] = value
                else:
                    rest.append(part)
            elif "xt" in part:  # a match of iptables that nft(8) does not tell
                rest.append(part)
        of_answers = len(rest) == 1 and _is_of_answers(rest[0])
        yield Accepting(asked, of_answers, bool(rest) and not of_answers)


def _match(match: Mapping[str, Any]) -> tuple[str, str]:
    left, right = match.get("left", {}), match.get("right")
    name = left.get("payload", {}).get("field", "") or left.get("meta", {}).get("key", "")
    name = {"iif": "iifname", "oif": "oifname"}.get(name, name)
    if isinstance(right, dict) and "prefix" in right:
        right = f"{right['prefix']['addr']}/{right['prefix']['len']}"
    known = name in _OPTIONS.values() and isinstance(right, str) and match.get("op", "==") == "=="
    return (name, str(right)) if known else ("", "")


def _is_of_answers(part: Mapping[str, Any]) -> bool:
    if "xt" in part:
        return (part["xt"] or {}).get("name") in ("conntrack", "state")
    match = part["match"]
    right = match.get("right")
    states = right.get("set", right) if isinstance(right, dict) else right
    return match.get("left") == {"ct": {"key": "state"}} and isinstance(states, list) and {*states} >= _STATES


def _is_within(subnet: Prefix, value: str) -> bool:
    try:
        return subnet.is_within(Prefix.parse(value))
    except ValueError:  # an address, or a range
        return False


def _is_named(link: str, value: str) -> bool:
    return fnmatchcase(link, value)
