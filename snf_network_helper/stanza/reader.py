"""One stanza's options by their names: their values one by one, and what is wrong with them."""

from snf_network_helper.errors import StanzaError, one_line
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPAddress, Prefix
from snf_network_helper.stanza.names import check_interface

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    TableNames = Callable[[str], int | None]


class Reader:
    """Reads one stanza's options; every error names the interface first."""

    def __init__(self, iface: str, options: "Mapping[str, str]", table_number: "TableNames") -> None:
        self.iface = check_interface(iface)
        self.table_number = table_number
        self.options = {name: value.split() for name, value in options.items()}
        self.warnings: list[str] = []
        self.further: dict[Prefix, IPAddress] = {}  # of subnets with a gateway of their own, beside the first

    def error(self, option: str, value: str, expected: str) -> StanzaError:
        shown = f"{option}{' ' + one_line(value) if value else ''}"
        return StanzaError(f"{self.iface}: {shown}: {expected}", option, value)

    def mistaken(self, option: str, text: str, expected: str) -> StanzaError:
        """A value that is no address or prefix."""
        from snf_network_helper.stanza.spelling import right  # only a mistake pays for this import

        return self.error(option, text, right(text, expected))

    def missing(self, option: str, what: str = "") -> StanzaError:
        """An option that has to be there; `what` says more of it."""
        return StanzaError(f"{self.iface}: {option} is missing{': ' * bool(what)}{what}", option)

    def single(self, option: str) -> str:
        """The option's only value, "" where it is not given."""
        values = self.options.get(option, [])
        if len(values) > 1:
            raise self.error(option, " ".join(values), "expected one value")
        return values[0] if values else ""

    def yes(self, option: str) -> bool:
        answer = self.single(option) or "no"
        if answer not in ("yes", "no"):
            raise self.error(option, answer, "expected yes or no")
        return answer == "yes"

    def address(self, option: str, text: str, expected: str) -> IPAddress:
        """The address that a value is."""
        try:
            return IPAddress.parse(text)
        except ValueError:
            raise self.mistaken(option, text, expected) from None

    def prefixes(self, option: str) -> tuple[Prefix, ...]:
        prefixes = []
        for text in self.options.get(option, []):
            try:
                prefix = Prefix.parse(text)
            except ValueError:
                expected = "expected ADDRESS/LENGTH, as 192.0.2.0/24 or 2001:db8::/64"
                raise self.mistaken(option, text, expected) from None
            if prefix != prefix.network:
                raise self.error(option, text, f"host bits are set, expected {prefix.network}")
            prefixes.append(prefix)
        return tuple(dict.fromkeys(prefixes))

    def check_inside(self, option: str, address: IPAddress, subnets: list[Prefix], hint: str = "") -> None:
        """Errors unless a host of one of the subnets may have the address."""
        if not any(address in subnet for subnet in subnets):
            outside = f"is outside routed-subnet {' '.join(map(str, subnets))}"
            raise StanzaError(f"{self.iface}: {option} {address} {outside}{hint}", option, str(address))
        if any(subnet.is_reserved(address) for subnet in subnets):
            raise self.error(option, str(address), "expected an address that a host may have")
