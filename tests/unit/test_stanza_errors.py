"""Every mistake in a stanza is one line that names interface, option, value and what was expected."""

from pathlib import Path

import pytest
from samples import IFACE, VMC, stanza

from snf_network_helper.errors import StanzaError
from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.stanza.options import OPTIONS, read_options

CIDR = "expected ADDRESS/LENGTH, as 192.0.2.0/24 or 2001:db8::/64"
MAPPED = "an IPv4 address in the notation of IPv6, expected it as"
UNICAST = "expected a subnet of unicast addresses"
TABLE = "expected 1-4294967295 or a name in /etc/iproute2/rt_tables"
RESERVED = "expected a table other than 0 and 253-255"
NAME = "expected an interface name of 1 to 15 bytes"
LINK = "expected the name of a link, of letters, digits and . _ - + @"
ROUTERS = "expected with routed-role router or router-vmc only"
Options = dict[str, str]


def refused(expected: str, iface: str = IFACE, **options: str) -> None:
    with pytest.raises(StanzaError) as caught:
        stanza(iface, **options)
    assert str(caught.value) == f"{iface}: {expected}"


@pytest.mark.parametrize("role", ["VMC", "gateway", "router_vmc"])
def test_an_unknown_role_is_refused(role: str) -> None:
    refused(f"routed-role {role}: expected vmc, router or router-vmc", role=role)


def test_a_stanza_without_subnet_is_refused() -> None:
    refused("routed-subnet is missing: for example routed-subnet 192.0.2.0/24", subnet="")


@pytest.mark.parametrize(
    "subnet", ["192.0.2.0", "192.0.2.0/33", "192.0.2.0/255.255.255.0", "2001:db8::/129", "tenants"]
)
def test_a_subnet_that_is_none_is_refused(subnet: str) -> None:
    refused(f"routed-subnet {subnet}: {CIDR}", subnet=f"192.0.2.0/24 {subnet}")


@pytest.mark.parametrize(("subnet", "network"), [("192.0.2.1/24", "192.0.2.0/24"), ("2001:db8::1/64", "2001:db8::/64")])
def test_a_subnet_with_host_bits_is_refused_and_the_right_one_named(subnet: str, network: str) -> None:
    refused(f"routed-subnet {subnet}: host bits are set, expected {network}", subnet=subnet)


@pytest.mark.parametrize(
    "subnet", ["0.0.0.0/0", "::/0", "127.0.0.0/8", "224.0.0.0/24", "240.0.0.0/24", "fe80::/64", "ff02::/64", "::/64"]
)
def test_a_subnet_that_no_host_can_be_in_is_refused(subnet: str) -> None:
    refused(f"routed-subnet {subnet}: {UNICAST}", subnet=subnet)


def test_ipv4_in_the_notation_of_ipv6_is_refused_and_the_right_one_named() -> None:
    refused(f"routed-subnet ::ffff:192.0.2.0/120: {MAPPED} 192.0.2.0", subnet="::ffff:192.0.2.0/120")
    refused(f"routed-gateway ::ffff:192.0.2.1: {MAPPED} 192.0.2.1", gateway="::ffff:192.0.2.1")


@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_a_stanza_without_gateway_is_refused(role: str) -> None:
    refused("routed-gateway is missing: an IPv4 address in 192.0.2.0/24", role=role, gateway="")


@pytest.mark.parametrize(
    ("gateway", "missing"),
    [("192.0.2.1", "IPv6 address in 2001:db8::/64"), ("2001:db8::1", "IPv4 address in 192.0.2.0/24")],
)
def test_a_dual_stack_stanza_needs_a_gateway_of_each_family(gateway: str, missing: str) -> None:
    refused(f"routed-gateway is missing: an {missing}", subnet="192.0.2.0/24 2001:db8::/64", gateway=gateway)


@pytest.mark.parametrize("gateway", ["router", "192.0.2.256", "fe80::1%eth0"])
def test_a_gateway_that_is_no_address_is_refused(gateway: str) -> None:
    refused(f"routed-gateway {gateway}: expected an IPv4 or IPv6 address", gateway=gateway)


