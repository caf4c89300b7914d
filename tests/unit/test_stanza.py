"""What a stanza's options mean, and the defaults of those that are not given."""

import pytest
from samples import DUAL_STACK, IFACE, VMC, stanza

from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import plan
from snf_network_helper.stanza.addresses import IPV4, IPV6
from snf_network_helper.stanza.options import DEFAULT_PRIORITY, read_environ, read_options
from snf_network_helper.stanza.stanza import Stanza


def test_the_shortest_stanza_is_a_vmc() -> None:
    vmc = stanza()

    assert (vmc.iface, vmc.role, vmc.table, vmc.arp_ip) == ("eth0.222", "vmc", "222", "192.0.2.254")
    assert (vmc.uplink, vmc.nat, vmc.nat_except, vmc.warnings) == ("", frozenset(), (), ())
    assert [str(subnet) for subnet in vmc.subnets] == ["192.0.2.0/24"]
    assert {family: str(gateway) for family, gateway in vmc.gateways.items()} == {IPV4: "192.0.2.1"}


def test_the_default_priority_is_below_main_and_leaves_room_for_rules_without_one() -> None:
    assert stanza().priority == str(DEFAULT_PRIORITY)


@pytest.mark.parametrize(("given", "priority"), [("1", "1"), ("32764", "32764"), ("32765", "32764")])
def test_behind_every_priority_there_is_room_for_the_rules_of_guests_before_main(given: str, priority: str) -> None:
    assert stanza(priority=given).priority == priority
    assert DEFAULT_PRIORITY < 32766


@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
def test_there_are_three_roles(role: str) -> None:
    assert stanza(role=role).role == role


@pytest.mark.parametrize(
    ("iface", "table"),
    [("eth0.222", "222"), ("vlan222", "222"), ("vlan0222", "222"), ("eth0.0222", "222"), ("eth0.1", "1"),
     ("bond0.100.7", "7"), ("br-lan.4094", "4094")],
)  # fmt: skip
def test_the_table_is_the_vlan_id_of_the_name(iface: str, table: str) -> None:
    assert stanza(iface).table == table


@pytest.mark.parametrize("table", ["1", "252", "256", "1000", "4294967295"])
def test_a_given_table_goes_before_the_vlan_id(table: str) -> None:
    assert stanza(table=table).table == table


def test_a_router_needs_no_table() -> None:
    assert stanza("eth1", role="router").table == ""


