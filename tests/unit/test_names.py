"""The names in a stanza, and the options that nobody knows."""

from pathlib import Path

import pytest
from samples import IFACE, VMC, stanza

from snf_network_helper.errors import StanzaError
from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.stanza import names
from snf_network_helper.stanza.options import OPTIONS, read_options


def message(iface: str, options: dict[str, str]) -> str:
    with pytest.raises(StanzaError) as caught:
        read_options(iface, {**VMC, **options}, table_number)
    return str(caught.value)


@pytest.mark.parametrize(
    ("misspelt", "right"),
    [("routed-subnets", "routed-subnet"), ("routed-gatway", "routed-gateway"), ("routed-rol", "routed-role"),
     ("routed-nat-6", "routed-nat6"), ("routed-arpip", "routed-arp-ip"), ("routed-prio", "routed-priority"),
     ("routed-nat-exept", "routed-nat-except"), ("routed-uplnk", "routed-uplink")],
)  # fmt: skip
def test_a_misspelt_option_suggests_the_right_one(misspelt: str, right: str) -> None:
    assert message(IFACE, {misspelt: "1"}) == f"eth0.222: {misspelt}: unknown option, did you mean {right}?"


def test_an_option_like_no_other_lists_them_all() -> None:
    expected = f"eth0.222: routed-spanning-tree-protocol: unknown option, expected one of {' '.join(OPTIONS)}"

    assert message(IFACE, {"routed-spanning-tree-protocol": "1"}) == expected


@pytest.mark.parametrize("iface", ["", "sixteen-bytes-xx", "eth0.222." + "2" * 200, "éééééééé"])
def test_an_interface_name_over_15_bytes_is_refused(iface: str) -> None:
    shown = (iface or "''") if len(iface) <= 120 else iface[:120] + "..."

    assert message(iface, {}) == f"{shown}: expected an interface name of 1 to 15 bytes"


@pytest.mark.parametrize(
    "iface", ["eth0/222", "..", ".", "-o", "eth0 1", "é", "all", "default", "a=b", "a%d"]
)
def test_a_name_that_no_link_has_is_refused(iface: str) -> None:
    assert message(iface, {}) == f"{iface}: expected the name of a link, of letters, digits and . _ - + @"


def test_the_label_of_an_address_is_no_link() -> None:
    assert message("eth0:1", {}) == "eth0:1: the label of an address, expected the link that has it, eth0"


def test_the_loopback_interface_is_named_as_such() -> None:
    assert message("lo", {}) == "lo: the loopback interface, expected a link to other hosts or to a guest"


@pytest.mark.parametrize("iface", ["e", "fifteen-bytes-x", "eth0.222", "br_lan", "wg+1", "veth@if7", "0"])
def test_a_name_that_a_link_can_have_is_returned(iface: str) -> None:
    assert names.check_interface(iface) == iface


@pytest.mark.parametrize(("value", "shown"), [("a\x1b[2Jb", "a\\x1b[2Jb"), ("x" * 500, "x" * 120 + "...")])
def test_an_error_is_one_line_fit_for_a_console(value: str, shown: str) -> None:
    assert message(IFACE, {"routed-role": value}) == (
        f"eth0.222: routed-role {shown}: expected vmc, router or router-vmc"
    )


@pytest.mark.parametrize(
    ("line", "number"),
    [("222 tenants", "222"), ("222\ttenants # ours", "222"), ("0xde tenants", "222"), ("  222   tenants  ", "222")],
)
def test_a_table_has_the_number_that_iproute2_gives_its_name(tmp_path: Path, line: str, number: str) -> None:
    (tmp_path / "rt_tables").write_text(f"# names\n\n254 main\n{line}\n7 others\n")

    assert stanza("eth1", table="tenants").table == number


def test_names_of_tables_are_also_read_below_rt_tables_d(tmp_path: Path) -> None:
    directory = tmp_path / "rt_tables.d"
    directory.mkdir()
    (directory / "README").write_text("7 tenants\n")
    (directory / "snf.conf").write_text("222 tenants\n")

    assert stanza("eth1", table="tenants").table == "222"


@pytest.mark.parametrize("line", ["# 222 tenants", "tenants", "tenants 222", "222 tenants too", "many tenants"])
def test_a_line_that_names_no_table_is_passed_over(tmp_path: Path, line: str) -> None:
    (tmp_path / "rt_tables").write_text(f"{line}\n")

    assert table_number("tenants") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("007", 7), ("100", 100), ("101", None), ("0100", None), ("-1", None), ("+1", None),
     ("1 ", None), ("1_0", None), ("²", None), ("", None)],
)  # fmt: skip
def test_a_number_is_decimal_and_within_bounds(text: str, number: int | None) -> None:
    assert names.decimal(text, 100) == number
