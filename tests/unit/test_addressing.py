"""How a machine learns its addresses: which changes the plan has, and what stands in the files."""

import pytest

from snf_network_helper.changes.advertiser import Advertiser
from snf_network_helper.changes.binding import Binding
from snf_network_helper.changes.dhcp_server import DhcpServer
from snf_network_helper.changes.server_address import ServerAddress
from snf_network_helper.errors import RoutedError
from snf_network_helper.plan.addressing import addressing
from snf_network_helper.stanza.addresses import IPAddress, Prefix
from snf_network_helper.stanza.attach_options import checked
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.stanza.network import Network

MAC = "52:54:00:12:34:56"
EUI64 = "2001:db8::5054:ff:fe12:3456"

DUAL_STACK = Network(
    "eth0.222",
    {"4": "222", "6": "222"},
    {"4": "32000", "6": "32000"},
    (Prefix.parse("192.0.2.0/24"), Prefix.parse("2001:db8::/64"), Prefix.parse("2001:db8:0:1::/80")),
    {"4": IPAddress.parse("192.0.2.1"), "6": IPAddress.parse("2001:db8::1")},
    IPAddress.parse("192.0.2.254"),
)


def asked(
    *addresses: str, mac: str = MAC, hostname: str = "", serve: bool = False, dns: tuple[str, ...] = ()
) -> Attachment:
    """What is asked for, checked against the network."""
    return checked("tap0", DUAL_STACK, list(addresses), mac, hostname, serve, dns)


def test_nfdhcpd_knows_both_addresses() -> None:
    assert addressing(asked("192.0.2.10", hostname="web1"), DUAL_STACK) == (
        Binding(
            "tap0", MAC, "web1", "192.0.2.10", "192.0.2.1", "192.0.2.0/24", "2001:db8::1", "2001:db8::/64", EUI64
        ),
    )


SEVERAL = Network(
    "eth0.222",
    {"4": "222", "6": "222"},
    {"4": "32000", "6": "32000"},
    tuple(
        Prefix.parse(text)
        for text in ("192.0.2.0/24", "203.0.113.0/25", "203.0.113.200/31", "203.0.113.210/32", "2001:db8:1::/64")
    ),
    DUAL_STACK.gateways,
    DUAL_STACK.asker,
)


@pytest.mark.parametrize(
    ("addresses", "router"),
    [
        ("192.0.2.7", "192.0.2.1"),
        ("203.0.113.7", "203.0.113.1"),
        ("203.0.113.1", "203.0.113.2"),
        ("203.0.113.2 203.0.113.1", "203.0.113.3"),
        ("203.0.113.200", "203.0.113.201"),
        ("203.0.113.200 203.0.113.201", "192.0.2.1"),
        ("203.0.113.210", "192.0.2.1"),
        ("198.51.100.1", "192.0.2.1"),
        ("2001:db8:1::7", "None"),
    ],
)
def test_the_router_is_in_the_guests_subnet_where_one_can_be(addresses: str, router: str) -> None:
    first, *others = map(IPAddress.parse, addresses.split())
    assert str(SEVERAL.gateway_of(first, others)) == router


@pytest.mark.parametrize(
    ("addresses", "netmask"),
    [("203.0.113.7", "255.255.255.128"), ("203.0.113.200 203.0.113.201", "255.255.255.255")],
)
def test_a_router_outside_goes_with_a_single_address(addresses: str, netmask: str) -> None:
    attachment = checked("tap0", SEVERAL, addresses.split(), MAC, serve=True)
    (server,) = (change for change in addressing(attachment, SEVERAL) if isinstance(change, DhcpServer))
    assert server.netmask == netmask


def test_nfdhcpd_knows_nobody_without_a_mac_address() -> None:
    assert addressing(asked("192.0.2.10", mac=""), DUAL_STACK) == ()


def test_servers_of_both_families() -> None:
    assert addressing(asked("192.0.2.10", hostname="web1", serve=True, dns=("192.0.2.53",)), DUAL_STACK) == (
        ServerAddress("4", "169.254.1.1/32", "tap0"),
        ServerAddress("6", "fd73:6e66:6e68::1/64", "tap0"),
        DhcpServer("tap0", MAC, "192.0.2.10", "255.255.255.0", "192.0.2.1", "yes", "192.0.2.53", "web1"),
        Advertiser("tap0", "2001:db8::/64", "192.0.2.53"),
    )


