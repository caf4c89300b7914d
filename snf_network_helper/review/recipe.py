"""What commands of hand-written stanzas make, as values: an effect is compared with what a plan's commands make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from snf_network_helper.review.shell import NotPlainError, commands
from snf_network_helper.stanza.addresses import BITS, IPV4, IPV6, Prefix

_TOOLS = ("ip", "arptables", "iptables", "ip6tables", "sysctl", "echo", ":", "true", "exit")
# Words by which a line that is not understood may still be one of the network's.
_TELLING = ("ip ", "arptables", "iptables", "ip6tables", "nft ", "sysctl", "/proc/sys/net", "route ", "tc ")
_OBJECTS = ("link", "address", "route", "rule", "neighbour")
_ADDING, _DELETING = ("add", "a", "replace", "append", "change", "prepend"), ("del", "delete", "d", "flush")
_KEYS = {"lookup": "table", "pref": "priority", "preference": "priority", "order": "priority", "protocol": "proto",
         "brd": "broadcast"}  # fmt: skip
_ALONE = ("onlink", "nodad", "not", "permanent", "noprefixroute")
_OPEN = {"rule": ("priority",), "route": ("dev",), "address": ("dev",)}  # what a command may leave to the kernel
_UNTOLD = ("proto", "onlink", "comment")  # of no effect on where packets go


@dataclass(frozen=True)
class Effect:
    """What a command makes, or takes away: its kind, and its fields by their names, sorted."""

    kind: str
    fields: tuple[tuple[str, str], ...]
    undoes: bool = False

    def get(self, name: str) -> str:
        """A field, "" where there is none."""
        return dict(self.fields).get(name, "")

    def is_made_by(self, other: "Effect") -> bool:
        """Whether another effect makes all that this one does; the other decides what this one leaves open."""
        if self.kind != other.kind:
            return False
        own, others = dict(self.fields), dict(other.fields)
        for name in _OPEN.get(self.kind, ()):
            if name not in own:
                others.pop(name, None)
        if self.kind == "address" and own["target"] in _whole(others["target"]):
            own["target"] = others["target"]
        return own == others

    def is_undone_by(self, undoing: "Effect") -> bool:
        """Whether another effect takes this one away, be it with more."""
        if self.kind != undoing.kind:
            return False
        exact = {field for field in undoing.fields if field[0] not in ("priority", "dev", "family")}
        return exact <= set(self.fields) and undoing.get("family") in ("", self.get("family"))


def effects(line: str, iface: str) -> list[Effect] | None:
    """What a line of commands makes; None where that is not known, and it may be something of the network."""
    try:
        found = [_effect(words, iface) for words in commands(line, {"IFACE": iface, "LOGICAL": iface})]
    except NotPlainError:
        return None if is_telling(line) else []
    if None in found:
        return None if is_telling(line) else []
    return [one for one in found if one is not None and one.kind]


def is_telling(line: str) -> bool:
    """Whether a line may change the network."""
    return any(word in f"{line} " for word in _TELLING)


def of_commands(lines: Iterable[str], iface: str) -> Iterator[tuple[str, Effect]]:
    """The effects of a plan's commands, each with its command; not of those that no hand-written line has."""
    for line in lines:
        for effect in effects(line, iface) or ():
            yield line, effect


_NOTHING = Effect("", ())


def _effect(words: list[str], iface: str) -> Effect | None:
    tool = words[0].rpartition("/")[2]
    if tool not in _TOOLS:
        return None
    rest = words[1:]
    if tool in (":", "true", "exit"):
        return _NOTHING
    if tool == "ip":
        return _ip(rest)
    if tool == "sysctl":
        return _sysctl(rest, iface)
    if tool == "arptables":
        return _arptables(rest)
    if tool == "echo":
        if len(rest) == 3 and rest[1] == ">" and rest[2].startswith("/proc/sys/"):
            return _made("sysctl", path=rest[2].removeprefix("/proc/sys/"), value=rest[0])
        return None
    return _iptables(rest, IPV6 if tool == "ip6tables" else IPV4)


def _made(kind: str, undoes: bool = False, **fields: str) -> Effect:
    told = {name: value for name, value in fields.items() if value and name not in _UNTOLD}
    return Effect(kind, tuple(sorted(told.items())), undoes)


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
    if words[0] == "r":
        kind = "route"
    verb, rest = words[1], words[2:]
    if kind == "link":
        return _link(rest) if verb == "set" else _made("other", text=" ".join(words))
    undoes = verb in _DELETING
    if not kind or not (undoes or verb in _ADDING):
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
        elif rest:
            if word == "via" and rest[0] in ("inet", "inet6") and len(rest) > 1:
                rest.pop(0)
            fields[key] = rest.pop(0)
        else:
            return None
    return _normal(kind, family, fields, undoes)


