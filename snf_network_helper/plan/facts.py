"""What a plan must know of the host beyond the stanza, as a value: `transaction/host.py` reads it."""


def accept_ra(link: str) -> str:
    """The path of a link's accept_ra, below /proc/sys."""
    return f"net/ipv6/conf/{link}/accept_ra"


class Facts:
    """What IPv6 needs: how it forwards, and which links go on being told by routers' advertisements meanwhile.

    `force_forwarding`: IPv6 forwards per link (kernel 6.17); `keep_ra`: links that go on heeding advertisements;
    `refuse_ra`: the routed link would heed them only because it is, or was made, as other interfaces want all links.
    """

    __slots__ = ("force_forwarding", "keep_ra", "refuse_ra")

    def __init__(self, force_forwarding: bool = True, keep_ra: tuple[str, ...] = (), refuse_ra: bool = False) -> None:
        self.force_forwarding = force_forwarding
        self.keep_ra = keep_ra
        self.refuse_ra = refuse_ra
