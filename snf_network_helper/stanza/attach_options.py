"""What `attach` is asked for, checked against the network: one guest, its addresses, how it learns them."""

from snf_network_helper.errors import RoutedError, one_line
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress, Prefix, eui64
from snf_network_helper.stanza.attachment import Attachment, own_addresses
from snf_network_helper.stanza.names import check_interface, decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snf_network_helper.stanza.network import Network

_LEAST_MTU = {IPV4: 68, IPV6: 1280}  # RFC 791, 3.2; RFC 8200, 5
_LARGEST_MTU = 65535
_EXPECTED = "expected an address that a virtual machine may have"


def checked(
    tap: str,
    network: "Network",
    texts: list[str],
    mac: str,
    hostname: str = "",
    serve: bool = False,
    dns: "Sequence[str]" = (),
    subnets: "Sequence[str]" = (),
    gateways: "Sequence[str]" = (),
    mtu: str = "",
) -> Attachment:
    """A request whose every address and prefix the network has; RoutedError, one line, otherwise.

    `subnets` and `gateways` are what the caller believes of the network: it must have them, and with subnets the
    machine has addresses in no other. With a MAC and no IPv6 address, the EUI-64 address (RFC 4291, appendix A) of
    every /64 of the machine's is added, or else of every one among them.
    """
    check_interface(tap)
    if tap == network.iface:
        raise RoutedError(f"{tap}: expected an interface other than the network's own")
    known = _known_subnets(tap, network, subnets)
    _check_gateways(tap, network, known, gateways)
    addresses = []
    prefixes: tuple[Prefix, ...] = ()
    follows = False
    if any("/" in text for text in texts):  # only who has a prefix pays for the import
        from snf_network_helper.stanza.prefixes import expand

        texts, prefixes = expand(tap, network, known, texts)
    for text in texts:
        try:
            address = IPAddress.parse(text)
            subnet = network.subnet_of(address)
            if subnet not in known:
                raise ValueError(text)
        except ValueError:
            where = " ".join(map(str, known))
            raise _mistaken(tap, "--ip", text, f"expected an address in {where}") from None
        if address in network.all_gateways or network.is_reserved(address):
            raise RoutedError(f"{tap}: --ip {text}: {_EXPECTED}")
        if address in network.anycasts:
            raise RoutedError(f"{tap}: --ip {text}: every router of {subnet} has it (anycast), {_EXPECTED}")
        if address in (network.asker, *network.reserved):
            raise RoutedError(f"{tap}: --ip {text}: nodes ask by it (routed-arp-ip), {_EXPECTED}")
        addresses.append(address)
    if mac:
        octets = _octets(tap, mac)
        mac = octets.hex(":")
        if not any(address.family == IPV6 for address in addresses):
            own = [prefix for prefix in prefixes if prefix.length == 64]
            addresses += own_addresses(octets, own or known)
            follows = not (subnets or own)
    if prefixes:
        from snf_network_helper.stanza.prefixes import check_next_hop

        check_next_hop(tap, prefixes, addresses)
    if not addresses:
        among = "--subnet" if subnets else "the network"
        raise RoutedError(f"{tap}: --ip: expected at least one address, or --mac and a /64 of {among}")
    attachment = Attachment(tap, network.iface, tuple(dict.fromkeys(addresses)), mac, hostname=hostname, serve=serve)
    attachment.prefixes = prefixes
    attachment.follows = follows
    attachment.dns = _name_servers(tap, dns)
    _check_serving(attachment, network)
    attachment.mtu = _mtu(tap, mtu, attachment.of_family(IPV6) != ()) if mtu else ""
    return attachment


def _check_serving(attachment: Attachment, network: "Network") -> None:
    """RoutedError where a server could not do what is asked for, or what is asked for is nothing to serve."""
    tap = attachment.tap
    if attachment.hostname and not _is_label(attachment.hostname):
        raise RoutedError(f"{tap}: --hostname {one_line(attachment.hostname)}: expected letters, digits and -")
    if attachment.dns and not attachment.serve:
        raise RoutedError(f"{tap}: --dns: expected --serve with it")
    if attachment.serve and not attachment.mac:
        raise RoutedError(f"{tap}: --serve: expected --mac with it")
    for address in attachment.of_family(IPV6) if attachment.serve else ():
        subnet = attachment.home_of(address, network)
        own = IPAddress(IPV6, subnet.value | eui64(bytes.fromhex(attachment.mac.replace(":", ""))))
        if subnet.length != 64 or address != own:
            raise RoutedError(
                f"{tap}: --serve: expected the EUI-64 address of {attachment.mac} in a /64, not {address}"
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


def _check_gateways(tap: str, network: "Network", subnets: "Sequence[Prefix]", texts: "Sequence[str]") -> None:
    """RoutedError for what is no gateway of the subnets that the caller names; it may name none of a family."""
    families = {subnet.family for subnet in subnets}
    meant = [subnet for subnet in network.subnets if subnet in subnets or subnet.family not in families]
    right = tuple(dict.fromkeys(gateway for one in meant if (gateway := network.gateway_of_subnet(one))))
    for text in texts:
        try:
            known = IPAddress.parse(text) in right
        except ValueError:
            known = False
        if not known:
            gateways = " ".join(map(str, right)) or "none"
            raise _mistaken(tap, "--gateway", text, f"{network.iface} has {gateways}")


def _name_servers(tap: str, texts: "Sequence[str]") -> tuple[IPAddress, ...]:
    try:
        servers = tuple(dict.fromkeys(IPAddress.parse(text) for text in texts))
    except ValueError as error:
        raise _mistaken(tap, "--dns", str(error), "expected an IPv4 or IPv6 address") from None
    for server in servers:
        if not server.is_unicast:
            raise RoutedError(f"{tap}: --dns {server}: expected an address that a host may have")
    return servers


def _mtu(tap: str, text: str, has_ipv6: bool) -> str:
    """More than the network's link takes is right, too: the node says which packets are too large for that."""
    least = _LEAST_MTU[IPV6 if has_ipv6 else IPV4]
    number = decimal(text, _LARGEST_MTU)
    if number is None or number < least:
        raise _mistaken(tap, "--mtu", text, f"expected {least}-{_LARGEST_MTU}{' with IPv6' * has_ipv6}")
    return str(number)


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