def test_a_length_where_none_belongs_is_named() -> None:
    refused("routed-gateway 192.0.2.1/24: expected it without a length, 192.0.2.1", gateway="192.0.2.1/24")
    refused("routed-arp-ip 192.0.2.9/24: expected it without a length, 192.0.2.9", arp_ip="192.0.2.9/24")


@pytest.mark.parametrize("option", ["subnet", "gateway"])
def test_commas_in_a_list_are_named(option: str) -> None:
    values = "192.0.2.0/24,203.0.113.0/24"
    refused(f"routed-{option} {values}: expected values separated by blanks, not commas", **{option: values})


def test_a_gateway_outside_its_subnets_is_refused() -> None:
    allows = "; routed-onlink yes allows it"
    refused(f"routed-gateway 192.0.3.1 is outside routed-subnet 192.0.2.0/24{allows}", gateway="192.0.3.1")
    refused("routed-gateway 192.0.3.1 is outside routed-subnet 192.0.2.0/24", gateway="192.0.3.1", role="router")
    refused(
        f"routed-gateway 192.0.3.1 is outside routed-subnet 192.0.2.0/24 198.51.100.0/24{allows}",
        subnet="192.0.2.0/24 2001:db8::/64 198.51.100.0/24",
        gateway="192.0.3.1 2001:db8::1",
    )


def test_a_gateway_on_the_link_is_for_a_node_with_guests_and_an_address() -> None:
    roles = "routed-onlink yes: expected with routed-role vmc or router-vmc only"
    refused(roles, gateway="192.0.3.1", role="router", onlink="yes")
    refused(
        "routed-arp-ip 224.0.0.2: expected an address that a host may have",
        gateway="192.0.3.1",
        onlink="yes",
        arp_ip="224.0.0.2",
    )
    refused("routed-gateway 224.0.0.1: expected an address that a host may have", gateway="224.0.0.1", onlink="yes")
    refused("routed-onlink on: expected yes or no", onlink="on")


def test_a_gateway_of_the_wrong_family_is_refused() -> None:
    refused("routed-gateway 2001:db8::1: routed-subnet has no IPv6 subnet", gateway="192.0.2.1 2001:db8::1")
    refused("routed-gateway 192.0.2.1: routed-subnet has no IPv4 subnet", subnet="2001:db8::/64")


def test_a_second_gateway_of_a_subnet_is_refused() -> None:
    expected = "expected one gateway in 192.0.2.0/24, which has 192.0.2.1"
    refused(f"routed-gateway 192.0.2.2: {expected}", gateway="192.0.2.1 192.0.2.2")
    refused(
        "routed-gateway 198.51.100.2: expected one gateway in 198.51.100.0/24, which has 198.51.100.1",
        subnet="192.0.2.0/24 198.51.100.0/24",
        gateway="192.0.2.1 198.51.100.1 198.51.100.2",
    )


@pytest.mark.parametrize("gateway", ["192.0.2.0", "192.0.2.255"])
def test_a_gateway_at_the_edge_of_its_subnet_is_refused(gateway: str) -> None:
    refused(f"routed-gateway {gateway}: expected an address that a host may have", gateway=gateway)


@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_the_address_of_a_router_is_not_link_local(role: str) -> None:
    expected = "routed-gateway fe80::1 is outside routed-subnet 2001:db8::/64"
    refused(expected, role=role, subnet="2001:db8::/64", gateway="fe80::1")


@pytest.mark.parametrize("iface", ["eth0", "eth0.0", "eth0.4095", "vlan0", "vlan", "eth0.v7", "br0", "vlan7.8"])
def test_a_table_is_required_where_the_name_tells_none(iface: str) -> None:
    refused("routed-table is missing: the name tells no VLAN id; for example routed-table 222", iface)


