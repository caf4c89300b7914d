"""The plan of an attachment, as the commands that make it and undo it; what is asked for, and the network it is for."""

import re

import pytest
from fake_kernel import FakeKernel
from samples import DUAL_STACK, IFACE, SETUPS, planned

from snf_network_helper.changes.base import APPLIED, Entry
from snf_network_helper.changes.guest_address import GuestAddress
from snf_network_helper.changes.hosted_address import HostedAddress
from snf_network_helper.changes.selection import of_kind
from snf_network_helper.errors import RoutedError
from snf_network_helper.guests.network import network_of
from snf_network_helper.journal.journal import Journal
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.guest import hosting, plan
from snf_network_helper.stanza.addresses import IPAddress, eui64
from snf_network_helper.stanza.attach_options import checked
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.stanza.network import Network
from snf_network_helper.transaction.bring_up import bring_up

ELEMENT4 = 'element arp snf_network_helper {} {{ "eth0.222" . 192.0.2.10 }}'
ELEMENT6 = 'element inet snf_network_helper {}6 {{ "eth0.222" . 0x20010db8000000000000000000000010 }}'
FORGET4, FORGET6 = (
    f"add {element.format('gone')}; delete {element.format('gone')}" for element in (ELEMENT4, ELEMENT6)
)
HOSTED4, HOSTED6 = (f"nft 'add {element.format('hosted')}'" for element in (ELEMENT4, ELEMENT6))
AGAIN4, AGAIN6 = (
    f"nft '{forget}; add {element.format('hosted')}'" for forget, element in ((FORGET4, ELEMENT4), (FORGET6, ELEMENT6))
)

ADDS = f"""
echo 0 > /proc/sys/net/ipv6/conf/tap0/accept_ra
echo 1 > /proc/sys/net/ipv6/conf/tap0/addr_gen_mode
ip link set dev tap0 address 02:73:6e:66:00:01
ip link set dev tap0 group 7564902
nft -f /usr/share/snf-network-helper/guard.nft
nft 'add element inet snf_network_helper taps {{ "tap0" }}'
nft 'add element arp snf_network_helper taps {{ "tap0" }}'
nft 'add element inet snf_network_helper sources4 {{ "tap0" . 192.0.2.10 }}'
nft 'add element arp snf_network_helper sources {{ "tap0" . 192.0.2.10 }}'
{HOSTED4}
nft 'add element inet snf_network_helper sources6 {{ "tap0" . 2001:db8::10 }}'
nft 'add element inet snf_network_helper targets6 {{ "tap0" . 0x20010db8000000000000000000000010 }}'
{HOSTED6}
nft 'add element arp snf_network_helper askers {{ "tap0" : 192.0.2.1 }}'
nft 'add element inet snf_network_helper subnets4 {{ 192.0.2.0/24 }}'
nft 'add element inet snf_network_helper subnets6 {{ 2001:db8::/64 }}'
echo 0 > /proc/sys/net/ipv6/conf/tap0/disable_ipv6
echo 1 > /proc/sys/net/ipv4/conf/tap0/forwarding
echo 1 > /proc/sys/net/ipv6/conf/tap0/forwarding
echo 1 > /proc/sys/net/ipv6/conf/tap0/force_forwarding
ip rule add from 192.0.2.0/24 fwmark 0/0x20000000 lookup 222 priority 32001 protocol snf
ip -6 rule add from 2001:db8::/64 fwmark 0/0x20000000 lookup 222 priority 32001 protocol snf
ip link set tap0 up
ip route add 192.0.2.10/32 dev tap0 table 222 proto snf
ip -6 addr add fe80::1/64 dev tap0 nodad
ip -6 route add 2001:db8::10/128 dev tap0 table 222 proto snf
ip -6 neigh add proxy 2001:db8::10 dev eth0.222 protocol snf
echo 0 > /proc/sys/net/ipv4/neigh/tap0/proxy_delay
echo 0 > /proc/sys/net/ipv6/neigh/tap0/proxy_delay
echo 1 > /proc/sys/net/ipv6/conf/tap0/proxy_ndp
echo 1 > /proc/sys/net/ipv4/conf/tap0/proxy_arp
"""


