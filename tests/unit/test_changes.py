"""Every change as the exact text that adds and the one that removes it."""

import pytest

from snf_network_helper.changes import seen
from snf_network_helper.changes.address import Address
from snf_network_helper.changes.advertiser import Advertiser
from snf_network_helper.changes.advertiser_with_mtu import AdvertiserWithMtu
from snf_network_helper.changes.arp_source import ArpSource
from snf_network_helper.changes.base import Change
from snf_network_helper.changes.binding import Binding
from snf_network_helper.changes.binding_with_mtu import BindingWithMtu
from snf_network_helper.changes.by_ip import FOREIGN, OURS, Answers, IpChange
from snf_network_helper.changes.dhcp_server import DhcpServer
from snf_network_helper.changes.dhcp_server_with_mtu import DhcpServerWithMtu
from snf_network_helper.changes.guest_address import GuestAddress
from snf_network_helper.changes.guest_prefix import GuestPrefix
from snf_network_helper.changes.link import Link
from snf_network_helper.changes.link_mtu import LinkMtu
from snf_network_helper.changes.local_rule import LocalRule
from snf_network_helper.changes.main_link_rule import MainLinkRule
from snf_network_helper.changes.main_link_traffic import MainLinkTraffic
from snf_network_helper.changes.masquerade import Masquerade
from snf_network_helper.changes.neighbour_probes import NeighbourProbes
from snf_network_helper.changes.neighbour_proxy import NeighbourProxy
from snf_network_helper.changes.onlink_route import OnlinkRoute
from snf_network_helper.changes.proxy_neighbour import ProxyNeighbour
from snf_network_helper.changes.refuse_advertisements import RefuseAdvertisements
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.rule import Rule
from snf_network_helper.changes.server_address import ServerAddress
from snf_network_helper.changes.shared_sysctl import SharedSysctl
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.kernel import process
from snf_network_helper.runtime import files

FORWARDING = "net/ipv4/conf/eth0.222/forwarding"
SERVE = "/run/snf-network-helper/serve"
COMMENT = '-m comment --comment "snf-network-helper eth0.222"'

