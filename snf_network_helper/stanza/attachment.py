"""What is asked for one guest: its TAP, its network, its addresses."""

from snf_network_helper.errors import JournalError, RoutedError, one_line
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV6, IPAddress, Prefix, eui64
from snf_network_helper.stanza.names import check_interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snf_network_helper.stanza.network import Network

_EXPECTED = "expected an address that a virtual machine may have"


class Attachment:
    """One TAP, the routed interface whose network it belongs to, and the addresses behind it.

    `link` is the kernel's number of the TAP: another one of the same name is another machine's. With `serve` the guest
    is told its addresses by servers of its own, with `dns` its name servers too. One that `leaves` is about to move
    out.
    """

    __slots__ = ("addresses", "dns", "hostname", "leaves", "link", "mac", "network", "serve", "tap")

    def __init__(
        self,
        tap: str,
        network: str,
        addresses: tuple[IPAddress, ...],
        mac: str = "",
        link: str = "",
        hostname: str = "",
        serve: bool = False,
        dns: tuple[IPAddress, ...] = (),
        leaves: bool = False,
    ) -> None:
        self.tap = tap
        self.network = network
        self.addresses = addresses
        self.mac = mac
        self.link = link
        self.hostname = hostname
        self.serve = serve
        self.dns = dns
        self.leaves = leaves

    def of_family(self, family: str) -> tuple[IPAddress, ...]:
        """The addresses of one family."""
        return tuple(address for address in self.addresses if address.family == family)

    def request(self) -> str:
        """The request as the journal keeps it."""
        words = [f"network={self.network}", f"ip={','.join(map(str, self.addresses))}"]
        words += [f"{name}={value}" for name in ("mac", "link", "hostname") if (value := getattr(self, name))]
        words += [f"dns={','.join(map(str, self.dns))}"] * bool(self.dns) + ["serve=yes"] * self.serve
        words += ["leaves=yes"] * self.leaves
        return " ".join(words)

    @classmethod
    def parse(cls, tap: str, request: str) -> "Attachment":
        """Reads what `request()` wrote; JournalError for anything else."""
        try:
            fields = dict(word.split("=", 1) for word in request.split(" "))
            network = fields["network"]
            addresses, dns = (
                tuple(IPAddress.parse(text) for text in fields.get(name, "").split(",") if text)
                for name in ("ip", "dns")
            )
        except (KeyError, ValueError):
            raise JournalError(f"its journal asks for what is not understood: {one_line(request)}") from None
        mac, link, hostname = (fields.get(name, "") for name in ("mac", "link", "hostname"))
        return cls(tap, network, addresses, mac, link, hostname, "serve" in fields, dns, "leaves" in fields)

    @classmethod
    def checked(
        cls,
        tap: str,
        network: "Network",
        texts: list[str],
        mac: str,
        hostname: str = "",
        serve: bool = False,
        dns: "Sequence[str]" = (),
        subnets: "Sequence[str]" = (),
        gateways: "Sequence[str]" = (),
    ) -> "Attachment":
        """A request whose every address the network has; RoutedError, one line, otherwise.

        `subnets` and `gateways` are what the caller believes of the network: it must have them, and with subnets the
        machine has addresses in no other. With a MAC and no IPv6 address, the EUI-64 address (RFC 4291, appendix A) of
        every /64 among them is added.
        """
        check_interface(tap)
        if tap == network.iface:
            raise RoutedError(f"{tap}: expected an interface other than the network's own")
        known = _known_subnets(tap, network, subnets)
        _check_gateways(tap, network, gateways)
        addresses = []
        for text in texts:
            try:
                address = IPAddress.parse(text)
                subnet = network.subnet_of(address)
                if subnet not in known:
                    raise ValueError(text)
            except ValueError:
                where = " ".join(map(str, known))
                raise _mistaken(tap, "--ip", text, f"expected an address in {where}") from None
            if address in network.gateways.values() or subnet.is_reserved(address):
                raise RoutedError(f"{tap}: --ip {text}: {_EXPECTED}")
            if address in (network.asker, *network.reserved):
                raise RoutedError(f"{tap}: --ip {text}: nodes ask by it (routed-arp-ip), {_EXPECTED}")
            addresses.append(address)
        if mac:
            octets = _octets(tap, mac)
            mac = octets.hex(":")
            if not any(address.family == IPV6 for address in addresses):
                addresses += [
                    IPAddress(IPV6, subnet.value | eui64(octets))
                    for subnet in known
                    if subnet.family == IPV6 and subnet.length == 64
                ]
        if not addresses:
            among = "--subnet" if subnets else "the network"
            raise RoutedError(f"{tap}: --ip: expected at least one address, or --mac and a /64 of {among}")
        checked = cls(tap, network.iface, tuple(dict.fromkeys(addresses)), mac, hostname=hostname, serve=serve)
        checked.dns = _name_servers(tap, dns)
        checked._check_serving(network)
        return checked

    def _check_serving(self, network: "Network") -> None:
        """RoutedError where a server could not do what is asked for, or what is asked for is nothing to serve."""
        if self.hostname and not _is_label(self.hostname):
            raise RoutedError(f"{self.tap}: --hostname {one_line(self.hostname)}: expected letters, digits and -")
        if self.dns and not self.serve:
            raise RoutedError(f"{self.tap}: --dns: expected --serve with it")
        if self.serve and not self.mac:
            raise RoutedError(f"{self.tap}: --serve: expected --mac with it")
        for address in self.of_family(IPV6) if self.serve else ():
            subnet = network.subnet_of(address)
            own = IPAddress(IPV6, subnet.value | eui64(bytes.fromhex(self.mac.replace(":", ""))))
            if subnet.length != 64 or address != own:
                raise RoutedError(
                    f"{self.tap}: --serve: expected the EUI-64 address of {self.mac} in a /64, not {address}"
                )


