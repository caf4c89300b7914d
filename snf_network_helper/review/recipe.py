"""What commands of hand-written stanzas make, as values: an effect is compared with what a plan's commands make."""

from collections.abc import Iterable, Iterator

from snf_network_helper.review import tools
from snf_network_helper.review.effect import Effect, made, whole_prefix
from snf_network_helper.review.shell import NotPlainError, commands
from snf_network_helper.stanza.addresses import IPV4, IPV6

# Words by which a line that is not understood may still be one of the network's.
_TELLING = ("ip ", "arptables", "iptables", "ip6tables", "sysctl", "/proc/sys/net", "route ", "ifconfig ")
# What these do is of another kind than all that the options make.
_ELSEWHERE = ("nft", "tc", "ebtables", "ethtool", "brctl", "bridge", "modprobe", "vconfig", "logger")
_OBJECTS = ("link", "address", "route", "rule", "neighbour")
_VERBS = ("add", "replace", "append", "change", "prepend", "delete", "flush")
_DELETING = ("delete", "flush")
_KEYS = {"lookup": "table", "pref": "priority", "preference": "priority", "order": "priority", "protocol": "proto",
         "brd": "broadcast"}  # fmt: skip
_ALONE = ("onlink", "nodad", "not", "permanent", "noprefixroute")
_NO_EFFECT = (":", "true", "exit", "[", "test", "sleep")


def effects(line: str, iface: str) -> list[Effect] | None:
    """What a line of commands makes; None where that is not known, and it may be something of the network.

    Commands whose turn depends on how others go count as if they had it.
    """
    found: list[Effect] = []
    try:
        for words in commands(line, {"IFACE": iface, "LOGICAL": iface}):
            some = _effects(words, iface)
            if some is None:
                raise NotPlainError(line)
            found += some
    except NotPlainError:
        return None if is_telling(line) else []
    return found


def is_telling(line: str) -> bool:
    """Whether a line may change the network."""
    return any(word in f"{line} " for word in _TELLING)


def of_commands(lines: Iterable[str], iface: str) -> Iterator[tuple[str, Effect]]:
    """The effects of a plan's commands, each with its command; not of those that no hand-written line has."""
    for line in lines:
        for effect in effects(line, iface) or ():
            yield line, effect


def _effects(words: list[str], iface: str) -> list[Effect] | None:
    tool, rest = words[0].rpartition("/")[2], words[1:]
    if tool in _NO_EFFECT:
        return []
    if tool in ("sh", "bash") and len(rest) == 2 and rest[0] in ("-c", "-ec"):
        return effects(rest[1], iface)
    if tool == "route":
        return tools.route(rest)
    if tool == "sysctl":
        return tools.sysctl(rest, iface)
    if tool == "ifconfig":
        return tools.ifconfig(rest)
    if tool in _ELSEWHERE:
        return [made("other", text=" ".join(words))]
    found = _effect(tool, rest)
    return None if found is None else [found] * bool(found.kind)


def _effect(tool: str, rest: list[str]) -> Effect | None:
    if tool == "ip":
        return _ip(rest)
    if tool == "arptables":
        return tools.arptables(rest)
    if tool in ("iptables", "ip6tables"):
        return tools.iptables(rest, IPV6 if tool == "ip6tables" else IPV4)
    if tool == "echo":
        written = [word for word in rest if word != "-n"]
        if len(written) == 3 and written[1] == ">" and written[2].startswith("/proc/sys/"):
            return made("sysctl", path=written[2].removeprefix("/proc/sys/"), value=written[0])
    return None


def _ip(words: list[str]) -> Effect | None:
    family = ""
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("-f", "-family") and words:
            option = {"inet": "-4", "inet6": "-6"}.get(words.pop(0), "")
        if option in ("-4", "-6"):
            family = option[1]
        elif option not in ("-force", "-o", "-s"):
            return None
    if len(words) < 2:
        return None
    kind = next((name for name in _OBJECTS if name.startswith(words[0])), "")
    verb, rest = next((name for name in _VERBS if name.startswith(words[1])), ""), words[2:]
    if kind == "link":
        return _link(rest) if "set".startswith(words[1]) else made("other", text=" ".join(words))
    undoes = verb in _DELETING
    if not kind:
        return made("other", undoes, text=" ".join(words))
    if not verb:
        return None
    fields: dict[str, str] = {}
    while rest:
        word = rest.pop(0)
        key = _KEYS.get(word, word)
        if word in _ALONE:
            fields[word] = "yes"
        elif word in ("unreachable", "blackhole", "prohibit", "throw", "local") and kind == "route":
            fields["type"] = word
        elif "target" not in fields and kind != "rule" and word not in ("dev", "via", "table", "proxy", "to"):
            fields["target"] = word
        elif word in ("proxy", "to") and kind != "rule" and rest:
            fields["target"] = rest.pop(0)
            if word == "proxy":
                fields["proxy"] = "yes"
        elif rest and key not in ("kind", "undoes"):
            if word == "via" and rest[0] in ("inet", "inet6") and len(rest) > 1:
                rest.pop(0)
            fields["iif" if (kind, key) == ("rule", "dev") else key] = rest.pop(0)
        else:
            return None
    return _normal(kind, family, fields, undoes)


def _normal(kind: str, family: str, fields: dict[str, str], undoes: bool) -> Effect:
    """With whole prefixes, the family told, and without what says nothing."""
    addresses = [fields.get(name, "") for name in ("target", "from", "to", "via")]
    fields["family"] = family or (IPV6 if any(":" in one for one in addresses) else IPV4)
    for name in ("target", "from", "to"):
        if name in fields:
            fields[name] = whole_prefix(fields[name], fields["family"])
    if fields.get("from") == "all":
        del fields["from"]
    if fields.get("scope") == "link" and "via" not in fields:
        del fields["scope"]
    if fields.get("table") in ("main", "254"):
        del fields["table"]
    return made(kind, undoes, **fields)


def _link(words: list[str]) -> Effect:
    rest = [word for word in words if word != "dev"]
    if len(rest) == 2 and rest[1] in ("up", "down"):
        return made("link", rest[1] == "down", dev=rest[0])
    return made("other", text=" ".join(["ip", "link", "set", *words]))


