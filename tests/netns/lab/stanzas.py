"""Compact stanzas as an administrator would write them, for every role, family and kind of NAT."""

from __future__ import annotations

from dataclasses import dataclass

SUBNET, SUBNET6 = "192.0.2.0/24", "2001:db8::/64"
GATEWAY, GATEWAY6 = "192.0.2.1", "2001:db8::1"
ARP_IP = "192.0.2.254"

FAMILIES = {"IPv4": (True, False), "IPv6": (False, True), "dual stack": (True, True)}


@dataclass(frozen=True)
class Stanza:
    """One compact stanza."""

    role: str = "vmc"
    family: str = "dual stack"
    nat: bool = False
    nat6: bool = False
    link: str = "eth0.222"
    addrfam: str = "inet"
    nat_except: str = ""

    def __str__(self) -> str:
        return "\n".join([f"auto {self.link}", f"iface {self.link} {self.addrfam} manual", *self.options()]) + "\n"

    def options(self) -> list[str]:
        """The routed-* lines."""
        ipv4, ipv6 = FAMILIES[self.family]
        values = {
            "routed-role": "" if self.role == "vmc" else self.role,
            "routed-subnet": " ".join([SUBNET] * ipv4 + [SUBNET6] * ipv6),
            "routed-gateway": " ".join([GATEWAY] * ipv4 + [GATEWAY6] * ipv6),
            "routed-table": "" if self.link.endswith(".222") or self.role == "router" else "222",
            "routed-uplink": "" if self.role == "vmc" else "eth0",
            "routed-nat": "yes" if self.nat else "",
            "routed-nat6": "yes" if self.nat6 else "",
            "routed-nat-except": self.nat_except,
        }
        return [f"    {option:<14} {value}" for option, value in values.items() if value]

    @property
    def title(self) -> str:
        """What this stanza is about, in the words of its options."""
        return "-".join(
            [self.role, self.family.replace(" ", "-")] + ["nat"] * self.nat + ["nat6"] * self.nat6 + [self.link]
        )


def every_stanza(link: str) -> list[Stanza]:
    """Each role, family and kind of NAT that makes sense."""
    stanzas = []
    for family, (ipv4, ipv6) in FAMILIES.items():
        stanzas.append(Stanza("vmc", family, link=link))
        for role in ("router", "router-vmc"):
            for nat in {False, ipv4}:
                for nat6 in {False, ipv6}:
                    stanzas.append(Stanza(role, family, nat, nat6, link))
    return stanzas