CHANGES: list[tuple[Change, str, str]] = [
    (Link("eth0.222"), "ip link set eth0.222 up", ""),
    (
        Address("4", "192.0.2.1/24", "eth0.222"),
        "ip addr add 192.0.2.1/24 dev eth0.222",
        "ip addr del 192.0.2.1/24 dev eth0.222",
    ),
    (
        Address("6", "2001:db8::1/64", "eth0.222"),
        "ip -6 addr add 2001:db8::1/64 dev eth0.222",
        "ip -6 addr del 2001:db8::1/64 dev eth0.222",
    ),
    (
        Route("4", "192.0.2.0/24", dev="eth0.222"),
        "ip route add 192.0.2.0/24 dev eth0.222 proto snf",
        "ip route del 192.0.2.0/24 dev eth0.222 proto snf",
    ),
    (
        Route("4", "default", dev="eth0.222", via="192.0.2.1", table="222"),
        "ip route add default via 192.0.2.1 dev eth0.222 table 222 proto snf",
        "ip route del default via 192.0.2.1 dev eth0.222 table 222 proto snf",
    ),
    (
        OnlinkRoute("4", "default", "eth0.222", "100.64.0.1", "222"),
        "ip route add default via 100.64.0.1 dev eth0.222 onlink table 222 proto snf",
        "ip route del default via 100.64.0.1 dev eth0.222 onlink table 222 proto snf",
    ),
    (
        Route("6", "default", kind="unreachable", table="222", metric="4294967295"),
        "ip -6 route add unreachable default table 222 metric 4294967295 proto snf",
        "ip -6 route del unreachable default table 222 metric 4294967295 proto snf",
    ),
    (
        Rule("4", "222", "32000", iif="eth0.222"),
        "ip rule add iif eth0.222 lookup 222 priority 32000 protocol snf",
        "ip rule del iif eth0.222 lookup 222 priority 32000 protocol snf",
    ),
    (
        Rule("6", "222", "32000", iif="lo", to="2001:db8::/64"),
        "ip -6 rule add iif lo to 2001:db8::/64 lookup 222 priority 32000 protocol snf",
        "ip -6 rule del iif lo to 2001:db8::/64 lookup 222 priority 32000 protocol snf",
    ),
    (
        LocalRule("6", "31999"),
        "ip -6 rule add lookup local priority 31999 protocol snf",
        "ip -6 rule del lookup local priority 31999 protocol snf",
    ),
    (
        MainLinkRule("4", "222", "32000", "eth0"),
        "ip rule add iif eth0 fwmark 0/0x10000000 lookup 222 priority 32000 protocol snf",
        "ip rule del iif eth0 fwmark 0/0x10000000 lookup 222 priority 32000 protocol snf",
    ),
    (
        MainLinkTraffic("6", "eth0", "2001:db8::/64,2001:db8:1::/64"),
        "nft 'add table ip6 snf_network_helper/eth0; delete table ip6 snf_network_helper/eth0; "
        "table ip6 snf_network_helper/eth0 "
        "{ set subnets { type ipv6_addr; flags interval; elements = { 2001:db8::/64, 2001:db8:1::/64 }; }; "
        'chain main { type filter hook prerouting priority dstnat + 10; iifname != "eth0" return; '
        "ip6 daddr @subnets meta mark set meta mark & 0xefffffff return; "
        "meta mark & 0xdfffffff 0 meta mark set meta mark | 0x10000000; }; }'",
        "nft delete table ip6 snf_network_helper/eth0",
    ),
    (
        ProxyNeighbour("2001:db8::7", "eth0.222"),
        "ip -6 neigh add proxy 2001:db8::7 dev eth0.222 protocol snf",
        "ip -6 neigh del proxy 2001:db8::7 dev eth0.222",
    ),
    (
        NeighbourProxy("2001:db8::7", "eth0.222"),
        "ip -6 neigh add proxy 2001:db8::7 dev eth0.222 protocol snf",
        "ip -6 neigh del proxy 2001:db8::7 dev eth0.222",
    ),
    (
        GuestAddress("eth0.222", "2001:db8::7", "tap0", "17"),
        "touch /run/snf-network-helper/hosted/address,eth0.222,2001:db8::7/tap0:17",
        "rm /run/snf-network-helper/hosted/address,eth0.222,2001:db8::7/tap0:17",
    ),
    (
        GuestPrefix("eth0.222", "2001:db8:7::/64", "tap0", "17"),
        "touch /run/snf-network-helper/prefixes/eth0.222,2001:db8:7::,64/tap0:17",
        "rm /run/snf-network-helper/prefixes/eth0.222,2001:db8:7::,64/tap0:17",
    ),
    (
        NeighbourProbes("eth0.222"),
        "nft 'add table netdev snf_network_helper/eth0.222; flush table netdev snf_network_helper/eth0.222; "
        "table netdev snf_network_helper/eth0.222 { chain probes "
        '{ type filter hook ingress device "eth0.222" priority 0; '
        "icmpv6 type nd-neighbor-solicit ip6 hoplimit 255 ip6 daddr < fe80:: ip6 daddr set ff02::1; }; }'",
        "nft delete table netdev snf_network_helper/eth0.222",
    ),
    (Sysctl(FORWARDING, "1"), f"echo 1 > /proc/sys/{FORWARDING}", f"echo PRIOR > /proc/sys/{FORWARDING}"),
    (SharedSysctl(FORWARDING, "1"), f"echo 1 > /proc/sys/{FORWARDING}", f"echo PRIOR > /proc/sys/{FORWARDING}"),
    (
        RefuseAdvertisements("eth0.222"),
        "echo 1 > /proc/sys/net/ipv6/conf/eth0.222/accept_ra",
        "echo PRIOR > /proc/sys/net/ipv6/conf/eth0.222/accept_ra",
    ),
    (
        ArpSource("eth0.222", "192.0.2.254"),
        "arptables -I OUTPUT -o eth0.222 --opcode request -j mangle --mangle-ip-s 192.0.2.254",
        "arptables -D OUTPUT -o eth0.222 --opcode request -j mangle --mangle-ip-s 192.0.2.254",
    ),
    (
        Masquerade("4", "eth0", "192.0.2.0/24", "eth0.222"),
        f"iptables -w -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 {COMMENT} -j MASQUERADE",
        f"iptables -w -t nat -D POSTROUTING -o eth0 -s 192.0.2.0/24 {COMMENT} -j MASQUERADE",
    ),
    (
        Masquerade("6", "eth0", "2001:db8::/64", "eth0.222", to="2001:db8:1::/64"),
        f"ip6tables -w -t nat -I POSTROUTING -o eth0 -s 2001:db8::/64 -d 2001:db8:1::/64 {COMMENT} -j ACCEPT",
        f"ip6tables -w -t nat -D POSTROUTING -o eth0 -s 2001:db8::/64 -d 2001:db8:1::/64 {COMMENT} -j ACCEPT",
    ),
    (
        Binding("tap0", "52:54:00:12:34:56", "web1"),
        'printf \'INDEV=tap0\\nIP=\\nMAC=52:54:00:12:34:56\\nHOSTNAME=web1\\nTAGS=""\\nGATEWAY=\\nSUBNET=\\n'
        "GATEWAY6=\\nSUBNET6=\\nEUI64=\\n' > /var/lib/nfdhcpd/tap0",
        "rm /var/lib/nfdhcpd/tap0",
    ),
    (
        BindingWithMtu("1400", dev="tap0", mac="52:54:00:12:34:56", hostname="web1"),
        'printf \'INDEV=tap0\\nIP=\\nMAC=52:54:00:12:34:56\\nHOSTNAME=web1\\nTAGS=""\\nGATEWAY=\\nSUBNET=\\n'
        "GATEWAY6=\\nSUBNET6=\\nEUI64=\\nMTU=1400\\n' > /var/lib/nfdhcpd/tap0",
        "rm /var/lib/nfdhcpd/tap0",
    ),
    (LinkMtu("tap0", "1400"), "ip link set dev tap0 mtu 1400", "ip link set dev tap0 mtu PRIOR"),
    (
        ServerAddress("4", "169.254.1.1/32", "tap0"),
        "ip addr add 169.254.1.1/32 dev tap0 scope host",
        "ip addr del 169.254.1.1/32 dev tap0",
    ),
    (
        ServerAddress("6", "fd73:6e66:6e68::1/64", "tap0"),
        "ip -6 addr add fd73:6e66:6e68::1/64 dev tap0 noprefixroute nodad preferred_lft 0",
        "ip -6 addr del fd73:6e66:6e68::1/64 dev tap0",
    ),
    (
        DhcpServer("tap0", "52:54:00:12:34:56", "192.0.2.10", "255.255.255.0"),
        f"dnsmasq --conf-file={SERVE}/tap0.dnsmasq --pid-file={SERVE}/tap0.dnsmasq.pid",
        f"kill -KILL $(cat {SERVE}/tap0.dnsmasq.pid)",
    ),
    (
        Advertiser("tap0", "2001:db8::/64"),
        f"radvd --config={SERVE}/tap0.radvd --pidfile={SERVE}/tap0.radvd.pid --username=radvd",
        f"kill -KILL $(cat {SERVE}/tap0.radvd.pid)",
    ),
    (
        DhcpServerWithMtu("1400", dev="tap0", mac="52:54:00:12:34:56", ip="192.0.2.10", netmask="255.255.255.0"),
        f"dnsmasq --conf-file={SERVE}/tap0.dnsmasq --pid-file={SERVE}/tap0.dnsmasq.pid",
        f"kill -KILL $(cat {SERVE}/tap0.dnsmasq.pid)",
    ),
    (
        AdvertiserWithMtu("1400", dev="tap0", prefixes="2001:db8::/64"),
        f"radvd --config={SERVE}/tap0.radvd --pidfile={SERVE}/tap0.radvd.pid --username=radvd",
        f"kill -KILL $(cat {SERVE}/tap0.radvd.pid)",
    ),
]


