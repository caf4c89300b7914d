"""Stanzas as ifquery reads them: source, inherits and values over several lines."""

from pathlib import Path

import pytest

from snf_network_helper.errors import RoutedError, StanzaError
from snf_network_helper.interfaces import reader
from snf_network_helper.lean import environ
from snf_network_helper.stanza.stanza import Stanza

SUBNET = "    routed-subnet 192.0.2.0/24\n"
GATEWAY = "    routed-gateway 192.0.2.1\n"
SIX = "iface eth0.222 inet6 manual\n    routed-subnet 2001:db8::/64\n    routed-gateway 2001:db8::1\n"
FOUR = f"iface eth0.222 inet manual\n{SUBNET}{GATEWAY}"


def read(tmp_path: Path, text: str, iface: str = "eth0.222") -> list[Stanza]:
    file = tmp_path / "interfaces"
    file.write_text(text)
    return reader.stanzas(iface, str(file))


def subnets(stanzas: list[Stanza]) -> list[list[str]]:
    return [[str(subnet) for subnet in stanza.subnets] for stanza in stanzas]


def test_a_stanza_is_read(tmp_path: Path) -> None:
    (stanza,) = read(tmp_path, FOUR)

    assert (stanza.iface, stanza.role, stanza.table) == ("eth0.222", "vmc", "222")


def test_the_stanzas_of_two_families_are_two_in_their_order(tmp_path: Path) -> None:
    assert subnets(read(tmp_path, FOUR + SIX)) == [["192.0.2.0/24"], ["2001:db8::/64"]]
    assert subnets(read(tmp_path, SIX + FOUR)) == [["2001:db8::/64"], ["192.0.2.0/24"]]


def test_a_stanza_that_routes_nothing_is_passed_over(tmp_path: Path) -> None:
    text = "iface eth0.222 inet static\n    address 198.51.100.7/24\n" + SIX

    assert subnets(read(tmp_path, text)) == [["2001:db8::/64"]]


def test_an_interface_that_routes_nothing_has_no_stanza(tmp_path: Path) -> None:
    assert read(tmp_path, "iface eth0.222 inet dhcp\n") == []


def test_the_stanza_of_another_interface_is_not_read(tmp_path: Path) -> None:
    assert subnets(read(tmp_path, FOUR + FOUR.replace("222", "223").replace("192.0.2", "198.51.100"))) == [
        ["192.0.2.0/24"]
    ]


def test_an_option_given_twice_has_both_values(tmp_path: Path) -> None:
    text = FOUR + "    routed-subnet 198.51.100.0/24\n"

    assert subnets(read(tmp_path, text)) == [["192.0.2.0/24", "198.51.100.0/24"]]


def test_a_child_adds_its_values_to_what_it_inherits(tmp_path: Path) -> None:
    text = f"iface base inet manual\n{SUBNET}iface eth0.222 inet manual inherits base\n{GATEWAY}"

    assert subnets(read(tmp_path, text)) == [["192.0.2.0/24"]]
    assert subnets(read(tmp_path, text + "    routed-subnet 10.0.0.0/8\n")) == [["192.0.2.0/24", "10.0.0.0/8"]]


def test_a_sourced_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "more").write_text(FOUR)

    assert subnets(read(tmp_path, "source more\n")) == [["192.0.2.0/24"]]


def test_commands_in_a_stanza_are_no_options(tmp_path: Path) -> None:
    text = FOUR + "    up echo routed-subnet: 10.0.0.0/8\n    description routed-role: router\n"

    assert subnets(read(tmp_path, text)) == [["192.0.2.0/24"]]


def test_a_mistake_is_named_as_ifup_names_it(tmp_path: Path) -> None:
    with pytest.raises(StanzaError, match=r"^eth0\.222: routed-rol: unknown option, did you mean routed-role\?$"):
        read(tmp_path, FOUR + "    routed-rol vmc\n")


def test_an_unknown_interface_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RoutedError) as caught:
        read(tmp_path, FOUR, "eth7")
    assert str(caught.value) == f"eth7: ifquery: unknown interface eth7 ({tmp_path}/interfaces)"


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RoutedError, match=r"^eth0\.222: --file /nonexistent: No such file or directory$"):
        reader.stanzas("eth0.222", "/nonexistent")


def test_a_file_that_ifupdown_does_not_understand_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RoutedError, match=r"^eth0\.222: .+ \(.*/interfaces\)$"):
        read(tmp_path, "iface eth0.222 inet nonsense\n")


def test_a_host_without_ifupdown_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(environ, "PATH", str(tmp_path))

    with pytest.raises(RoutedError, match=r"^eth0\.222: ifquery: No such file or directory$"):
        read(tmp_path, FOUR)


def test_an_interface_may_be_asked_for_by_its_logical_name(tmp_path: Path) -> None:
    (stanza,) = read(tmp_path, FOUR.replace("eth0.222", "tenants"), "eth0.222=tenants")

    assert stanza.iface == "eth0.222"