def test_servers_of_ipv6_alone() -> None:
    assert addressing(asked(serve=True), DUAL_STACK) == (
        ServerAddress("6", "fd73:6e66:6e68::1/64", "tap0"),
        DhcpServer("tap0", MAC, stateless="yes"),
        Advertiser("tap0", "2001:db8::/64"),
    )


def test_servers_of_ipv4_alone() -> None:
    network = Network("eth0.222", {"4": "222"}, {"4": "32000"}, DUAL_STACK.subnets[:1], {}, None)
    attachment = checked("tap0", network, ["192.0.2.10"], MAC, serve=True)
    assert addressing(attachment, network) == (
        ServerAddress("4", "169.254.1.1/32", "tap0"),
        DhcpServer("tap0", MAC, "192.0.2.10", "255.255.255.0"),
    )


def test_a_lease_without_gateway_and_name_servers_names_none() -> None:
    """dnsmasq would name itself where an option is not said to be empty."""
    lines = DhcpServer("tap0", MAC, "192.0.2.10", "255.255.255.0").text().splitlines()
    assert "dhcp-option=option:router" in lines
    assert "dhcp-option=option:dns-server" in lines
    assert not [line for line in lines if "option6" in line]


def test_name_servers_go_by_the_protocol_that_can_carry_them() -> None:
    dns = "192.0.2.53,2001:db8::53,2001:db8::54"
    lines = DhcpServer("tap0", MAC, "192.0.2.10", "255.255.255.0", stateless="yes", dns=dns).text().splitlines()
    assert "dhcp-option=option:dns-server,192.0.2.53" in lines
    assert "dhcp-option=option6:dns-server,[2001:db8::53],[2001:db8::54]" in lines
    assert "    RDNSS 2001:db8::53 2001:db8::54 { };\n" in Advertiser("tap0", "2001:db8::/64", dns).text()


def test_an_advertisement() -> None:
    assert Advertiser("tap0", "2001:db8::/64").text() == (
        "interface tap0 {\n"
        "    AdvSendAdvert on;\n"
        "    AdvManagedFlag off;\n"
        "    AdvOtherConfigFlag on;\n"
        "    prefix 2001:db8::/64 { AdvOnLink off; };\n"
        "};\n"
    )


def test_what_was_asked_for_is_read_again() -> None:
    attachment = asked("192.0.2.10", hostname="web1", serve=True, dns=("192.0.2.53", "2001:db8::53"))
    again = Attachment.parse("tap0", attachment.request())
    assert again.request() == attachment.request()
    assert addressing(again, DUAL_STACK) == addressing(attachment, DUAL_STACK)


@pytest.mark.parametrize("address", ["2001:db8::10", "2001:db8:0:1::10"])
def test_an_advertisement_gives_no_other_address(address: str) -> None:
    with pytest.raises(RoutedError, match=f"--serve: expected the EUI-64 address of {MAC} in a /64, not {address}"):
        asked(address, serve=True)


@pytest.mark.parametrize("hostname", ["web_1", "-web", "web.example.org", "a" * 64, "web\n1", "web 1"])
def test_a_hostname_is_one_label(hostname: str) -> None:
    with pytest.raises(RoutedError, match=r"--hostname .*: expected letters, digits and -"):
        asked("192.0.2.10", hostname=hostname)


@pytest.mark.parametrize(
    ("prefix", "address", "advertised"),
    [
        ("2001:db8:1:7::/64", "2001:db8:1:7:5054:ff:fe12:3456", "2001:db8:1:7::/64"),
        ("2001:db8:1:7::/80", EUI64, "2001:db8::/64"),
    ],
)
def test_a_guest_with_a_prefix_makes_its_address_there_where_it_can(
    prefix: str, address: str, advertised: str
) -> None:
    subnets = (*DUAL_STACK.subnets[:2], Prefix.parse("2001:db8:1::/48"))
    network = Network("eth0.222", DUAL_STACK.tables, DUAL_STACK.priorities, subnets, DUAL_STACK.gateways, None)
    attachment = checked("tap0", network, [prefix], MAC, serve=True)
    assert list(map(str, attachment.addresses)) == [address]
    assert Attachment.parse("tap0", attachment.request()).prefixes == (Prefix.parse(prefix),)
    assert addressing(attachment, network)[-1] == Advertiser("tap0", advertised)
