"""IPv4 and IPv6 addresses and prefixes as values; `ipaddress` would cost every ifup some ms of imports."""

from snf_network_helper.lean import TYPE_CHECKING, socket

if TYPE_CHECKING:
    from collections.abc import Collection

# The two address families, as the journal and every value name them.
IPV4 = "4"
IPV6 = "6"
FAMILY_NAMES = {IPV4: "IPv4", IPV6: "IPv6"}
BITS = {IPV4: 32, IPV6: 128}
_MAPPED = bytes(10) + b"\xff\xff"  # an IPv4 address in IPv6's notation (RFC 4291, 2.5.5.2), which no host has
_SOCKET_FAMILY = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}


class IPAddress:
    """One address: its family, "4" or "6", and its value as an integer."""

    __slots__ = ("family", "value")

    def __init__(self, family: str, value: int) -> None:
        self.family = family
        self.value = value

    @classmethod
    def parse(cls, text: str) -> "IPAddress":
        """Reads `192.0.2.1` or `2001:db8::1`; ValueError for anything else, scope ids and ::ffff:192.0.2.1 included."""
        family = IPV6 if ":" in text else IPV4
        try:
            packed = socket.inet_pton(_SOCKET_FAMILY[family], text)
        except (OSError, ValueError):
            raise ValueError(text) from None
        if packed.startswith(_MAPPED):
            raise ValueError(text)
        return cls(family, int.from_bytes(packed, "big"))

    def __str__(self) -> str:
        return socket.inet_ntop(_SOCKET_FAMILY[self.family], self.value.to_bytes(BITS[self.family] // 8, "big"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IPAddress) and (self.family, self.value) == (other.family, other.value)

    def __hash__(self) -> int:
        return hash((self.family, self.value))

    @property
    def is_link_local(self) -> bool:
        """True for fe80::/10 (RFC 4291, 2.5.6)."""
        return self.family == IPV6 and self.value >> 118 == 0xFE80 >> 6

    @property
    def is_unicast(self) -> bool:
        """False for the unspecified, loopback, multicast and (IPv4) reserved addresses: no host has them on a link."""
        if self.family == IPV6:
            return self.value > 1 and self.value >> 120 != 0xFF
        first = self.value >> 24
        return first not in (0, 127) and first < 224


class Prefix:
    """A subnet: family, network value and prefix length."""

    __slots__ = ("family", "length", "value")

    def __init__(self, family: str, value: int, length: int) -> None:
        self.family = family
        self.value = value
        self.length = length

    @classmethod
    def parse(cls, text: str) -> "Prefix":
        """Reads `192.0.2.0/24`; ValueError unless address and decimal length are there; host bits are kept."""
        address_text, slash, length_text = text.partition("/")
        address = IPAddress.parse(address_text)
        if not slash or not (length_text.isascii() and length_text.isdigit()) or len(length_text) > 3:
            raise ValueError(text)
        length = int(length_text)
        if length > BITS[address.family]:
            raise ValueError(text)
        return cls(address.family, address.value, length)

    def __str__(self) -> str:
        return f"{IPAddress(self.family, self.value)}/{self.length}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prefix) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def host_bits(self) -> int:
        """The number of bits below the prefix length."""
        return BITS[self.family] - self.length

    @property
    def network(self) -> "Prefix":
        """The same prefix with its host bits cleared."""
        return Prefix(self.family, self.value >> self.host_bits << self.host_bits, self.length)

    def __contains__(self, address: IPAddress) -> bool:
        return address.family == self.family and address.value >> self.host_bits == self.value >> self.host_bits

    def is_within(self, other: "Prefix") -> bool:
        """True for a part of another prefix, or all of it."""
        return self.length >= other.length and IPAddress(self.family, self.value) in other

    def is_part_of(self, other: "Prefix") -> bool:
        """True where another prefix has all addresses of this one, and more."""
        return self.length > other.length and self.is_within(other)

    @property
    def last(self) -> int:
        """The value of the last address."""
        return self.value + (1 << self.host_bits) - 1

    @property
    def halves(self) -> "tuple[Prefix, Prefix]":
        """The two prefixes that it is made of."""
        upper = self.value | 1 << (self.host_bits - 1)
        return Prefix(self.family, self.value, self.length + 1), Prefix(self.family, upper, self.length + 1)

    def is_reserved(self, address: IPAddress) -> bool:
        """True for the network's own and the broadcast address, which no host may have (IPv4, RFC 3021 for /31)."""
        if self.family == IPV6 or self.host_bits < 2 or address not in self:
            return False
        return address.value - self.value in (0, (1 << self.host_bits) - 1)

    @property
    def anycast(self) -> "IPAddress | None":
        """The address that each router of an IPv6 subnet has (RFC 4291, 2.6.1; none of a /127 by RFC 6164)."""
        return IPAddress(IPV6, self.value) if self.family == IPV6 and self.host_bits > 1 else None

    def highest_usable(self, other_than: IPAddress) -> "IPAddress | None":
        """The highest address a host may have that is not `other_than`; None where there is none."""
        last = self.value + (1 << self.host_bits) - 1
        for value in range(last, max(self.value, last - 3) - 1, -1):
            address = IPAddress(self.family, value)
            if not self.is_reserved(address) and address != other_than:
                return address
        return None

    def lowest_usable(self, other_than: "Collection[IPAddress]") -> "IPAddress | None":
        """The lowest address a host may have that is none of `other_than`; None where there is none."""
        last = self.value + (1 << self.host_bits) - 1
        for value in range(self.value, min(last, self.value + 1 + len(other_than)) + 1):
            address = IPAddress(self.family, value)
            if not self.is_reserved(address) and address not in other_than:
                return address
        return None


def mapped(text: str) -> IPAddress | None:
    """The IPv4 address that stands in IPv6's notation, as in ::ffff:192.0.2.1; None for all else."""
    try:
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None
    return IPAddress(IPV4, int.from_bytes(packed[12:], "big")) if packed.startswith(_MAPPED) else None


def eui64(mac: bytes) -> int:
    """The modified EUI-64 interface identifier of a MAC address: universal bit inverted, ff:fe inside (RFC 4291)."""
    return int.from_bytes(bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:], "big")
