"""The changes that rewrite packets, by nft(8), arptables or iptables; `changes` knows them once this is imported."""

from snf_network_helper.changes import KINDS, Change, quoted
from snf_network_helper.families import IPV4


class NeighbourProbes(Change):
    """Solicitations to the address of a VM itself, by which a neighbour makes sure of it, are answered on a link.

    The kernel would forward them. As one to all nodes it takes them in, and answers as the link's proxy_ndp says. What
    makes it do so by itself, proxy_ndp of `all`, has it look up each packet that it forwards among all the proxies.
    One that a router has passed on, and its hop limit shows, is a packet like any other.
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
        rule = "icmpv6 type nd-neighbor-solicit ip6 hoplimit 255 ip6 daddr < fe80:: ip6 daddr set ff02::1"
        return f"nft 'add {table}; flush {table}; {table} {{ chain probes {{ {hook}; {rule}; }}; }}'"

    def remove(self) -> str:
        return f"nft delete table netdev {self.table}"


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


KINDS.update((kind.__name__, kind) for kind in (NeighbourProbes, ArpSource, Masquerade))
