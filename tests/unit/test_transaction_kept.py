"""What was there before, or belongs to others, is never undone."""

import posix
import re
from typing import Any

import pytest
from fake_kernel import FakeKernel
from samples import IFACE, SETUPS, VMC, give_links, planned

from snf_network_helper.changes import arp_source
from snf_network_helper.changes.base import KEPT
from snf_network_helper.errors import RoutedError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.plan.routed import Plan
from snf_network_helper.transaction.bring_up import bring_up
from snf_network_helper.transaction.take_down import take_down

NAME = f"{IFACE}:inet"


def test_a_setting_that_somebody_changed_since_stays(host: FakeKernel) -> None:
    bring_up(NAME, planned(VMC), "")
    host.sysctl(f"net/ipv4/conf/{IFACE}/forwarding", "7")

    take_down(IFACE)

    assert host.sysctls()[f"net/ipv4/conf/{IFACE}/forwarding"] == "7"


def test_settings_that_stood_already_are_kept(host: FakeKernel) -> None:
    path = f"net/ipv4/conf/{IFACE}/forwarding"
    host.sysctl(path, "1")
    bring_up(NAME, planned(VMC), "")

    assert [entry.line() for entry in Journal.read(NAME).entries if entry.state == KEPT] == [
        f"kept Sysctl path={path} value=1 prior=1"
    ]
    take_down(IFACE)
    assert host.sysctls()[path] == "1"


@pytest.mark.parametrize(
    ("role", "foreign"),
    [
        ("vmc", f"ip route add 192.0.2.0/24 dev {IFACE}"),
        ("vmc", f"ip -6 route add default via 2001:db8::1 dev {IFACE} table 222"),
        ("router", f"ip addr add 192.0.2.1/24 dev {IFACE}"),
        ("router-vmc", f"ip -6 addr add 2001:db8::1/128 dev {IFACE}"),
    ],
)
def test_what_is_there_before_and_equal_is_kept(role: str, foreign: str, host: FakeKernel) -> None:
    host.state.append(foreign)
    before = host.snapshot()
    plan = planned(SETUPS[role])

    bring_up(NAME, plan, "")
    bring_up(NAME, plan, "")
    (kept,) = [entry for entry in Journal.read(NAME).entries if entry.state == KEPT]
    take_down(IFACE)

    assert kept.change.add().removesuffix(" proto snf") == foreign
    assert host.snapshot() == before


@pytest.mark.parametrize("role", SETUPS)
def test_what_others_have_survives(role: str, host: FakeKernel) -> None:
    host.state += [
        f"ip rule add iif {IFACE} lookup 7 priority 32000", "ip rule add lookup 7 priority 7",
        "ip route add default via 203.0.113.1 dev eth0", f"ip addr add 198.51.100.7/24 dev {IFACE}",
        "iptables -w -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -j MASQUERADE",
        f"arptables -I OUTPUT -o {IFACE} --opcode request -j mangle --mangle-ip-s 192.0.2.7",
    ]  # fmt: skip
    before = host.snapshot()

    bring_up(NAME, planned(SETUPS[role]), "")
    take_down(IFACE)

    assert host.snapshot() == before


@pytest.mark.parametrize("beside", [[], [f"ip route add 192.0.2.0/24 dev {IFACE}"]])
@pytest.mark.parametrize("former", [None, {**VMC, "routed-priority": "31000"}])
def test_an_equal_arp_rule_of_the_administrators_survives(
    beside: list[str], former: dict[str, str] | None, host: FakeKernel
) -> None:
    host.state += [f"arptables -I OUTPUT -o {IFACE} --opcode request -j mangle --mangle-ip-s 192.0.2.254", *beside]
    before = host.snapshot()

    for options in filter(None, [former, VMC, VMC]):
        bring_up(NAME, planned(options), "")
    take_down(IFACE)

    assert host.snapshot() == before


@pytest.mark.parametrize("alternative", ["xtables-nft-multi", "xtables-legacy-multi"])
def test_of_two_arp_rules_of_one_link_ours_goes(
    alternative: str, host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arp_source, "_PROGRAM", f"/usr/sbin/{alternative}")
    foreign = [f"arptables -I OUTPUT -o {IFACE} --opcode request -j mangle --mangle-ip-s 192.0.2.{n}" for n in (7, 8)]
    host.state.append(foreign[0])
    bring_up(NAME, planned(VMC), "")
    host.state.append(foreign[1])

    take_down(IFACE)

    assert host.state == foreign


@pytest.mark.parametrize("role", ["router", "router-vmc"])
def test_routes_that_go_with_the_last_address_of_a_link_come_back(role: str, host: FakeKernel) -> None:
    host.state += [
        f"ip route add 203.0.113.0/24 via 192.0.2.7 dev {IFACE} table 7 metric 20",
        f"ip route add 10.0.0.0/8 dev {IFACE} proto static",
    ]
    before = host.snapshot()

    bring_up(NAME, planned(SETUPS[role]), "")
    take_down(IFACE)

    assert host.snapshot() == before