@pytest.fixture
def network(host: FakeKernel) -> Network:
    """The network of the examples, up."""
    bring_up(f"{IFACE}:inet", planned(DUAL_STACK))
    return network_of(IFACE)


def attachment(network: Network, *addresses: str, mac: str = "") -> Attachment:
    return checked("tap0", network, list(addresses), mac)


def test_the_plan_of_an_attachment(network: Network) -> None:
    changes = plan(attachment(network, "192.0.2.10", "2001:db8::10"), network, Facts())
    owned = of_kind(GuestAddress, changes)
    assert [change.address for change in owned] == ["192.0.2.10", "2001:db8::10"]
    assert changes[:2] == tuple(owned)
    assert [change.add() for change in changes[2:]] == ADDS.strip().splitlines()


def test_the_default_routes_of_others_are_kept_before_a_tap_forwards(network: Network) -> None:
    changes = plan(attachment(network, "2001:db8::10"), network, Facts(keep_ra=("eth0", "eth5")))
    adds = [change.add() for change in changes if "ipv6" in change.add()]
    at = adds.index("echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra")
    assert adds[at + 1 : at + 3] == [
        "echo 2 > /proc/sys/net/ipv6/conf/eth5/accept_ra",
        "echo 1 > /proc/sys/net/ipv6/conf/tap0/forwarding",
    ]
    assert plan(attachment(network, "192.0.2.10"), network, Facts(keep_ra=("eth0",))) == plan(
        attachment(network, "192.0.2.10"), network, Facts()
    )


def test_what_makes_the_node_answer_for_a_machine(network: Network) -> None:
    changes = hosting(plan(attachment(network, "192.0.2.10", "2001:db8::10"), network, Facts()), "tap0")
    assert [change.add() for change in changes] == [
        HOSTED4,
        HOSTED6,
        "ip route add 192.0.2.10/32 dev tap0 table 222 proto snf",
        "ip -6 route add 2001:db8::10/128 dev tap0 table 222 proto snf",
        "ip -6 neigh add proxy 2001:db8::10 dev eth0.222 protocol snf",
    ]


def test_what_others_announced_is_forgotten_at_the_end_and_when_it_is_made_again(network: Network) -> None:
    changes = plan(attachment(network, "192.0.2.10", "2001:db8::10"), network, Facts())
    hosted = of_kind(HostedAddress, changes)
    assert [change.add() for change in hosted] == [HOSTED4, HOSTED6]  # which deletes nothing
    assert [change.add_again() for change in hosted] == [AGAIN4, AGAIN6]
    assert [change.remove() for change in hosted] == [
        f"nft 'delete {element.format('hosted')}; {forget}'"
        for forget, element in ((FORGET4, ELEMENT4), (FORGET6, ELEMENT6))
    ]


def test_a_request_of_a_machine_that_leaves(network: Network) -> None:
    one = attachment(network, "192.0.2.10", "2001:db8::10", mac="52:54:00:12:34:56")
    one.leaves = True
    again = Attachment.parse("tap0", one.request())
    assert again.request() == one.request()
    assert again.leaves


def test_without_an_address_of_a_family_nothing_of_it_is_made(network: Network) -> None:
    adds = [change.add() for change in plan(attachment(network, "192.0.2.10"), network, Facts())[1:]]
    assert adds == [line for line in ADDS.strip().splitlines() if not re.search("ipv6|-6 |[a-z]6 ", line)]
    facts = Facts(force_forwarding=False)
    adds = [change.add() for change in plan(attachment(network, "2001:db8::10"), network, facts)]
    assert not any("192.0.2.10" in line or "force_forwarding" in line for line in adds)


def test_every_change_is_in_the_journal_as_it_was(network: Network) -> None:
    for change in plan(attachment(network, "192.0.2.10", "2001:db8::10"), network, Facts()):
        assert type(change)(**dict(change.fields())) == change
        assert Entry.parse(Entry(change, APPLIED, "before").line()).change == change
        assert change.remove()
        assert change.remove() != change.add()