def _normal(kind: str, family: str, fields: dict[str, str], undoes: bool) -> Effect:
    """With whole prefixes, the family told, and without what says nothing."""
    addresses = [fields.get(name, "") for name in ("target", "from", "to", "via")]
    fields["family"] = family or (IPV6 if any(":" in one for one in addresses) else IPV4)
    for name in ("target", "from", "to"):
        if name in fields:
            fields[name] = _prefix(fields[name], fields["family"])
    if fields.get("from") == "all":
        del fields["from"]
    if fields.get("scope") == "link" and "via" not in fields:
        del fields["scope"]
    if fields.get("table") in ("main", "254"):
        del fields["table"]
    if kind == "address" and fields.get("nodad") and fields["family"] == IPV4:
        del fields["nodad"]
    return _made(kind, undoes, **fields)


def _whole(target: str) -> tuple[str, str]:
    """An address alone, in both spellings of its length."""
    address = target.partition("/")[0]
    return f"{address}/32", f"{address}/128"


def _prefix(text: str, family: str) -> str:
    if text in ("default", "0.0.0.0/0", "::/0"):
        return "default"
    try:
        return str(Prefix.parse(text if "/" in text else f"{text}/{BITS[family]}"))
    except ValueError:
        return text


def _link(words: list[str]) -> Effect:
    rest = [word for word in words if word != "dev"]
    if len(rest) == 2 and rest[1] in ("up", "down"):
        return _made("link", rest[1] == "down", dev=rest[0])
    return _made("other", text=" ".join(["ip", "link", "set", *words]))


def _sysctl(words: list[str], iface: str) -> Effect | None:
    values = [word for word in words if not word.startswith("-")]
    if len(values) != 1 or "=" not in values[0]:
        return None
    key, _, value = values[0].partition("=")
    first = next((sign for sign in key if sign in "./"), "")
    path = key.translate(str.maketrans("./", "/.")) if first == "." else key
    dotted = iface.replace(".", "/")  # sysctl(8) takes the dots of a VLAN's name for separators
    return _made("sysctl", path=path.replace(f"/{dotted}/", f"/{iface}/") if "." in iface else path, value=value)


def _arptables(words: list[str]) -> Effect | None:
    options = _options(words)
    if options is None or options.pop("-t", "filter") != "filter":
        return None
    undoes = "-D" in options
    chain = options.pop("-A", "") or options.pop("-I", "") or options.pop("-D", "")
    fields = {"dev": options.pop("-o", ""), "address": options.pop("--mangle-ip-s", "")}
    opcode, target = options.pop("--opcode", ""), options.pop("-j", "mangle")
    if chain != "OUTPUT" or opcode.lower() not in ("request", "1") or target != "mangle" or options:
        return _made("other", undoes, text=" ".join(["arptables", *words]))
    return _made("arp", undoes, **fields)


def _iptables(words: list[str], family: str) -> Effect | None:
    options = _options([word for word in words if word not in ("-w", "--wait")])
    if options is None:
        return None
    if "-C" in options:
        return _NOTHING
    undoes = "-D" in options
    chain = options.pop("-A", "") or options.pop("-I", "") or options.pop("-D", "")
    source, uplink = options.pop("-s", ""), options.pop("-o", "")
    options.pop("--comment", "")
    if options.pop("-m", "comment") != "comment":
        chain = ""
    if (options.pop("-t", ""), chain, options.pop("-j", "")) != ("nat", "POSTROUTING", "MASQUERADE") or options:
        return _made("other", undoes, text=" ".join(["iptables", *words]))
    return _made("masquerade", undoes, family=family, source=_prefix(source, family), uplink=uplink)


_LONG = {"--append": "-A", "--insert": "-I", "--delete": "-D", "--check": "-C", "--table": "-t", "--jump": "-j",
         "--source": "-s", "--src": "-s", "--out-interface": "-o", "--match": "-m"}  # fmt: skip


def _options(words: list[str]) -> dict[str, str] | None:
    """The options of iptables or arptables, each with its value; None where a word is of none."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        name = _LONG.get(name, name)
        if not name.startswith("-") or name in found:
            return None
        if not equals and rest and not rest[0].startswith("-"):
            value = rest.pop(0)
            if name == "-I" and rest and rest[0].isdigit():
                rest.pop(0)
        found[name] = value
    return found