def test_a_second_interface_with_a_subnet_of_the_first_is_refused(host: FakeKernel) -> None:
    give_links(host, IFACE, "eth1")
    bring_up(NAME, planned(VMC), "")

    with pytest.raises(RoutedError, match=rf"^routed-subnet 192\.0\.2\.0/24 is {IFACE}'s already \(1 change undone\)$"):
        bring_up("eth1:inet", planned({**VMC, "routed-table": "300"}, "eth1"), "")


@pytest.mark.parametrize(
    ("role", "other"),
    [
        ("vmc", "ip route add 192.0.2.0/24 via 203.0.113.1 dev eth0"),
        ("vmc", "ip -6 route add default via 2001:db8:7::1 dev eth0 table 222"),
        ("router-vmc", "ip route add 192.0.2.0/24 dev eth0 table 222"),
    ],
)
def test_a_different_route_in_the_way_is_an_error_and_stays(role: str, other: str, host: FakeKernel) -> None:
    host.state.append(other)
    before = host.snapshot()

    with pytest.raises(RoutedError) as caught:
        bring_up(NAME, planned(SETUPS[role]), "")
    shown = re.escape(other.partition(" add ")[2])
    expected = rf"ip (-6 )?route add .* proto snf: File exists: {shown} \(\d+ changes? undone\)"
    assert re.fullmatch(expected, str(caught.value))

    assert host.snapshot() == before
    assert list(names()) == []


def test_a_rule_or_route_of_ours_that_no_journal_knows_is_taken_over(host: FakeKernel) -> None:
    before = host.snapshot()
    host.state += [change.add() for change in planned(VMC) if change.add().startswith(("ip route", "ip rule"))]

    bring_up(NAME, planned(VMC), "")
    take_down(IFACE)

    assert host.snapshot() == before


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
def test_a_second_interface_with_the_table_of_the_first_is_refused(role: str, host: FakeKernel) -> None:
    give_links(host, IFACE, "eth1")
    bring_up(NAME, planned(SETUPS[role]), "")
    before = host.snapshot()

    what = {"vmc": "routed-table 222", "router-vmc": "routed-subnet 192.0.2.0/24"}[role]
    with pytest.raises(RoutedError, match=rf"^{what} is {IFACE}'s already \(0 changes undone\)$"):
        bring_up("eth1:inet", planned({**SETUPS[role], "routed-table": "222"}, "eth1"), "")

    assert host.snapshot() == before
    assert list(names()) == [NAME]


def test_a_second_stanza_with_the_subnets_of_the_first_is_refused(host: FakeKernel) -> None:
    bring_up(NAME, planned(SETUPS["vmc"]), "")
    before = host.snapshot()

    with pytest.raises(RoutedError, match=rf"^routed-table 222 is {IFACE} inet's already \(0 changes undone\)$"):
        bring_up(f"{IFACE}:inet6", planned(SETUPS["vmc"]), "")

    assert host.snapshot() == before
    assert list(names()) == [NAME]


def many(count: int, iface: str = IFACE) -> Plan:
    """The plan of a stanza with so many subnets."""
    return planned({**VMC, "routed-subnet": " ".join(f"192.0.{number}.0/24" for number in range(2, count + 2))}, iface)


def test_what_stands_is_asked_for_once_however_much_it_is(host: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def spawn(path: str, argv: list[str], *words: Any, **named: Any) -> int:
        started.append(argv)
        return host.spawn(path, argv, *words, **named)

    monkeypatch.setattr(posix, "posix_spawnp", spawn)
    numbers = []
    for count in (2, 100):
        bring_up(NAME, many(count), "")
        started.clear()
        bring_up(NAME, many(count), "")
        numbers.append(len(started))
        take_down(IFACE)
    assert numbers[0] == numbers[1]


def test_of_other_journals_only_those_are_parsed_that_have_the_change(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Journal.read
    parsed = []

    def counted(name: str) -> Journal:
        parsed.append(name)
        return read(name)

    for number in range(20):
        give_links(host, f"eth{number}")
        other = planned({**VMC, "routed-subnet": f"10.0.{number}.0/24", "routed-gateway": f"10.0.{number}.1",
                         "routed-table": str(300 + number)}, f"eth{number}")  # fmt: skip
        bring_up(f"eth{number}:inet", other, "")
    bring_up(NAME, planned(VMC), "")
    monkeypatch.setattr(Journal, "read", staticmethod(counted))
    bring_up(NAME, planned(VMC), "")
    assert parsed == [NAME]

    with pytest.raises(RoutedError, match=f"^routed-table 222 is {IFACE}'s already "):
        bring_up("eth1:inet6", planned(VMC), "")
