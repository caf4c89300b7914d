"""Answers to the solicitations by which a neighbour makes sure of a guest."""

from snf_network_helper.changes.base import Change, User
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.nfnetlink import TableDeletion
    from snf_network_helper.kernel.view import View


class NeighbourProbes(Change):
    """Solicitations to the address of a guest itself, by which a neighbour makes sure of it, are answered on a link.

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

    def make(self, user: User) -> None:
        from snf_network_helper.kernel.process import run

        run(self.add())

    def undo(self, user: User, prior: str) -> "TableDeletion":
        from snf_network_helper.kernel.nfnetlink import TableDeletion

        return TableDeletion(self.table, self.remove())

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        import re

        # nft(8) of Debian 12 leaves the device out of its JSON
        table = r'table netdev (\S+) {\s+chain probes {\s+type filter hook ingress device "([^"]+)" .*\s+icmpv6 '
        for name, dev in re.findall(table, view.nft_ruleset("netdev")):
            change = cls(dev)
            if change.table == name:
                yield change