def test_an_address_outside_the_subnets_is_left_out(network: Network) -> None:
    given = attachment(network, "192.0.2.10", "2001:db8::10")
    network.subnets = network.subnets[:1] if network.subnets[0].family == "6" else network.subnets[1:]
    adds = "\n".join(change.add() for change in plan(given, network, Facts()))
    assert "192.0.2.10" not in adds
    assert "2001:db8::10" in adds


def test_the_address_made_of_the_mac(network: Network) -> None:
    given = attachment(network, "192.0.2.10", mac="52:54:00:12:34:56")
    assert list(map(str, given.addresses)) == ["192.0.2.10", "2001:db8::5054:ff:fe12:3456"]
    assert eui64(bytes.fromhex("525400123456")) == 0x505400FFFE123456


def believed(network: Network, *addresses: str, subnets: str = "", gateways: str = "") -> list[str]:
    """The addresses of a machine whose caller believes something of the network."""
    given = checked(
        "tap0",
        network,
        list(addresses),
        "52:54:00:12:34:56",
        subnets=subnets.split(),
        gateways=gateways.split(),
    )
    return list(map(str, given.addresses))


def test_a_caller_who_believes_what_is_so(network: Network) -> None:
    both = ["192.0.2.10", "2001:db8::5054:ff:fe12:3456"]
    assert believed(network, "192.0.2.10", subnets="192.0.2.0/24 2001:DB8:0::/64", gateways="2001:db8:0::1") == both
    assert believed(network, "192.0.2.10", gateways="192.0.2.1 2001:db8::1") == both


def test_no_address_in_a_subnet_that_the_caller_does_not_name(network: Network) -> None:
    assert believed(network, "192.0.2.10", subnets="192.0.2.0/24") == ["192.0.2.10"]
    assert believed(network, subnets="2001:db8::/64") == ["2001:db8::5054:ff:fe12:3456"]


@pytest.mark.parametrize(
    ("addresses", "subnets", "gateways", "error"),
    [
        ("192.0.2.10", "192.0.2.0/25", "", "--subnet 192.0.2.0/25: eth0.222 has 192.0.2.0/24 2001:db8::/64"),
        ("192.0.2.10", "192.0.2.0", "", "--subnet 192.0.2.0: eth0.222 has 192.0.2.0/24 2001:db8::/64"),
        ("192.0.2.10", "", "192.0.2.2", "--gateway 192.0.2.2: eth0.222 has 192.0.2.1 2001:db8::1"),
        ("192.0.2.10", "", "none", "--gateway none: eth0.222 has 192.0.2.1 2001:db8::1"),
        ("192.0.2.10", "2001:db8::/64", "", "--ip 192.0.2.10: expected an address in 2001:db8::/64"),
        ("", "192.0.2.0/24", "", "--ip: expected at least one address, or --mac and a /64 of --subnet"),
    ],
)
def test_a_caller_who_believes_what_is_not_so(
    network: Network, addresses: str, subnets: str, gateways: str, error: str
) -> None:
    with pytest.raises(RoutedError) as caught:
        believed(network, *addresses.split(), subnets=subnets, gateways=gateways)
    assert str(caught.value) == f"tap0: {error}"


def test_a_request_is_read_as_it_was_written(network: Network) -> None:
    given = attachment(network, "192.0.2.10", "2001:db8::10", mac="52:54:00:12:34:56")
    given.link = "7"
    assert Attachment.parse("tap0", given.request()).request() == given.request()


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
def test_the_network_is_known_from_what_is_up(host: FakeKernel, role: str) -> None:
    bring_up(f"{IFACE}:inet", planned(SETUPS[role]))
    network = network_of(IFACE)
    assert network.tables == {"4": "222", "6": "222"}
    assert [str(network.gateways[family]) for family in ("4", "6")] == ["192.0.2.1", "2001:db8::1"]
    assert sorted(map(str, network.subnets)) == ["192.0.2.0/24", "2001:db8::/64"]
    assert network.asker == IPAddress.parse("192.0.2.254" if role == "vmc" else "192.0.2.1")


def test_a_router_hosts_no_machine(host: FakeKernel) -> None:
    bring_up(f"{IFACE}:inet", planned(SETUPS["router"]))
    with pytest.raises(RoutedError, match="its role is router"):
        network_of(IFACE)
    assert Journal.read(f"{IFACE}:inet").entries
