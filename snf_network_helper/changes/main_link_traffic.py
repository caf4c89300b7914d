"""Which packets that come in by the node's main link, a routed one, are main's to route."""

from snf_network_helper.changes.base import Change, User
from snf_network_helper.changes.guests_rule import OTHERS
from snf_network_helper.changes.main_link_rule import MAINS
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import BITS, IPV4, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from snf_network_helper.kernel.view import View


class MainLinkTraffic(Change):
    """Packets that come in by a link for others than its subnets get the mark that a MainLinkRule passes by.

    After all translation of destinations: an answer to a container, say, comes in to an address of the node. What is
    for the subnets never has the mark. What others have marked, but for the guard, is left to their rules.
    """

    __slots__ = ("family", "dev", "subnets", "mark")

    def __init__(self, family: str, dev: str, subnets: str, mark: str = MAINS) -> None:
        self.family = family
        self.dev = dev
        self.subnets = subnets
        self.mark = mark

    @property
    def table(self) -> str:
        """The family and the name of the table; no name may have `+` or `@`, as a link's may."""
        family = "ip" if self.family == IPV4 else "ip6"
        return f"{family} snf_network_helper/{self.dev.replace('+', '/p').replace('@', '/a')}"

    def add(self) -> str:
        ip, table, mark = self.table.partition(" ")[0], f"table {self.table}", int(self.mark, 0)
        members = f"type {'ipv4' if ip == 'ip' else 'ipv6'}_addr; flags interval"
        hook = "type filter hook prerouting priority dstnat + 10"
        rules = [
            f'iifname != "{self.dev}" return',
            f"{ip} daddr @subnets meta mark set meta mark & 0x{0xFFFFFFFF ^ mark:x} return",
            f"meta mark & 0x{0xFFFFFFFF ^ int(OTHERS, 0):x} 0 meta mark set meta mark | {self.mark}",
        ]
        chain = f"chain main {{ {hook}; {'; '.join(rules)}; }}"
        subnets = f"set subnets {{ {members}; elements = {{ {self.subnets.replace(',', ', ')} }}; }}"
        return f"nft 'add {table}; delete {table}; {table} {{ {subnets}; {chain}; }}'"

    def remove(self) -> str:
        return f"nft delete table {self.table}"

    def make(self, user: User) -> None:
        from snf_network_helper.kernel.process import run

        run(self.add())

    def undo(self, user: User, prior: str) -> None:
        from snf_network_helper.errors import KernelError
        from snf_network_helper.kernel.process import is_gone, run

        try:
            run(self.remove())
        except KernelError as error:
            if not is_gone(error.reason):
                raise

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        import re

        for family, ip in (("4", "ip"), ("6", "ip6")):
            tables = re.findall(rf"^table ({ip} snf_network_helper/\S+) {{(.*?)^}}", view.nft_ruleset(ip), re.M | re.S)
            for name, text in tables:
                dev, subnets, mark = (
                    re.search(pattern, text)
                    for pattern in (r'iifname != "([^"]+)"', r"elements = {([^}]*)}", r"meta mark \| (0x[0-9a-f]+)")
                )
                if dev and subnets and mark:
                    words = subnets[1].replace(",", " ").split()
                    # nft(8) leaves out the length of a single address
                    whole = [Prefix.parse(word if "/" in word else f"{word}/{BITS[family]}") for word in words]
                    change = cls(family, dev[1], in_order(whole), hex(int(mark[1], 0)))
                    if change.table == name:
                        yield change


def in_order(subnets: "Iterable[Prefix]") -> str:
    """Subnets as the change has them."""
    return ",".join(map(str, sorted(subnets, key=lambda subnet: (subnet.value, subnet.length))))
