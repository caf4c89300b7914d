"""What commands beside ip(8) make: sysctl, arptables, iptables, and the old route and ifconfig."""

from snf_network_helper.review.effect import NOTHING, Effect, made, whole_prefix
from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress

_LONG = {"--append": "-A", "--insert": "-I", "--delete": "-D", "--check": "-C", "--table": "-t", "--jump": "-j",
         "--source": "-s", "--src": "-s", "--out-interface": "-o", "--match": "-m"}  # fmt: skip


def sysctl(words: list[str], iface: str) -> list[Effect] | None:
    """sysctl(8): `sysctl [-w] KEY=VALUE ...`."""
    values = [word for word in words if not word.startswith("-")]
    if not values or not all("=" in word for word in values):
        return None
    return [_setting(word, iface) for word in values]


def _setting(word: str, iface: str) -> Effect:
    key, _, value = word.partition("=")
    first = next((sign for sign in key if sign in "./"), "")
    path = key.translate(str.maketrans("./", "/.")) if first == "." else key
    dotted = iface.replace(".", "/")  # sysctl(8) takes the dots of a VLAN's name for separators
    return made("sysctl", path=path.replace(f"/{dotted}/", f"/{iface}/") if "." in iface else path, value=value)


def arptables(words: list[str]) -> Effect | None:
    options = _options(words)
    if options is None or options.pop("-t", "filter") != "filter":
        return None
    undoes = "-D" in options
    chain = options.pop("-A", "") or options.pop("-I", "") or options.pop("-D", "")
    fields = {"dev": options.pop("-o", ""), "address": options.pop("--mangle-ip-s", "")}
    opcode, target = options.pop("--opcode", ""), options.pop("-j", "mangle")
    if chain != "OUTPUT" or opcode.lower() not in ("request", "1") or target != "mangle" or options:
        return made("other", undoes, text=" ".join(["arptables", *words]))
    return made("arp", undoes, **fields)


def iptables(words: list[str], family: str) -> Effect | None:
    options = _options([word for word in words if word not in ("-w", "--wait")])
    if options is None:
        return None if "MASQUERADE" in words else made("other", "-D" in words, text=" ".join(["iptables", *words]))
    if "-C" in options:
        return NOTHING
    undoes = "-D" in options
    chain = options.pop("-A", "") or options.pop("-I", "") or options.pop("-D", "")
    source, uplink = options.pop("-s", ""), options.pop("-o", "")
    options.pop("--comment", "")
    if options.pop("-m", "comment") != "comment":
        chain = ""
    if (options.pop("-t", ""), chain, options.pop("-j", "")) != ("nat", "POSTROUTING", "MASQUERADE") or options:
        return made("other", undoes, text=" ".join(["iptables", *words]))
    return made("masquerade", undoes, family=family, source=whole_prefix(source, family), uplink=uplink)


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


def route(words: list[str]) -> list[Effect] | None:
    """route(8): `route [-A inet6] add|del [-net|-host] TARGET [netmask MASK] [gw GATEWAY] [[dev] LINK]`."""
    rest = [word for word in words if word not in ("-net", "-host", "-n")]
    family = IPV4
    for option in (["-A", "inet6"], ["--inet6"], ["-6"]):
        if rest[: len(option)] == option:
            family, rest = IPV6, rest[len(option) :]
    if len(rest) < 2 or rest[0] not in ("add", "del"):
        return None
    verb, target, *others = rest
    fields = {"family": family}
    while others:
        word = others.pop(0)
        if word in ("netmask", "gw", "dev", "metric") and others:
            fields[{"gw": "via"}.get(word, word)] = others.pop(0)
        elif not others:
            fields["dev"] = word
        else:
            return None
    if mask := fields.pop("netmask", ""):
        target = f"{target}/{mask_length(mask)}"
    return [made("route", verb == "del", target=whole_prefix(target, family), **fields)]


def ifconfig(words: list[str]) -> list[Effect] | None:
    """ifconfig(8): `ifconfig LINK [ADDRESS [netmask MASK]] [up]`."""
    if len(words) < 2:
        return None
    dev, *rest = words
    if rest == ["down"]:
        return [made("link", True, dev=dev)]
    found = [made("link", dev=dev)]  # an address sets it up, too
    if rest != ["up"]:
        rest = [word for word in rest if word != "up"]
        if len(rest) == 3 and rest[1] == "netmask":
            rest = [f"{rest[0]}/{mask_length(rest[2])}"]
        if len(rest) != 1 or "/" not in rest[0]:
            return None
        found.append(made("address", family=IPV4, target=rest[0], dev=dev))
    return found


def mask_length(mask: str) -> str:
    """The length of a prefix by its mask, "" for none."""
    if mask.isascii() and mask.isdigit():
        return mask
    try:
        return str(IPAddress.parse(mask).value.bit_count())
    except ValueError:
        return ""
