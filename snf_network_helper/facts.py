"""What a plan must know of the host beyond the stanza; read here, so that the plan itself is a pure function."""

from __future__ import annotations

from snf_network_helper.errors import RoutedError
from snf_network_helper.families import IPV6
from snf_network_helper.stanza import VMC, Stanza

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Collection

SETTINGS = "/etc/default/snf-network-helper"
_IPV6_ROUTES = "/proc/net/ipv6_route"
_RA_DEFAULT = 0x00010000 | 0x00040000  # RTF_DEFAULT | RTF_ADDRCONF, include/uapi/linux/ipv6_route.h


def accept_ra(link: str) -> str:
    """The path of a link's accept_ra, below /proc/sys."""
    return f"net/ipv6/conf/{link}/accept_ra"


class Facts:
    """`force_forwarding`: IPv6 forwards per link (kernel 6.17); `keep_ra`: links that go on heeding advertisements."""

    __slots__ = ("force_forwarding", "keep_ra")

    def __init__(self, force_forwarding: bool = True, keep_ra: tuple[str, ...] = ()) -> None:
        self.force_forwarding = force_forwarding
        self.keep_ra = keep_ra

    @classmethod
    def read(cls, stanza: Stanza, shared: Collection[str]) -> Facts:
        """Reads /proc and the settings; `shared` names what is switched already, so that a second look agrees."""
        if IPV6 not in stanza.families:
            return cls()
        force = forces_forwarding()
        # When any link begins to forward, all links lose what they learnt unless accept_ra is 2
        # What this or another interface has switched already stays to be kept: a second look must agree with the first
        links = {
            link
            for link in _links_with_learnt_default()
            if _sysctl(accept_ra(link)) == "1" or accept_ra(link) in shared
        }
        uplink = stanza.uplink if stanza.role != VMC else ""
        # A link that forwards takes advertisements only with accept_ra=2; one that did not take them before stays so
        if uplink and (_takes_advertisements(uplink) or accept_ra(uplink) in shared):
            links.add(uplink)
        return cls(force, tuple(sorted(links - {stanza.iface})))


def _takes_advertisements(link: str) -> bool:
    return _sysctl(accept_ra(link)) == "1" and _sysctl(f"net/ipv6/conf/{link}/forwarding") == "0"


def forces_forwarding() -> bool:
    """True where IPv6 is to be forwarded per link: the kernel can (6.17), and the settings do not say otherwise."""
    return _ipv6_forwarding() == "auto" and _sysctl("net/ipv6/conf/default/force_forwarding") != ""


def _sysctl(path: str) -> str:
    try:
        with open("/proc/sys/" + path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def _links_with_learnt_default() -> set[str]:
    """The links over which a router advertisement gave the node a default route."""
    links = set()
    try:
        with open(_IPV6_ROUTES, encoding="utf-8", errors="surrogateescape") as routes:
            for line in routes:
                words = line.split()
                if words[1] == "00" and int(words[8], 16) & _RA_DEFAULT == _RA_DEFAULT:
                    links.add(words[9])
    except OSError:
        pass
    return links


def _ipv6_forwarding() -> str:
    """IPV6_FORWARDING of the settings, "auto" where it is not set."""
    value = "auto"
    try:
        with open(SETTINGS, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, equals, text = line.strip().partition("=")
                if equals and name == "IPV6_FORWARDING":
                    value = text.strip("\"' ")
    except OSError:
        pass
    if value not in ("auto", "all"):
        raise RoutedError(f"{SETTINGS}: IPV6_FORWARDING={value}: expected auto or all")
    return value
