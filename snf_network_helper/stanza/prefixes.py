"""Prefixes among the addresses that are asked for a guest."""

from snf_network_helper.errors import RoutedError, one_line
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress, Prefix
from snf_network_helper.stanza.spelling import right

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from snf_network_helper.stanza.network import Network

_MOST_ADDRESSES = 256  # of an IPv4 prefix: each is asked for, announced and answered for


def expand(
    tap: str, network: "Network", known: "Sequence[Prefix]", texts: "Sequence[str]"
) -> tuple[list[str], tuple[Prefix, ...]]:
    """The single addresses that are asked for, those of IPv4 prefixes among them, and the IPv6 prefixes.

    A prefix is in one of the `known` subnets, and has no address that a guest may not have.
    """
    addresses: list[str] = []
    prefixes = []
    for text in texts:
        if "/" not in text:
            addresses.append(text)
            continue
        prefix = _read(tap, known, text)
        if not prefix.host_bits:
            addresses.append(str(IPAddress(prefix.family, prefix.value)))
            continue
        nodes = (*network.all_gateways, network.asker, *network.reserved, *network.anycasts)
        taken = [one for one in nodes if one is not None and one in prefix]
        if prefix.family == IPV4:
            if 1 << prefix.host_bits > _MOST_ADDRESSES:
                raise RoutedError(f"{tap}: --ip {text}: expected a prefix of {_MOST_ADDRESSES} addresses at most")
            own = [IPAddress(IPV4, prefix.value + number) for number in range(1 << prefix.host_bits)]
            taken += [one for one in own if network.is_reserved(one)]
            addresses += map(str, own)
        else:
            prefixes.append(prefix)
        if taken:
            raise RoutedError(f"{tap}: --ip {text}: has {taken[0]}, expected addresses that a guest may have")
    return addresses, tuple(dict.fromkeys(prefixes))


def _read(tap: str, known: "Sequence[Prefix]", text: str) -> Prefix:
    expected = f"expected an address or a prefix in {' '.join(map(str, known))}"
    try:
        prefix = Prefix.parse(text)
    except ValueError:
        raise RoutedError(f"{tap}: --ip {one_line(text)}: {right(text, expected)}") from None
    if prefix != prefix.network:
        raise RoutedError(f"{tap}: --ip {text}: {right(text, expected)}")
    if not any(map(prefix.is_within, known)):
        raise RoutedError(f"{tap}: --ip {text}: {expected}")
    return prefix


def check_next_hop(tap: str, prefixes: "Sequence[Prefix]", addresses: "Collection[IPAddress]") -> None:
    """RoutedError for IPv6 prefixes without an address: nobody finds what is in them by neighbour discovery."""
    if prefixes and not any(address.family == IPV6 for address in addresses):
        expected = "expected an IPv6 address with it, by way of which routers reach the prefix"
        raise RoutedError(f"{tap}: --ip {prefixes[0]}: {expected}")
