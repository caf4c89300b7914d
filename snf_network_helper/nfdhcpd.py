"""The binding file by which nfdhcpd (github.com/grnet/nfdhcpd) knows whom to give which addresses on a TAP."""

from snf_network_helper.changes import KINDS
from snf_network_helper.guest_changes import NFDHCPD_DIRECTORY
from snf_network_helper.outside import File


class Binding(File):
    """One TAP's file, named like it: lines of KEY=value, of which MAC and HOSTNAME must not be empty."""

    __slots__ = ("dev", "mac", "hostname", "ip", "gateway", "subnet", "gateway6", "subnet6", "eui64")

    def __init__(
        self,
        dev: str,
        mac: str,
        hostname: str,
        ip: str = "",
        gateway: str = "",
        subnet: str = "",
        gateway6: str = "",
        subnet6: str = "",
        eui64: str = "",
    ) -> None:
        self.dev = dev
        self.mac = mac
        self.hostname = hostname
        self.ip = ip
        self.gateway = gateway
        self.subnet = subnet
        self.gateway6 = gateway6
        self.subnet6 = subnet6
        self.eui64 = eui64

    def path(self) -> str:
        return f"{NFDHCPD_DIRECTORY}/{self.dev}"

    def text(self) -> str:
        values = {
            "INDEV": self.dev,
            "IP": self.ip,
            "MAC": self.mac,
            "HOSTNAME": self.hostname,
            "TAGS": '""',
            "GATEWAY": self.gateway,
            "SUBNET": self.subnet,
            "GATEWAY6": self.gateway6,
            "SUBNET6": self.subnet6,
            "EUI64": self.eui64,
        }
        return "".join(f"{key}={value}\n" for key, value in values.items())


KINDS[Binding.__name__] = Binding
