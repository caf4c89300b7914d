"""The binding file by which nfdhcpd (github.com/grnet/nfdhcpd) knows whom to give which addresses on a TAP."""

from snf_network_helper.changes.base import APPLIED, KEPT, PENDING, Change, Entry, User
from snf_network_helper.runtime import files

DIRECTORY = "/var/lib/nfdhcpd"


class Binding(Change):
    """One TAP's file, named like it: lines of KEY=value, of which MAC and HOSTNAME must not be empty.

    The prior is its former content, in hexadecimal.
    """

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
        """Where the file is."""
        return f"{DIRECTORY}/{self.dev}"

    def text(self) -> str:
        """All that is in it."""
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

    def add(self) -> str:
        text = self.text().replace("\n", "\\n")
        return f"printf '{text}' > {self.path()}"

    def remove(self) -> str:
        return f"rm {self.path()}"

    def look(self, old: Entry | None) -> Entry:
        ours = old is not None and old.state != KEPT
        content = files.content(self.path())
        if content == self.text().encode():
            return Entry(self, APPLIED if ours else KEPT, old.prior if old is not None and ours else "")
        if old is not None and ours:
            return Entry(self, PENDING, old.prior)
        return Entry(self, PENDING, content.hex() if content else "")

    def make(self, user: User) -> None:
        from snf_network_helper.kernel.process import begin

        begin(self.add())
        files.write_in_place(self.path(), self.text().encode())

    def undo(self, user: User, prior: str) -> None:
        """Removes the file, or gives it its former content, unless somebody has changed it since."""
        from snf_network_helper.kernel.process import begin

        content = files.content(self.path())
        if content is None or not self.text().encode().startswith(content):  # a kill may have cut it off
            return
        begin(self.remove())
        if prior:
            files.write_in_place(self.path(), bytes.fromhex(prior))
        else:
            files.remove(self.path())

    def is_present(self, marked: frozenset[Change]) -> bool:
        return files.content(self.path()) == self.text().encode()
