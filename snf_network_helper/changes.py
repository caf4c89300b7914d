"""The changes a plan is made of: values that know the one line which adds and the one which removes them."""

from snf_network_helper.families import IPV4

# Whatever in the kernel can carry a mark carries this one; its number is in /etc/iproute2/rt_protos.d/.
PROTOCOL = "snf"
# The last metric there is: a route that matches only when every other one of the table is gone.
LAST_METRIC = "4294967295"


class Change:
    """One piece of kernel state. Fields are strings without white space, "" where absent: the journal is plain text."""

    __slots__: tuple[str, ...] = ()
    # Whether several users share the change: the first makes it, the last undoes it.
    is_shared = False
    # Whether runs of them go into one transaction of nft(8).
    batched_by_nft = False
    # Whether it is of a link itself or of its neighbours, which `links` makes.
    is_of_link = False
    # Whether it is a file or a process, which `outside` makes.
    is_outside = False

    def fields(self) -> tuple[tuple[str, str], ...]:
        """Name and value of every field that is set, in order."""
        return tuple((name, getattr(self, name)) for name in self.__slots__ if getattr(self, name))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Change) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.fields()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.fields())})"

    def add(self) -> str:
        """The command that makes this change, as a person would type it."""
        raise NotImplementedError

    def remove(self) -> str:
        """The command that undoes exactly this change; "" where undoing is not ours to do."""
        raise NotImplementedError


class IpChange(Change):
    """A change made by ip(8): runs of them share one `ip -batch`."""

    __slots__ = ()

    def object_and_selector(self) -> tuple[str, str]:
        """The words before and after `add` or `del`."""
        raise NotImplementedError

    def add(self) -> str:
        before, after = self.object_and_selector()
        return f"{before} add {after}"

    def remove(self) -> str:
        before, after = self.object_and_selector()
        return f"{before} del {after}"


def _ip(family: str) -> str:
    return "ip" if family == IPV4 else "ip -6"


class Link(IpChange):
    """The link is up. ifdown itself sets it down after our hook has run, so there is nothing to undo."""

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        self.dev = dev

    def add(self) -> str:
        return f"ip link set {self.dev} up"

    def remove(self) -> str:
        return ""


class Address(IpChange):
    """An address of the node on a link; `ip addr` of Debian 12 takes no protocol, so it bears no mark."""

    __slots__ = ("family", "address", "dev")
    # Whether it is looked for beforehand, which costs more the more links there are.
    is_looked_for = True

    def __init__(self, family: str, address: str, dev: str) -> None:
        self.family = family
        self.address = address
        self.dev = dev

    def object_and_selector(self) -> tuple[str, str]:
        return f"{_ip(self.family)} addr", f"{self.address} dev {self.dev}"


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
        return f"{_ip(self.family)} route", " ".join(filter(None, words))

    def show(self) -> str:
        """The query that prints this very route, whatever its protocol, and nothing else."""
        words = [_ip(self.family), "route show", "table", self.table or "main"]
        for name in ("via", "dev", "metric"):
            if value := getattr(self, name):
                words += [name, value]
        return " ".join([*words, "type", self.kind or "unicast", "exact", self.prefix])


class Rule(IpChange):
    """A policy rule. It has a priority: without one `ip rule add` never collides, and run twice makes two rules."""

    __slots__ = ("family", "iif", "to", "table", "priority")

    def __init__(self, family: str, table: str, priority: str, iif: str = "", to: str = "") -> None:
        self.family = family
        self.iif = iif
        self.to = to
        self.table = table
        self.priority = priority

    def object_and_selector(self) -> tuple[str, str]:
        words = []
        for name in ("iif", "to"):
            if value := getattr(self, name):
                words += [name, value]
        words += ["lookup", self.table, "priority", self.priority, "protocol", PROTOCOL]
        return f"{_ip(self.family)} rule", " ".join(words)


class ProxyNeighbour(Change):
    """The node answers neighbour solicitations for an IPv6 address on a link."""

    __slots__ = ("address", "dev")
    is_of_link = True

    def __init__(self, address: str, dev: str) -> None:
        self.address = address
        self.dev = dev

    def add(self) -> str:
        return f"ip -6 neigh add proxy {self.address} dev {self.dev} protocol {PROTOCOL}"

    def remove(self) -> str:
        return f"ip -6 neigh del proxy {self.address} dev {self.dev}"


