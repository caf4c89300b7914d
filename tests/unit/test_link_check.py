"""Behind which links a machine can be, and what is said of the others."""

import struct

import pytest

from snf_network_helper.guests.link_check import why_not
from snf_network_helper.kernel.rtnetlink import LinkAttributes, attributes

NETWORK = LinkAttributes("eth0.222", "vlan", lower="eth0")
LEADS = "expected a link that leads to the machine"


@pytest.mark.parametrize("kind", ["tun", "veth", "", "vlan", "bridge"])
def test_links_that_may_lead_to_a_machine(kind: str) -> None:
    assert why_not(LinkAttributes("tap0", kind, lower="veth1"), NETWORK, ["eth0"], is_routed=False) == ""


@pytest.mark.parametrize("kind", ["macvtap", "macvlan", "ipvtap", "ipvlan"])
def test_frames_that_pass_the_node_by(kind: str) -> None:
    assert why_not(LinkAttributes("tap0", kind, lower="eth1"), NETWORK, [], is_routed=False) == (
        f"a {kind}, whose frames pass the node by: expected a tap, or a veth with it over the other end"
    )


@pytest.mark.parametrize(
    ("link", "is_routed", "why"),
    [
        (
            LinkAttributes("tap0", "tun", master="br0"),
            False,
            "a port of br0, which takes its frames: expected a link that is no port",
        ),
        (LinkAttributes("eth0"), False, f"eth0.222 is made over it: {LEADS}"),
        (LinkAttributes("eth1"), False, f"the node's default route is there: {LEADS}"),
        (LinkAttributes("eth2"), True, f"a routed interface itself: {LEADS}"),
    ],
)
def test_links_that_lead_elsewhere(link: LinkAttributes, is_routed: bool, why: str) -> None:
    assert why_not(link, NETWORK, ["eth1"], is_routed) == why


def test_attributes_are_padded_and_may_be_nested() -> None:
    data = struct.pack("=HH3sx", 7, 3, b"abc") + struct.pack("=HHI", 8, 5 | 0x8000, 9)
    assert dict(attributes(data)) == {3: b"abc", 5: struct.pack("=I", 9)}
