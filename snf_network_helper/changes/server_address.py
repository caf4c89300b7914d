"""The addresses that a guest's DHCP server needs on its TAP."""

from snf_network_helper.changes.address import Address
from snf_network_helper.stanza.addresses import IPV4, IPV6

# dnsmasq answers only where it has an address of the family, and a link-local one will not do for DHCPv6. These are on
# every TAP that is served; nobody beyond the TAP ever sees them.
SERVER_ADDRESSES = {IPV4: "169.254.1.1/32", IPV6: "fd73:6e66:6e68::1/64"}


class ServerAddress(Address):
    """An address for the server alone: by its scope, or its age, the kernel takes it as the source of nothing else."""

    __slots__ = ()

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("family", self.family), ("address", self.address), ("dev", self.dev))

    def add(self) -> str:
        return f"{super().add()} {'scope host' if self.family == IPV4 else 'noprefixroute nodad preferred_lft 0'}"
