"""Addresses and prefixes as values."""

import pytest

from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress, Prefix


@pytest.mark.parametrize("text", ["0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1", "fe80::1", "ff02::1"])
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(IPAddress.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("2001:DB8:0:0::1", "2001:db8::1"), ("2001:0db8::0001", "2001:db8::1")],
)
def test_an_address_becomes_canonical(text: str, canonical: str) -> None:
    assert str(IPAddress.parse(text)) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2", "192.0.2.256", "192.0.2.1.1", "192.0.02.1", " 192.0.2.1", "0xc0000201", "3221225985", "router",
     "2001:db8::1::", "2001:db8::g", "fe80::1%eth0", "[::1]", "192.0.2.1/24", "192.0.2.1\0", "\uff1192.0.2.1",
     "::ffff:192.0.2.1", "::ffff:c000:201"],
)  # fmt: skip
def test_whatever_is_not_an_address_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the error has no words of its own
        IPAddress.parse(text)


def test_addresses_are_equal_by_value_not_by_spelling() -> None:
    assert IPAddress.parse("2001:db8::1") == IPAddress.parse("2001:DB8:0::1")
    assert len({IPAddress.parse("2001:db8::1"), IPAddress.parse("2001:DB8:0::1")}) == 1


def test_addresses_of_two_families_differ_even_with_one_value() -> None:
    assert IPAddress(IPV4, 1) != IPAddress(IPV6, 1)
    assert IPAddress(IPV4, 1) != "0.0.0.1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("fe80::1", True), ("febf::1", True), ("fec0::1", False), ("2001:db8::1", False), ("169.254.0.1", False)],
)
def test_link_local_is_fe80_to_febf(text: str, expected: bool) -> None:
    assert IPAddress.parse(text).is_link_local is expected


@pytest.mark.parametrize("text", ["1.0.0.1", "126.0.0.1", "192.0.2.1", "223.255.255.254", "::2", "fe80::1", "fc00::1"])
def test_a_host_can_have_a_unicast_address(text: str) -> None:
    assert IPAddress.parse(text).is_unicast


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"]
)
def test_no_host_has_any_other_on_a_link(text: str) -> None:
    assert not IPAddress.parse(text).is_unicast


@pytest.mark.parametrize("text", ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.1/32", "::/0", "2001:db8::/64", "::1/128"])
def test_a_prefix_is_written_as_it_was_read(text: str) -> None:
    assert str(Prefix.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/255.255.255.0", "192.0.2.0/24/24",
     "192.0.2.0/ 24", "192.0.2.0/²", "192.0.2.0/0024", "2001:db8::/129", "/24", "tenants/24", ""],
)  # fmt: skip
def test_whatever_is_not_a_prefix_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the error has no words of its own
        Prefix.parse(text)


def test_a_prefix_keeps_host_bits_and_its_network_has_none() -> None:
    prefix = Prefix.parse("192.0.2.77/26")

    assert str(prefix) == "192.0.2.77/26"
    assert str(prefix.network) == "192.0.2.64/26"
    assert str(Prefix.parse("2001:db8::77/64").network) == "2001:db8::/64"


def test_prefixes_are_equal_by_value() -> None:
    assert Prefix.parse("2001:DB8::/64") == Prefix.parse("2001:db8:0::/64")
    assert Prefix.parse("192.0.2.0/24") != Prefix.parse("192.0.2.0/25")
    assert len({Prefix.parse("2001:DB8::/64"), Prefix.parse("2001:db8:0::/64")}) == 1


@pytest.mark.parametrize(
    ("prefix", "inside", "outside"),
    [
        ("192.0.2.0/24", ["192.0.2.0", "192.0.2.255"], ["192.0.1.255", "192.0.3.0", "::c000:201"]),
        ("192.0.2.1/32", ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]),
        ("2001:db8::/64", ["2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"], ["2001:db8:0:1::", "192.0.2.1"]),
    ],
)
def test_a_prefix_contains_its_own_addresses_only(prefix: str, inside: list[str], outside: list[str]) -> None:
    assert all(IPAddress.parse(text) in Prefix.parse(prefix) for text in inside)
    assert not any(IPAddress.parse(text) in Prefix.parse(prefix) for text in outside)


@pytest.mark.parametrize(
    ("prefix", "reserved", "free"),
    [
        ("192.0.2.0/24", ["192.0.2.0", "192.0.2.255"], ["192.0.2.1", "192.0.2.254", "192.0.3.0"]),
        ("192.0.2.0/30", ["192.0.2.0", "192.0.2.3"], ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.0/31", [], ["192.0.2.0", "192.0.2.1"]),
        ("192.0.2.1/32", [], ["192.0.2.1"]),
        ("2001:db8::/64", [], ["2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"]),
    ],
)
def test_network_and_broadcast_address_are_reserved(prefix: str, reserved: list[str], free: list[str]) -> None:
    assert all(Prefix.parse(prefix).is_reserved(IPAddress.parse(text)) for text in reserved)
    assert not any(Prefix.parse(prefix).is_reserved(IPAddress.parse(text)) for text in free)


@pytest.mark.parametrize(
    ("prefix", "other_than", "highest"),
    [
        ("192.0.2.0/24", "192.0.2.1", "192.0.2.254"),
        ("192.0.2.0/24", "192.0.2.254", "192.0.2.253"),
        ("192.0.2.0/30", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.0/30", "192.0.2.2", "192.0.2.1"),
        ("192.0.2.0/31", "192.0.2.0", "192.0.2.1"),
        ("192.0.2.0/31", "192.0.2.1", "192.0.2.0"),
        ("192.0.2.1/32", "192.0.2.1", "None"),
        ("10.0.0.0/8", "10.0.0.1", "10.255.255.254"),
    ],
)
def test_the_highest_usable_address_is_not_the_gateway(prefix: str, other_than: str, highest: str) -> None:
    assert str(Prefix.parse(prefix).highest_usable(IPAddress.parse(other_than))) == highest