@pytest.mark.parametrize(
    ("iface", "table"), [("eth0.253", "253"), ("vlan254", "254"), ("eth0.254", "254"), ("eth0.255", "255")]
)
def test_a_vlan_id_that_is_a_table_of_the_kernels_is_refused(iface: str, table: str) -> None:
    refused(f"routed-table {table}: {RESERVED}", iface)


@pytest.mark.parametrize("table", ["0", "253", "254", "255", "00", "0254", "main", "local", "default"])
def test_a_table_of_the_kernels_is_refused(table: str, tmp_path: Path) -> None:
    (tmp_path / "rt_tables").write_text("255\tlocal\n254\tmain\n253\tdefault\n0\tunspec\n")
    refused(f"routed-table {table}: {RESERVED}", table=table)


@pytest.mark.parametrize("table", ["tenants", "-1", "4294967296", "0x100", "²²"])
def test_an_unknown_table_is_refused(table: str) -> None:
    refused(f"routed-table {table}: {TABLE}", table=table)


@pytest.mark.parametrize(
    ("arp_ip", "expected"),
    [
        ("none", "routed-arp-ip none: expected an IPv4 address"),
        ("2001:db8::7", "routed-arp-ip 2001:db8::7: expected an IPv4 address, and an IPv4 routed-subnet"),
        ("192.0.3.254", "routed-arp-ip 192.0.3.254 is outside routed-subnet 192.0.2.0/24"),
        ("192.0.2.255", "routed-arp-ip 192.0.2.255: expected an address that a host may have"),
        ("192.0.2.1", "routed-arp-ip 192.0.2.1: expected an address other than routed-gateway"),
    ],
)
def test_an_arp_ip_that_no_host_beside_the_gateway_has_is_refused(arp_ip: str, expected: str) -> None:
    refused(expected, arp_ip=arp_ip)


def test_an_arp_ip_without_ipv4_subnet_is_refused() -> None:
    expected = "routed-arp-ip 192.0.2.7: expected an IPv4 address, and an IPv4 routed-subnet"
    refused(expected, subnet="2001:db8::/64", gateway="2001:db8::1", arp_ip="192.0.2.7")


def test_a_subnet_of_the_gateway_alone_leaves_no_arp_ip() -> None:
    expected = "routed-arp-ip is missing: 192.0.2.1/32 has no address beside the gateway"
    refused(expected, subnet="192.0.2.1/32")


@pytest.mark.parametrize(
    ("uplink", "expected"),
    [("a-very-long-name", NAME), ("eth0/1", LINK), ("..", LINK), ("-o", LINK), ("all", LINK),
     ("lo", "the loopback interface, expected a link to other hosts or to a guest"),
     (IFACE, "expected an interface other than the routed one"), ("ppp+", "expected the name of one interface")],
)  # fmt: skip
def test_an_uplink_that_is_no_other_link_is_refused(uplink: str, expected: str) -> None:
    refused(f"routed-uplink {uplink}: {expected}", role="router", uplink=uplink)


@pytest.mark.parametrize("option", ["nat", "nat6"])
def test_masquerading_is_yes_or_no(option: str) -> None:
    refused(f"routed-{option} on: expected yes or no", role="router", uplink="eth0", **{option: "on"})


def test_masquerading_on_a_vmc_is_refused() -> None:
    refused(f"routed-nat yes: {ROUTERS}", uplink="eth0", nat="yes")
    refused(f"routed-nat6 yes: {ROUTERS}", uplink="eth0", nat6="yes")


def test_masquerading_needs_an_uplink() -> None:
    refused("routed-nat yes: expected routed-uplink beside it", role="router", nat="yes")


def test_masquerading_needs_a_subnet_of_its_family() -> None:
    refused("routed-nat6 yes: routed-subnet has no IPv6 subnet", role="router", uplink="eth0", nat6="yes")
    six: Options = {"role": "router", "subnet": "2001:db8::/64", "gateway": "2001:db8::1", "uplink": "eth0"}
    refused("routed-nat yes: routed-subnet has no IPv4 subnet", **six, nat="yes")