@pytest.mark.parametrize(
    ("subnet", "gateway", "arp_ip"),
    [
        ("192.0.2.0/24", "192.0.2.1", "192.0.2.254"),
        ("192.0.2.0/24", "192.0.2.254", "192.0.2.253"),
        ("192.0.2.0/26", "192.0.2.1", "192.0.2.62"),
        ("192.0.2.0/30", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.0/30", "192.0.2.2", "192.0.2.1"),
        ("192.0.2.0/31", "192.0.2.0", "192.0.2.1"),
        ("192.0.2.0/31", "192.0.2.1", "192.0.2.0"),
        ("198.51.100.0/24 192.0.2.0/24", "192.0.2.1", "192.0.2.254"),
    ],
)
def test_arp_requests_come_from_the_highest_address_that_is_not_the_gateway(
    subnet: str, gateway: str, arp_ip: str
) -> None:
    assert stanza(subnet=subnet, gateway=gateway).arp_ip == arp_ip


def test_a_given_arp_ip_goes_before_the_default() -> None:
    assert stanza(arp_ip="192.0.2.77").arp_ip == "192.0.2.77"


def test_ipv6_rewrites_no_arp() -> None:
    assert stanza(subnet="2001:db8::/64", gateway="2001:db8::1").arp_ip == ""


def test_a_router_reserves_no_address_for_arp() -> None:
    assert stanza(role="router").arp_ip == ""


def test_a_router_with_guests_reserves_what_other_nodes_ask_by() -> None:
    assert stanza(role="router-vmc").arp_ip == "192.0.2.254"
    assert stanza(role="router-vmc", arp_ip="192.0.2.77").arp_ip == "192.0.2.77"


@pytest.mark.parametrize("subnet", ["192.0.2.0/30", "192.0.2.0/31", "192.0.2.1/32"])
def test_but_not_the_only_one_that_a_guest_can_have(subnet: str) -> None:
    read = stanza(role="router-vmc", subnet=subnet)
    assert (read.arp_ip, read.warnings) == ("", ())


@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_a_router_rewrites_no_arp(role: str) -> None:
    assert not [change for change in plan(stanza(role=role), Facts()) if type(change).__name__ == "ArpSource"]


@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\n", " \n\t "])
def test_values_are_split_by_any_white_space(blank: str) -> None:
    options = {name: value.replace(" ", blank) for name, value in DUAL_STACK.items()}

    both = read_options(IFACE, options, table_number)

    assert [str(subnet) for subnet in both.subnets] == ["192.0.2.0/24", "2001:db8::/64"]
    assert [str(gateway) for gateway in both.gateways.values()] == ["192.0.2.1", "2001:db8::1"]


def test_blanks_around_a_single_value_do_not_count() -> None:
    assert stanza(role=" router-vmc\n", priority="\t77 ").priority == "77"


def test_a_subnet_given_twice_counts_once() -> None:
    twice = stanza(subnet="192.0.2.0/24 2001:db8::/64 192.0.2.0/24 2001:DB8:0::/64", gateway="192.0.2.1 2001:db8::1")

    assert [str(subnet) for subnet in twice.subnets] == ["192.0.2.0/24", "2001:db8::/64"]


def test_a_gateway_given_twice_counts_once() -> None:
    twice = stanza(subnet="2001:db8::/64", gateway="2001:db8::1 2001:DB8:0::1")

    assert [str(gateway) for gateway in twice.gateways.values()] == ["2001:db8::1"]


def test_the_families_are_read_off_the_subnets_ipv4_first() -> None:
    both = stanza(subnet="2001:db8::/64 192.0.2.0/24 2001:db8:1::/64", gateway="2001:db8::1 192.0.2.1")

    assert both.families == (IPV4, IPV6)
    assert [str(subnet) for subnet in both.of_family(IPV4)] == ["192.0.2.0/24"]
    assert [str(subnet) for subnet in both.of_family(IPV6)] == ["2001:db8::/64", "2001:db8:1::/64"]


def test_the_gateway_may_be_in_any_subnet_of_its_family() -> None:
    assert str(stanza(subnet="198.51.100.0/24 192.0.2.0/24").gateways[IPV4]) == "192.0.2.1"


def test_the_gateway_of_a_vmc_may_be_link_local() -> None:
    assert str(stanza(subnet="2001:db8::/64", gateway="fe80::1").gateways[IPV6]) == "fe80::1"


def test_ipv6_addresses_become_canonical() -> None:
    spelt = stanza(subnet="2001:0DB8:0::/64", gateway="2001:DB8::0001")

    assert (str(spelt.subnets[0]), str(spelt.gateways[IPV6])) == ("2001:db8::/64", "2001:db8::1")


@pytest.mark.parametrize(
    ("nat", "nat6", "families"),
    [("yes", "no", {IPV4}), ("no", "yes", {IPV6}), ("yes", "yes", {IPV4, IPV6}), ("", "", set())],
)
def test_each_family_is_masqueraded_by_itself(nat: str, nat6: str, families: set[str]) -> None:
    router = stanza(**_of_router(), nat=nat, nat6=nat6)

    assert router.nat == families


def _of_router() -> dict[str, str]:
    dual = {name.removeprefix("routed-"): value for name, value in DUAL_STACK.items()}
    return {**dual, "role": "router", "uplink": "eth0"}


def test_destinations_can_be_excepted_from_masquerading() -> None:
    router = stanza(**_of_router(), nat="yes", nat6="yes", nat_except="203.0.113.0/24 2001:db8:1::/48 203.0.113.0/24")

    assert [str(prefix) for prefix in router.nat_except] == ["203.0.113.0/24", "2001:db8:1::/48"]


def test_an_uplink_of_a_vmc_is_warned_of() -> None:
    assert stanza(uplink="eth0").warnings == ("eth0.222: routed-uplink eth0 has no effect with routed-role vmc",)


def test_an_arp_ip_of_a_router_is_warned_of() -> None:
    warned = stanza(role="router", arp_ip="192.0.2.254")

    assert warned.arp_ip == ""
    assert warned.warnings == ("eth0.222: routed-arp-ip 192.0.2.254 has no effect with routed-role router",)


def test_the_options_are_read_off_the_environment_of_ifup() -> None:
    environ = {
        "IFACE": "vlan222", "ADDRFAM": "inet6", "IF_ADDRESS": "198.51.100.7", "IF_ROUTED_ROLE": "router-vmc",
        "IF_ROUTED_SUBNET": "192.0.2.0/24\n198.51.100.0/24", "IF_ROUTED_GATEWAY": "192.0.2.1",
        "IF_ROUTED_UPLINK": "eth0", "IF_ROUTED_NAT": "yes", "IF_ROUTED_NAT_EXCEPT": "203.0.113.0/24",
    }  # fmt: skip

    read = read_environ(environ, table_number)

    assert read is not None
    assert (read.iface, read.role, read.uplink, read.nat) == ("vlan222", "router-vmc", "eth0", frozenset({IPV4}))
    assert [str(subnet) for subnet in read.subnets] == ["192.0.2.0/24", "198.51.100.0/24"]
    assert [str(prefix) for prefix in read.nat_except] == ["203.0.113.0/24"]


@pytest.mark.parametrize(
    "environ", [{}, {"IFACE": "eth0"}, {"IFACE": "eth0", "IF_ADDRESS": "192.0.2.7", "ROUTED": "1"}]
)
def test_nothing_is_routed_without_a_routed_option(environ: dict[str, str]) -> None:
    assert read_environ(environ, table_number) is None


def test_options_of_a_stanza_and_of_the_environment_mean_the_same() -> None:
    environ = {f"IF_{name.upper().replace('-', '_')}": value for name, value in VMC.items()}

    read = read_environ({"IFACE": IFACE, **environ}, table_number)

    assert read is not None
    assert all(getattr(read, name) == getattr(stanza(), name) for name in Stanza.__slots__)


@pytest.mark.parametrize(("subnet", "taken"), [("192.0.2.0/30", "192.0.2.2"), ("192.0.2.0/31", "192.0.2.0")])
def test_a_default_that_takes_the_only_address_is_said(subnet: str, taken: str) -> None:
    gateway = "192.0.2.1"
    only = f"the only address that {subnet} has for a guest, give another one as routed-arp-ip"
    assert stanza(subnet=subnet, gateway=gateway).warnings == (f"{IFACE}: routed-arp-ip takes {taken}, {only}",)
    assert stanza(subnet=subnet, gateway=gateway, arp_ip=taken).warnings == ()
    assert stanza(subnet="192.0.2.0/29", gateway=gateway).warnings == ()


@pytest.mark.parametrize(
    ("subnet", "arp_ip"),
    [
        ("192.0.2.0/24", "192.0.2.254"),
        ("192.0.2.0/30", "192.0.2.2"),
        ("203.0.113.7/32 192.0.2.0/28", "192.0.2.14"),
        ("203.0.113.7/32", ""),
    ],
)
def test_a_gateway_outside_the_subnets_is_on_the_link_where_that_is_asked_for(subnet: str, arp_ip: str) -> None:
    read = stanza(subnet=subnet, gateway="100.64.0.1", onlink="yes")
    assert (sorted(read.onlink), read.arp_ip, len(read.warnings)) == (["4"], arp_ip, 0)


def test_what_asks_may_be_outside_where_the_gateway_is() -> None:
    assert stanza(gateway="100.64.0.1", onlink="yes", arp_ip="100.64.0.11").arp_ip == "100.64.0.11"


def test_a_router_with_guests_may_have_its_address_elsewhere() -> None:
    read = stanza(gateway="100.64.0.1", onlink="yes", role="router-vmc")
    assert (str(read.gateways["4"]), read.warnings) == ("100.64.0.1", ())


def test_only_the_family_whose_gateway_is_outside_is_on_link() -> None:
    assert stanza(gateway="192.0.2.1", onlink="yes").warnings == (
        f"{IFACE}: routed-onlink yes has no effect, routed-gateway is in routed-subnet",
    )
    dual = stanza(subnet="192.0.2.0/24 2001:db8::/64", gateway="192.0.2.1 2001:db8:ff::1", onlink="yes")
    assert (sorted(dual.onlink), len(dual.warnings)) == (["6"], 0)