def _is_label(text: str) -> bool:
    """Whether a host may be called so (RFC 1123, 2.1)."""
    return len(text) <= 63 and text.isascii() and text.replace("-", "").isalnum() and "-" not in (text[0], text[-1])


def _known_subnets(tap: str, network: "Network", texts: "Sequence[str]") -> tuple[Prefix, ...]:
    """The subnets in which the machine may have addresses: those the caller names, or else all of the network."""
    known = []
    for text in texts:
        try:
            known.append(network.subnets[network.subnets.index(Prefix.parse(text))])
        except ValueError:
            subnets = " ".join(map(str, network.subnets))
            if "," in text:
                raise _mistaken(tap, "--subnet", text, "") from None
            raise RoutedError(f"{tap}: --subnet {one_line(text)}: {network.iface} has {subnets}") from None
    return tuple(known) or network.subnets


def _check_gateways(tap: str, network: "Network", texts: "Sequence[str]") -> None:
    for text in texts:
        try:
            known = IPAddress.parse(text) in network.gateways.values()
        except ValueError:
            known = False
        if not known:
            gateways = " ".join(map(str, network.gateways.values()))
            raise _mistaken(tap, "--gateway", text, f"{network.iface} has {gateways or 'none'}")


def _name_servers(tap: str, texts: "Sequence[str]") -> tuple[IPAddress, ...]:
    try:
        return tuple(dict.fromkeys(IPAddress.parse(text) for text in texts))
    except ValueError as error:
        raise _mistaken(tap, "--dns", str(error), "expected an IPv4 or IPv6 address") from None


def _mistaken(tap: str, option: str, text: str, expected: str) -> RoutedError:
    from snf_network_helper.stanza.spelling import right  # only a mistake pays for this import

    return RoutedError(f"{tap}: {option} {one_line(text)}: {right(text, expected)}")


def _octets(tap: str, mac: str) -> bytes:
    """The six octets of a unicast MAC address."""
    words = mac.split(":")
    try:
        if len(words) != 6 or any(len(word) != 2 for word in words):
            raise ValueError(mac)
        octets = bytes.fromhex("".join(words))
        if octets[0] & 1 or not any(octets):
            raise ValueError(mac)
    except ValueError:
        raise RoutedError(f"{tap}: --mac {one_line(mac)}: expected a MAC address, as 52:54:00:12:34:56") from None
    return octets