def test_an_exception_without_masquerading_is_refused() -> None:
    router = {"role": "router", "uplink": "eth0"}
    refused("routed-nat-except 10.0.0.0/8: expected routed-nat yes beside it", **router, nat_except="10.0.0.0/8")
    refused(
        "routed-nat-except 2001:db8::/32: expected routed-nat6 yes beside it",
        **router,
        nat="yes",
        nat_except="10.0.0.0/8 2001:db8::/32",
    )


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("10.0.0.0", CIDR), ("internet", CIDR), ("10.0.0.1/8", "host bits are set, expected 10.0.0.0/8")],
)
def test_an_exception_that_is_no_subnet_is_refused(prefix: str, expected: str) -> None:
    refused(f"routed-nat-except {prefix}: {expected}", role="router", uplink="eth0", nat="yes", nat_except=prefix)


@pytest.mark.parametrize("priority", ["0", "32766", "32767", "-1", "high", "1.5", "0x10", "99999999999"])
def test_a_priority_that_is_not_before_main_is_refused(priority: str) -> None:
    refused(f"routed-priority {priority}: expected 1-32764", priority=priority)


def test_a_priority_that_guests_need_is_taken_with_a_warning() -> None:
    warned = ("eth0.222: routed-priority 32765: 32764 is used, guests need the next",)
    assert stanza(priority="32765").warnings == warned
    assert stanza(priority="32764").warnings == ()


@pytest.mark.parametrize("option", ["role", "table", "arp_ip", "uplink", "nat", "nat6", "priority", "onlink"])
def test_a_second_value_is_refused_where_one_is_meant(option: str) -> None:
    refused(f"routed-{option.replace('_', '-')} 1 2: expected one value", **{"role": "router", option: "1\n2"})


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_an_empty_value_is_refused(option: str, empty: str) -> None:
    with pytest.raises(StanzaError) as caught:
        read_options(IFACE, {**VMC, option: empty}, table_number)
    assert str(caught.value) == f"eth0.222: {option}: expected a value, it is empty"


@pytest.mark.parametrize(
    ("given", "gateways", "expected"),
    [
        ("203.0.113.1", "192.0.2.1 203.0.113.1", "expected a gateway in no subnet to be the first"),
        ("2001:db8:9::1", "2001:db8::1 2001:db8:9::1", "expected a gateway in no subnet to be the first"),
        ("192.0.2.129", "192.0.2.1 192.0.2.129", "192.0.2.128/25 is part of 192.0.2.0/24, expected one in that"),
    ],
)
def test_a_further_gateway_is_one_of_a_subnet(given: str, gateways: str, expected: str) -> None:
    subnets = "192.0.2.0/24 192.0.2.128/25 2001:db8::/64"
    wanted = gateways if "." in gateways else f"192.0.2.1 {gateways}"
    wanted = wanted if ":" in wanted else f"{wanted} 2001:db8::1"
    refused(f"routed-gateway {given}: {expected}", subnet=subnets, gateway=wanted, onlink="yes", table="222 1222")


TWO = {"subnet": "192.0.2.0/24 198.51.100.0/24", "gateway": "192.0.2.1 198.51.100.1"}
TWO_TABLES = "2 tables, the last for the further gateways; for example routed-table 222 1222"


def test_a_further_gateway_needs_a_table_of_its_own() -> None:
    refused(f"routed-table is missing: {TWO_TABLES}", **TWO)
    refused(f"routed-table 222: expected {TWO_TABLES}", **TWO, table="222")
    refused(f"routed-table 222 333 444: expected {TWO_TABLES}", **TWO, table="222 333 444")
    refused("routed-table 222 222: expected different tables", **TWO, table="222 222")
    assert stanza(**TWO, role="router-vmc").table == "222"


def test_the_guard_of_the_arp_source_knows_all_gateways() -> None:
    expected = "routed-arp-ip 198.51.100.1: expected an address other than routed-gateway"
    refused(expected, **TWO, table="222 333", arp_ip="198.51.100.1")
