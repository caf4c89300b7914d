"""The servers that give one virtual machine its addresses: dnsmasq for DHCP, radvd for router advertisements.

Both for want of one that does it all on a TAP: dnsmasq advertises only prefixes of which the link has an address, and
a TAP has none. Each TAP has its own, so that a guest cannot even ask for what is another's.
"""

from snf_network_helper.changes import KINDS, Address
from snf_network_helper.families import IPV4, IPV6
from snf_network_helper.outside import Server

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


class DhcpServer(Server):
    """dnsmasq: the one IPv4 lease, and DHCPv6 for whatever is not an address (RFC 8415, stateless)."""

    __slots__ = ("dev", "mac", "ip", "netmask", "gateway", "stateless", "dns", "hostname")
    program = "dnsmasq"

    def __init__(
        self,
        dev: str,
        mac: str,
        ip: str = "",
        netmask: str = "",
        gateway: str = "",
        stateless: str = "",
        dns: str = "",
        hostname: str = "",
    ) -> None:
        self.dev = dev
        self.mac = mac
        self.ip = ip
        self.netmask = netmask
        self.gateway = gateway
        self.stateless = stateless
        self.dns = dns
        self.hostname = hostname

    def options(self) -> str:
        return f"--conf-file={self.path()} --pid-file={self.pid_path()}"

    def text(self) -> str:
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> list[str]:
        servers = self.dns.split(",") if self.dns else []
        dns4 = ",".join(server for server in servers if ":" not in server)
        dns6 = ",".join(f"[{server}]" for server in servers if ":" in server)
        # No DNS, nothing read from the node, nothing kept: the lease is no news to whoever serves the TAP next
        lines = ["port=0", "no-resolv", "no-hosts", "no-ping", "leasefile-ro", "dhcp-authoritative"]
        lines += [f"interface={self.dev}", "except-interface=lo", "bind-interfaces"]
        if self.ip:
            lines += [f"shared-network={self.dev},{self.ip}", f"dhcp-range={self.ip},static,{self.netmask},12h"]
            lines += [f"dhcp-host={self.mac},{self.ip}" + f",{self.hostname}" * bool(self.hostname)]
            # Without a value the option is left out, where dnsmasq would name itself
            lines += [f"dhcp-option=option:router{',' * bool(self.gateway)}{self.gateway}"]
            lines += [f"dhcp-option=option:dns-server{',' * bool(dns4)}{dns4}"]
        if self.stateless:
            lines.append(f"dhcp-range={SERVER_ADDRESSES[IPV6].partition('/')[0]},static,64")
            lines += [f"dhcp-option=option6:dns-server,{dns6}"] * bool(dns6)
        return lines


class Advertiser(Server):
    """radvd: the default route, the prefixes of which the guest makes its addresses, and that DHCPv6 has more."""

    __slots__ = ("dev", "prefixes", "dns")
    program = "radvd"

    def __init__(self, dev: str, prefixes: str, dns: str = "") -> None:
        self.dev = dev
        self.prefixes = prefixes
        self.dns = dns

    def options(self) -> str:
        return f"--config={self.path()} --pidfile={self.pid_path()} --username=radvd"

    def text(self) -> str:
        servers = [server for server in self.dns.split(",") if ":" in server]
        # The guest sees nobody but the node on its link: another one of its prefix is not on-link
        prefixes = [f"    prefix {prefix} {{ AdvOnLink off; }};\n" for prefix in self.prefixes.split(",")]
        return (
            f"interface {self.dev} {{\n    AdvSendAdvert on;\n    AdvManagedFlag off;\n    AdvOtherConfigFlag on;\n"
            + "".join(prefixes)
            + (f"    RDNSS {' '.join(servers)} {{ }};\n" if servers else "")
            + "};\n"
        )


KINDS.update((kind.__name__, kind) for kind in (ServerAddress, DhcpServer, Advertiser))
