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
    # Whether it makes the sets for elements that come next, in their transaction.
    holds_elements = False
    # Whether it is of a link itself or of its neighbours, which `links` makes.
    is_of_link = False
    # Whether it is a file or a process, which `outside` makes.
    is_outside = False
    # Whether an equal one may be somebody else's, which then is kept.
    is_exclusive = False

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

    def create(self) -> str:
        """As `add`, but what is exclusive must not stand already."""
        return self.add()

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


class RefuseAdvertisements(Sysctl):
    """A routed link heeds no router advertisements, though it did because other interfaces have all links do so."""

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        super().__init__(f"net/ipv6/conf/{dev}/accept_ra", "1")
        self.dev = dev


def quoted(words: list[str]) -> str:
    """The words as one line for a shell; only a comment of ours has a blank, and no word has a quote."""
    return " ".join(f'"{word}"' if " " in word else word for word in words)


KINDS: dict[str, type[Change]] = {
    kind.__name__: kind
    for kind in (Link, Address, Route, Rule, ProxyNeighbour, Sysctl, SharedSysctl, RefuseAdvertisements)
}
