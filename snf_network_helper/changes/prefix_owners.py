"""Which guests have prefixes, and addresses in a prefix."""

from snf_network_helper.errors import RoutedError
from snf_network_helper.kernel.link import first_present
from snf_network_helper.lean import TYPE_CHECKING, posix
from snf_network_helper.runtime import files, shared
from snf_network_helper.stanza.addresses import IPAddress, Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = "prefixes"


def check_address(dev: str, address: str, tap: str) -> None:
    """RoutedError where another TAP that is there has a prefix with the address."""
    for prefix, what in _prefixes(dev):
        if IPAddress.parse(address) in prefix and (other := first_present(shared.users(what), tap)):
            raise RoutedError(f"{address} is in {prefix}, which is attached to {other}")


def check_prefix(dev: str, prefix: Prefix, tap: str) -> None:
    """RoutedError where another TAP that is there has part of the prefix."""
    for one, what in _prefixes(dev):
        if (prefix.is_within(one) or one.is_within(prefix)) and (other := first_present(shared.users(what), tap)):
            raise RoutedError(f"{prefix} overlaps {one}, which is attached to {other}")
    for name in _names("hosted"):
        kind, _, rest = name.partition(",")
        link, _, address = rest.partition(",")
        is_inside = (kind, link) == ("address", dev) and IPAddress.parse(address) in prefix
        if is_inside and (other := first_present(shared.users(f"hosted/{name}"), tap)):
            raise RoutedError(f"{prefix} has {address}, which is attached to {other}")


def _prefixes(dev: str) -> "Iterator[tuple[Prefix, str]]":
    for name in _names(ROOM):
        link, address, length = name.split(",")
        if link == dev:
            yield Prefix.parse(f"{address}/{length}"), f"{ROOM}/{name}"


def _names(room: str) -> list[str]:
    try:
        return sorted(posix.listdir(f"{files.DIRECTORY}/{room}"))
    except FileNotFoundError:
        return []