@pytest.fixture(autouse=True)
def commands_as_on_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values only: nothing is written there."""
    monkeypatch.setattr(files, "DIRECTORY", "/run/snf-network-helper")


ALL = pytest.mark.parametrize("change", [change for change, _, _ in CHANGES], ids=repr)


@pytest.mark.parametrize(("change", "add", "remove"), CHANGES, ids=[repr(change) for change, _, _ in CHANGES])
def test_a_change_knows_the_line_that_adds_and_the_one_that_removes_it(change: Change, add: str, remove: str) -> None:
    assert (change.add(), change.remove()) == (add, remove)


def test_every_kind_of_change_is_tested_here() -> None:
    # The others are tested by the plan of an attachment, in test_tap.py
    of_guests = {"guard", "guard_element", "guest_subnet", "guests_rule", "hardware_address", "heed_no_advertisements",
                 "hosted", "hosted_address", "link_group", "link_local", "link_up", "no_address_generation",
                 "own_address", "shared_rule"}  # fmt: skip
    kinds = {name for name, kind in seen.kinds().items() if kind.__module__.rpartition(".")[2] not in of_guests}
    assert {type(change).__name__ for change, _, _ in CHANGES} == kinds


@ALL
def test_a_change_is_made_of_its_fields_alone(change: Change) -> None:
    again = type(change)(**dict(change.fields()))

    assert again == change
    assert hash(again) == hash(change)
    assert repr(again) == repr(change)


@ALL
def test_fields_have_no_white_space(change: Change) -> None:
    assert all(value and not any(character.isspace() for character in value) for _, value in change.fields())


def test_changes_that_differ_in_one_field_differ() -> None:
    assert Rule("4", "222", "32000", iif="eth0.222") != Rule("4", "222", "32001", iif="eth0.222")
    assert Route("4", "192.0.2.0/24", dev="eth0.222") != Route("4", "192.0.2.0/24", dev="eth0.222", table="222")


def test_changes_of_two_kinds_differ_even_with_the_same_fields() -> None:
    assert Sysctl(FORWARDING, "1") != SharedSysctl(FORWARDING, "1")
    assert len({Sysctl(FORWARDING, "1"), SharedSysctl(FORWARDING, "1")}) == 2


def test_a_change_shows_its_kind_and_what_is_set() -> None:
    assert repr(Rule("4", "222", "32000", iif="lo")) == "Rule(family='4', iif='lo', table='222', priority='32000')"


@pytest.mark.parametrize("missing", [Change(), IpChange()])
def test_a_kind_must_say_how_it_is_added(missing: Change) -> None:
    with pytest.raises(NotImplementedError):
        missing.add()
    with pytest.raises(NotImplementedError):
        missing.remove()


NEIGHBOUR = Route("4", "192.0.2.0/24", dev="eth0.222")
HOST = Route("6", "2001:db8::10/128", dev="tap0", table="222")
DEFAULT = Route("6", "default", dev="eth0.222", via="fe80::1", table="222")
END = Route("4", "default", kind="unreachable", table="222", metric="4294967295")


@pytest.mark.parametrize(
    ("route", "shown", "holder"),
    [
        (NEIGHBOUR, "192.0.2.0/24 dev eth0.222 proto snf scope link", OURS),
        (NEIGHBOUR, "192.0.2.0/24 dev eth0.222 proto static scope link src 192.0.2.7 metric 7 linkdown", FOREIGN),
        (NEIGHBOUR, "192.0.2.0/24 dev eth0.22 proto snf scope link", ""),
        (NEIGHBOUR, "192.0.2.0/25 dev eth0.222 proto snf scope link", ""),
        (NEIGHBOUR, "unreachable 192.0.2.0/24 dev eth0.222 proto snf", ""),
        (HOST, "2001:db8::10 dev tap0 proto snf metric 1024 pref medium", OURS),
        (DEFAULT, "default via fe80::1 dev eth0.222 proto snf metric 1024 pref medium", OURS),
        (DEFAULT, "default via fe80::2 dev eth0.222 proto snf metric 1024 pref medium", ""),
        (END, "unreachable default proto snf metric 4294967295", OURS),
        (END, "unreachable default proto snf metric 7", ""),
        (END, "unreachable default proto snf", ""),
        (END, "blackhole default metric 4294967295", ""),
        (END, "", ""),
    ],
)
def test_whose_a_standing_route_is(
    route: Route, shown: str, holder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def query(command: str) -> str:
        asked.append(command)
        return shown if not command.endswith(" proto snf") or " proto snf" in shown else ""

    monkeypatch.setattr(process, "query", query)
    answers = Answers()
    assert route.holder("", answers) == route.holder("", answers) == holder
    ip, table = "ip -6" if route.family == "6" else "ip", route.table or "main"
    questions = [f"{ip} route show table {table} proto snf", f"{ip} route show table {table}"]
    assert asked == questions[: 1 if holder == OURS else 2]


def test_an_arp_source_is_known_by_the_words_of_the_listing() -> None:
    legacy = "-j mangle -o eth0.222 --opcode 1 --mangle-ip-s 192.0.2.254"
    nft = "-o eth0.222 --opcode 1 -j mangle --mangle-ip-s 192.0.2.254"

    listed = ArpSource("eth0.222", "192.0.2.254").listed()

    assert listed == frozenset(legacy.split()) == frozenset(nft.split())
