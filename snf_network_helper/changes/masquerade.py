"""Source NAT by iptables."""

from snf_network_helper.changes.base import Change, User
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV4

if TYPE_CHECKING:
    from snf_network_helper.kernel.process import Deletion


class Masquerade(Change):
    """What leaves `uplink` from `source` gets the uplink's address; with `to`, what goes there keeps its own."""

    __slots__ = ("family", "uplink", "source", "to", "owner")

    def __init__(self, family: str, uplink: str, source: str, owner: str, to: str = "") -> None:
        self.family = family
        self.uplink = uplink
        self.source = source
        self.to = to
        self.owner = owner

    def command(self, operation: str) -> list[str]:
        """The words of the command; `operation` is -I, -C or -D."""
        words = ["iptables" if self.family == IPV4 else "ip6tables", "-w", "-t", "nat", operation, "POSTROUTING"]
        words += ["-o", self.uplink, "-s", self.source]
        if self.to:
            words += ["-d", self.to]
        words += ["-m", "comment", "--comment", f"snf-network-helper {self.owner}"]
        return [*words, "-j", "ACCEPT" if self.to else "MASQUERADE"]

    def add(self) -> str:
        from snf_network_helper.kernel.process import quoted

        return quoted(self.command("-I"))

    def remove(self) -> str:
        from snf_network_helper.kernel.process import quoted

        return quoted(self.command("-D"))

    def make(self, user: User) -> None:
        """Iptables would take a rule twice; to look costs a process, so only where an earlier run has left a trace."""
        from snf_network_helper.kernel.process import run_words

        if not (user.again and self.is_present(frozenset())):
            run_words(self.command("-I"))

    def undo(self, user: User, prior: str) -> "Deletion":
        from snf_network_helper.kernel.process import Deletion

        return Deletion(self.command("-D"), lambda: self.is_present(frozenset()))

    def is_present(self, marked: frozenset[Change]) -> bool:
        """True where the rule, with our comment, is in the nat table."""
        from snf_network_helper.errors import KernelError
        from snf_network_helper.kernel.process import output

        try:
            output(self.command("-C"))
        except KernelError:
            return False
        return True
