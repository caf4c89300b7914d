"""What is believed of a frame: only whole messages, and of neighbour discovery only those from the link."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snf_network_helper.stanza.addresses import IPAddress
from snf_network_helper.wire.frames import advertised, announcements, answer, question, sender

MAC = bytes.fromhex("020000000001")
ADDRESS, ADDRESS6 = IPAddress.parse("192.0.2.10"), IPAddress.parse("2001:db8::10")
_, REPLY = announcements(ADDRESS, MAC)
(ADVERTISEMENT,) = announcements(ADDRESS6, MAC)
MESSAGE = ADVERTISEMENT[54:]
TYPES = [b"\x08\x06", b"\x86\xdd"]


def changed(frame: bytes, offset: int, value: str) -> bytes:
    """The frame with other bytes, in hexadecimal, at that offset."""
    new = bytes.fromhex(value)
    return frame[:offset] + new + frame[offset + len(new) :]


def test_what_claims_an_address() -> None:
    assert answer(REPLY) == sender(REPLY) == ADDRESS
    assert answer(ADVERTISEMENT) == advertised(MESSAGE, 255) == ADDRESS6


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS6])
def test_a_question_is_no_answer(address: IPAddress) -> None:
    assert answer(question(address, MAC, None)) is None


def test_padding_is_no_part_of_a_message() -> None:
    assert answer(REPLY + bytes(18)) == ADDRESS
    assert answer(ADVERTISEMENT + bytes(18)) == ADDRESS6
    assert answer(changed(ADVERTISEMENT, 18, "0017")) is None  # the length, in the IPv6 header


@pytest.mark.parametrize("hop_limit", [0, 1, 63, 64, 254])
def test_an_advertisement_that_a_router_has_passed_on_is_none(hop_limit: int) -> None:
    assert answer(changed(ADVERTISEMENT, 21, f"{hop_limit:02x}")) is None
    assert advertised(MESSAGE, hop_limit) is None


@pytest.mark.parametrize(
    ("offset", "value"),
    [(12, "0800"), (20, "11"), (54, "87"), (55, "01")],
    ids=["not IPv6", "not ICMPv6", "another type", "another code"],
)
def test_no_advertisement(offset: int, value: str) -> None:
    assert answer(changed(ADVERTISEMENT, offset, value)) is None


@pytest.mark.parametrize(
    ("offset", "value"),
    [(14, "0006"), (16, "86dd"), (18, "08"), (19, "10"), (20, "0003"), (20, "0000")],
    ids=["other hardware", "other protocol", "long hardware address", "long address", "RARP", "no operation"],
)
def test_no_arp_of_ethernet_and_ipv4(offset: int, value: str) -> None:
    frame = changed(REPLY, offset, value)
    assert answer(frame) is None
    assert sender(frame) is None


@pytest.mark.parametrize("length", range(len(REPLY)))
def test_arp_that_is_cut_off(length: int) -> None:
    assert answer(REPLY[:length]) is None
    assert sender(REPLY[:length]) is None


@pytest.mark.parametrize("length", range(54 + 24))
def test_an_advertisement_that_is_cut_off(length: int) -> None:
    assert answer(ADVERTISEMENT[:length]) is None
    assert advertised(MESSAGE[: max(0, length - 54)], 255) is None


@given(st.binary(max_size=12), st.sampled_from(TYPES), st.binary(max_size=100), st.integers(0, 255))
def test_no_bytes_are_too_much(start: bytes, kind: bytes, rest: bytes, hop_limit: int) -> None:
    for frame in (rest, start + kind + rest, start.ljust(12) + kind + rest):
        answer(frame)
        sender(frame)
        advertised(frame, hop_limit)


@given(st.sampled_from([REPLY, ADVERTISEMENT]), st.integers(0, 80), st.binary(min_size=1, max_size=8))
def test_a_frame_with_other_bytes_in_it(frame: bytes, offset: int, other: bytes) -> None:
    """Whatever is still believed says what it is by each of its bytes that matter."""
    spoilt = changed(frame, offset, other.hex())
    if answer(spoilt) is None:
        return
    kind, body = struct.unpack_from("!H8s", spoilt, 12)
    if kind == 0x0806:
        assert body == bytes.fromhex("0001080006040002")
    else:
        assert (kind, spoilt[20:22], spoilt[54:56]) == (0x86DD, b"\x3a\xff", b"\x88\x00")
