"""The DHCP server of one guest.

Debian has no one server that does it all on a TAP: dnsmasq advertises only prefixes of which the link has an address,
and a TAP has none. Each TAP has its own, so that a guest cannot even ask for what is another's.
"""

from snf_network_helper.changes.server_address import SERVER_ADDRESSES
from snf_network_helper.changes.servers import Server
from snf_network_helper.stanza.addresses import IPV6


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
