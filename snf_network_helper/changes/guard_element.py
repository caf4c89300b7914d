"""An element of the guard's sets."""

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.by_nft import GUARD_TABLE, NftElement
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.kernel.view import View

_NUMBERS = ("targets6", "hosted6", "prefix_targets6")  # sets of addresses as numbers


class GuardElement(NftElement):
    """One element of the guard's sets: a TAP, or one with an address or prefix; in `askers` who asks on the TAP.

    A set is looked up in the same time however many elements it has: a rule for each TAP would cost every packet.
    """

    __slots__ = ("table", "members", "tap", "address")

    def __init__(self, table: str, members: str, tap: str, address: str = "") -> None:
        self.table = table
        self.members = members
        self.tap = tap
        self.address = address

    def _statement(self, verb: str) -> str:
        separator = " : " if self.members == "askers" else " . "
        element = f'"{self.tap}"{separator if self.address else ""}{self.address}'
        return f"{verb} element {self.table} {GUARD_TABLE} {self.members} {{ {element} }}"

    def add(self) -> str:
        return f"nft '{self._statement('add')}'"

    def remove(self) -> str:
        return f"nft '{self._statement('delete')}'"

    @classmethod
    def marked(cls, view: "View") -> "Iterator[Change]":
        for members, family, link, address in elements(view):
            if members != "own" and not members.startswith("hosted"):
                yield cls(family, members, link, address)


def elements(view: "View") -> "Iterator[tuple[str, str, str, str]]":
    """The set, the table's family, the link and the address of each element that stands in the guard.

    What the kernel itself adds, to the sets of what is `gone`, is left out, and so are the subnets.
    """
    for family in ("inet", "arp"):
        for item in view.nft_table(family, GUARD_TABLE):
            members = item.get("set") or item.get("map") or {"name": ""}
            if members["name"].startswith(("gone", "subnets")):
                continue
            for element in members.get("elem", ()):
                words = element["concat"] if isinstance(element, dict) else element
                link, address = words if isinstance(words, list) else (words, "")
                ends = address.get("range", ()) if isinstance(address, dict) else (address,)
                if members["name"] in _NUMBERS:  # nft(8) has no name for the value
                    numbers = (end if isinstance(end, int) else int(end, 0) for end in ends)
                    address = "-".join(f"0x{number:032x}" for number in numbers)
                elif isinstance(address, dict):
                    address = f"{address['prefix']['addr']}/{address['prefix']['len']}"
                yield members["name"], family, link, address
