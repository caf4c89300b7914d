"""A subnet of guests, as the guard knows it."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.by_nft import GUARD_TABLE, SUBNETS, NftElement
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import BITS, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View


class GuestSubnet(NftElement):
    """The guard marks what comes from the subnet by another link than a TAP; every guest of the network needs it."""

    __slots__ = ("family", "subnet")

    def __init__(self, family: str, subnet: str) -> None:
        self.family = family
        self.subnet = subnet

    def users(self) -> str:
        return f"hosted/subnet,{self.subnet.replace('/', '-')}"

    def _statement(self, verb: str) -> str:
        return f"nft '{verb} {SUBNETS}{self.family} {{ {self.subnet} }}'"

    def add(self) -> str:
        return self._statement("add")

    def remove(self) -> str:
        return self._statement("delete")

    def is_present(self, marked: "frozenset[Change]") -> bool:
        """One that overlaps stands for it: a set has room for one of them."""
        return any(_overlap(self, other) for other in marked if isinstance(other, GuestSubnet))

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for item in view.nft_table("inet", GUARD_TABLE):
            members = item.get("set") or {"name": ""}
            name, family = members["name"][:-1], members["name"][-1:]
            for element in members.get("elem", ()) if name == "subnets" else ():
                if isinstance(element, str):
                    yield cls(family, f"{element}/{BITS[family]}")
                elif prefix := element.get("prefix"):
                    yield cls(family, f"{prefix['addr']}/{prefix['len']}")


def _overlap(one: GuestSubnet, other: GuestSubnet) -> bool:
    subnet, standing = Prefix.parse(one.subnet), Prefix.parse(other.subnet)
    return subnet == standing or subnet.is_part_of(standing) or standing.is_part_of(subnet)
