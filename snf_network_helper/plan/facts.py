"""What a plan must know of the host beyond the stanza, as a value: `transaction/host.py` reads it."""


def accept_ra(link: str) -> str:
    """The path of a link's accept_ra, below /proc/sys."""
    return f"net/ipv6/conf/{link}/accept_ra"


def medium_id(link: str) -> str:
    """The path of a link's medium_id, below /proc/sys."""
    return f"net/ipv4/conf/{link}/medium_id"


class Facts:
    """What a plan must know of the host's links.

    `force_forwarding`: IPv6 forwards per link (kernel 6.17); `keep_ra`: links that go on heeding advertisements;
    `refuse_ra`: the routed link would heed them only because it is, or was made, as other interfaces want all links.
    `own_links`: the links of the node's own IPv4 networks, for which no routed link is ever to answer; `own_address`:
    the one of the node's own in the subnet by which it asks, "" where it has none or the stanza names another.
    `main_of`: the families whose default route in main is by the routed link itself, the node's own main link;
    `local_late`: those whose own addresses the node looks up only after the stanza's rules, as with a VRF. Of a guest's
    network: `mtu`, the largest packet that its link takes, and `own_mac`, the link's MAC address.
    """

    __slots__ = (
        "force_forwarding", "keep_ra", "local_late", "main_of", "mtu", "own_address", "own_links", "own_mac",
        "refuse_ra",
    )  # fmt: skip

    def __init__(
        self,
        force_forwarding: bool = True,
        keep_ra: tuple[str, ...] = (),
        refuse_ra: bool = False,
        own_links: tuple[str, ...] = (),
        own_address: str = "",
        main_of: tuple[str, ...] = (),
        mtu: str = "",
        local_late: tuple[str, ...] = (),
    ) -> None:
        self.force_forwarding = force_forwarding
        self.keep_ra = keep_ra
        self.refuse_ra = refuse_ra
        self.own_links = own_links
        self.mtu = mtu
        self.main_of = main_of
        self.local_late = local_late
        self.own_mac = ""
        self.own_address = own_address
