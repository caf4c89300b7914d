"""An address of the node."""

from snf_network_helper.changes.base import APPLIED, KEPT, Change, Entry
from snf_network_helper.changes.by_ip import Answers, IpChange, ip
from snf_network_helper.stanza.addresses import IPV4, IPV6


class Address(IpChange):
    """An address of the node on a link; `ip addr` of Debian 12 takes no protocol, so it bears no mark."""

    __slots__ = ("family", "address", "dev")

    def __init__(self, family: str, address: str, dev: str) -> None:
        self.family = family
        self.address = address
        self.dev = dev

    def object_and_selector(self) -> tuple[str, str]:
        return f"{ip(self.family)} addr", f"{self.address} dev {self.dev}"

    def goes_with(self, link: str) -> bool:
        return self.dev == link

    def look(self, old: Entry | None) -> Entry:
        if not self.is_present(frozenset()):
            return Entry(self)
        return Entry(self, APPLIED if old is not None and old.was_made() else KEPT)

    def is_present(self, marked: frozenset[Change]) -> bool:
        from snf_network_helper.kernel import link_addresses

        return link_addresses.has_address(self.family, self.address, self.dev)

    def is_refused(self) -> bool:
        """True for an IPv6 address that the kernel does not use: another host has it."""
        from snf_network_helper.kernel import link

        return self.family == IPV6 and link.failed_detection(self.dev, self.address.partition("/")[0])

    def holder(self, prior: str, answers: Answers) -> str:
        return ""  # it was looked for, so what is there has another length

    def takes_along(self) -> str:
        """With a link's last IPv4 address the kernel drops all its IPv4 routes (fib_disable_ip, net/ipv4)."""
        from snf_network_helper.kernel import link_addresses

        is_last = self.family == IPV4 and link_addresses.count(self.dev, IPV4) == 1
        return f"ip route show table all dev {self.dev}" if is_last else ""

    def put_back(self, shown: str) -> list[str]:
        from snf_network_helper.changes.foreign import route_commands

        return route_commands(shown, self.dev)
