"""The router advertisements that one guest gets."""

from snf_network_helper.changes.servers import Server


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