class NeighbourProbes(Change):
    """Solicitations to the address of a VM itself, by which a neighbour makes sure of it, are answered on a link.

    The kernel would forward them. As one to all nodes it takes them in, and answers as the link's proxy_ndp says. What
    makes it do so by itself, proxy_ndp of `all`, has it look up each packet that it forwards among all the proxies.
    """

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        self.dev = dev

    @property
    def table(self) -> str:
        """The table of nftables, in which no name may have `+` or `@`, as a link's may; a link's has no slash."""
        return f"snf_network_helper/{self.dev.replace('+', '/p').replace('@', '/a')}"

    def add(self) -> str:
        table = f"table netdev {self.table}"
        hook = f'type filter hook ingress device "{self.dev}" priority 0'
        rule = "icmpv6 type nd-neighbor-solicit ip6 daddr < fe80:: ip6 daddr set ff02::1"
        return f"nft 'add {table}; flush {table}; {table} {{ chain probes {{ {hook}; {rule}; }}; }}'"

    def remove(self) -> str:
        return f"nft delete table netdev {self.table}"


class Sysctl(Change):
    """A setting of one link, as a path below /proc/sys (the dot of eth0.222 breaks sysctl's own names)."""

    __slots__ = ("path", "value")

    def __init__(self, path: str, value: str) -> None:
        self.path = path
        self.value = value

    def add(self) -> str:
        return f"echo {self.value} > /proc/sys/{self.path}"

    def remove(self) -> str:
        return f"echo PRIOR > /proc/sys/{self.path}"


class SharedSysctl(Sysctl):
    """A setting that several interfaces may need; it goes back to its prior when its last user goes."""

    __slots__ = ()
    is_shared = True

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("path", self.path), ("value", self.value))


class ArpSource(Change):
    """ARP requests of the node on a link are sent as if from `address`.

    Inserted, as masquerading is: deleting takes the first of equal rules, so one of the administrator's stays in place.
    """

    __slots__ = ("dev", "address")

    def __init__(self, dev: str, address: str) -> None:
        self.dev = dev
        self.address = address

    def specification(self) -> str:
        """The rule itself, as `arptables -I OUTPUT` and `-D OUTPUT` take it."""
        return f"-o {self.dev} --opcode request -j mangle --mangle-ip-s {self.address}"

    def listed(self) -> frozenset[str]:
        """The words by which `arptables -n -L` shows it, in either variant."""
        return frozenset(f"-j mangle -o {self.dev} --opcode 1 --mangle-ip-s {self.address}".split())

    def add(self) -> str:
        return f"arptables -I OUTPUT {self.specification()}"

    def remove(self) -> str:
        return f"arptables -D OUTPUT {self.specification()}"


class Masquerade(Change):
    """What leaves `uplink` from `source` gets the uplink's address; with `to`, what goes there keeps its own."""

    __slots__ = ("family", "uplink", "source", "to", "owner")

    def __init__(self, family: str, uplink: str, source: str, owner: str, to: str = "") -> None:
        self.family = family
        self.uplink = uplink
        self.source = source
        self.to = to
        self.owner = owner

    def command(self, operation: str) -> list[str]:
        """The words of the command; `operation` is -I, -C or -D."""
        words = ["iptables" if self.family == IPV4 else "ip6tables", "-w", "-t", "nat", operation, "POSTROUTING"]
        words += ["-o", self.uplink, "-s", self.source]
        if self.to:
            words += ["-d", self.to]
        words += ["-m", "comment", "--comment", f"snf-network-helper {self.owner}"]
        return [*words, "-j", "ACCEPT" if self.to else "MASQUERADE"]

    def add(self) -> str:
        return quoted(self.command("-I"))

    def remove(self) -> str:
        return quoted(self.command("-D"))


def quoted(words: list[str]) -> str:
    """The words as one line for a shell; only a comment of ours has a blank, and no word has a quote."""
    return " ".join(f'"{word}"' if " " in word else word for word in words)


KINDS: dict[str, type[Change]] = {
    kind.__name__: kind
    for kind in (
        Link, Address, Route, Rule, ProxyNeighbour, NeighbourProbes, Sysctl, SharedSysctl, ArpSource, Masquerade,
    )
}
