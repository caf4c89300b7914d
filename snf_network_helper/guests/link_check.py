"""Whether a guest can be behind a link: what the kernel says of the link, and why not."""

from snf_network_helper.errors import RoutedError
from snf_network_helper.journal.journal import names
from snf_network_helper.kernel.rtnetlink import LinkAttributes, default_link, link_attributes
from snf_network_helper.stanza.addresses import IPV4, IPV6

# What these send does not come in on the node, but leaves by the link that they are made over.
_PASSING_BY = ("macvtap", "macvlan", "ipvtap", "ipvlan")


def check(tap: str, network: str) -> LinkAttributes:
    """What the link is; RoutedError where no guest of the network can be behind it."""
    others = [dev for family in (IPV4, IPV6) if (dev := default_link(family))]
    link = link_attributes(tap)
    if why := why_not(link, link_attributes(network), others, any(names(tap))):
        raise RoutedError(why)
    return link


def why_not(link: LinkAttributes, network: LinkAttributes, uplinks: list[str], is_routed: bool) -> str:
    """Why no guest of the network can be behind a link, "" where one can; pure."""
    if link.kind in _PASSING_BY:
        return f"a {link.kind}, whose frames pass the node by: expected a tap, or a veth with it over the other end"
    if link.master:
        return f"a port of {link.master}, which takes its frames: expected a link that is no port"
    if link.name == network.lower:
        return f"{network.name} is made over it: expected a link that leads to the machine"
    if link.name in uplinks:
        return "the node's default route is there: expected a link that leads to the machine"
    if is_routed:
        return "a routed interface itself: expected a link that leads to the machine"
    return ""
