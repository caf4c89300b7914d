"""How a stanza is known that was written by hand for guests that are routed."""

from collections.abc import Iterable

from snf_network_helper.interfaces.document import Interface
from snf_network_helper.review.effect import Effect
from snf_network_helper.review.recipe import effects
from snf_network_helper.stanza.options import PREDECESSORS, as_in_environment


def is_sign(effect: Effect, iface: str) -> bool:
    """What no host does for itself: tables by link, proxies, other sources of ARP, NAT, forwarding on one link."""
    if effect.kind in ("arp", "masquerade"):
        return True
    if effect.kind == "neighbour":
        return bool(effect.get("proxy"))
    if effect.kind == "sysctl":
        return effect.get("path").endswith(("/proxy_arp", "/proxy_ndp", f"/conf/{iface}/forwarding"))
    return effect.kind in ("rule", "route") and bool(effect.get("table"))


def are_signs(found: Iterable[Effect] | None, iface: str) -> bool:
    """Whether one of several is."""
    return any(is_sign(one, iface) for one in found or ())


def has_sign(interface: Interface) -> bool:
    """Whether an option or a line of a stanza is."""
    iface = interface.name.text
    return any(
        as_in_environment(option.name.text) in PREDECESSORS
        or (option.phase and are_signs(effects(option.value, iface), iface))
        for option in interface.options
    )
