"""The changes that only a virtual machine's TAP needs; `changes` knows them by name once this is imported."""

from __future__ import annotations

from snf_network_helper.changes import KINDS, PROTOCOL, Address, Change

GUARD_FILE = "/usr/share/snf-network-helper/guard.nft"
GUARD_TABLE = "snf_network_helper"
NFDHCPD_DIRECTORY = "/var/lib/nfdhcpd"


class HardwareAddress(Change):
    """The MAC address of a link; it goes back to its prior."""

    __slots__ = ("dev", "address")
    is_of_link = True

    def __init__(self, dev: str, address: str) -> None:
        self.dev = dev
        self.address = address

    def add(self) -> str:
        return f"ip link set dev {self.dev} address {self.address}"

    def remove(self) -> str:
        return f"ip link set dev {self.dev} address PRIOR"


class NoAddressGeneration(Change):
    """The kernel makes no link-local address of its own.

    Undone by ip(8): what is written to /proc/sys makes such an address at once, also on a link that is down.
    """

    __slots__ = ("dev",)
    is_of_link = True

    def __init__(self, dev: str) -> None:
        self.dev = dev

    def add(self) -> str:
        return f"echo 1 > /proc/sys/net/ipv6/conf/{self.dev}/addr_gen_mode"

    def remove(self) -> str:
        return f"ip link set dev {self.dev} addrgenmode PRIOR"


class LinkUp(Change):
    """The link is up, and goes down again: nothing but the attachment wants it up."""

    __slots__ = ("dev",)
    is_of_link = True

    def __init__(self, dev: str) -> None:
        self.dev = dev

    def add(self) -> str:
        return f"ip link set {self.dev} up"

    def remove(self) -> str:
        return f"ip link set {self.dev} down"


class LinkLocal(Address):
    """A link-local address that is used at once: duplicate address detection would hold it back for 2 s.

    The kernel is not asked for it beforehand, since it would list the addresses of every link there is.
    """

    __slots__ = ()
    is_looked_for = False

    def __init__(self, address: str, dev: str, family: str = "6") -> None:
        super().__init__(family, address, dev)

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("address", self.address), ("dev", self.dev))

    def add(self) -> str:
        return f"{super().add()} nodad"


class SharedRule(Change):
    """What comes from a subnet is routed by the table: one rule for all TAPs, made by the first, undone by the last."""

    __slots__ = ("family", "table", "priority", "source")
    is_shared = True

    def __init__(self, family: str, table: str, priority: str, source: str) -> None:
        self.family = family
        self.table = table
        self.priority = priority
        self.source = source

    def _command(self, verb: str) -> str:
        words = f"from {self.source} lookup {self.table} priority {self.priority} protocol {PROTOCOL}"
        return f"{'ip' if self.family == '4' else 'ip -6'} rule {verb} {words}"

    def add(self) -> str:
        return self._command("add")

    def remove(self) -> str:
        return self._command("del")


class Guard(Change):
    """The nftables tables whose sets say which addresses may come out of which TAP; shared by all of them."""

    __slots__ = ()
    is_shared = True
    holds_elements = True

    def add(self) -> str:
        return f"nft -f {GUARD_FILE}"

    def remove(self) -> str:
        # Added first, since to delete what is gone would be an error
        tables = (f"table inet {GUARD_TABLE}", f"table arp {GUARD_TABLE}")
        return f"nft '{'; '.join(f'add {table}; delete {table}' for table in tables)}'"


class GuardElement(Change):
    """One element of the guard's sets: a TAP, or a TAP with an address; in `askers` the address that asks on the TAP.

    A set is looked up in the same time however many elements it has: a rule for each TAP would cost every packet.
    """

    __slots__ = ("table", "members", "tap", "address")
    batched_by_nft = True

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


class Hosted(GuardElement):
    """An address that the node answers for on a network's link, unless another one announces it there.

    The element is there before the route and after it: in between the node would answer for what has moved. What
    another one has announced is forgotten when it goes, or is made once more. To make it at first deletes nothing: a
    socket that something was deleted by is closed only after the kernel's grace period, 10 ms later
    (nft_rcv_nl_event, net/netfilter/nf_tables_api.c).
    """

    __slots__ = ()
    is_exclusive = True

    def __init__(self, table: str, members: str, dev: str, address: str) -> None:
        super().__init__(table, members, dev, address)

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("table", self.table), ("members", self.members), ("dev", self.tap), ("address", self.address))

    def create(self) -> str:
        return f"nft '{self._statement('create')}'"

    def add(self) -> str:
        return f"nft '{self._forgetting()}; {self._statement('add')}'"

    def remove(self) -> str:
        return f"nft '{self._statement('delete')}; {self._forgetting()}'"

    def _forgetting(self) -> str:
        set_of_gone = self.members.replace("hosted", "gone")
        gone = f'element {self.table} {GUARD_TABLE} {set_of_gone} {{ "{self.tap}" . {self.address} }}'
        # Added first, since to delete what is not there would be an error
        return f"add {gone}; delete {gone}"


_GUEST_KINDS = (HardwareAddress, NoAddressGeneration, LinkUp, LinkLocal, SharedRule, Guard, GuardElement, Hosted)
KINDS.update((kind.__name__, kind) for kind in _GUEST_KINDS)
