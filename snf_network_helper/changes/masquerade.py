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

    def comment(self) -> str:
        """What tells our rules from others."""
        return f"snf-network-helper {self.owner}"

    def command(self, operation: str) -> list[str]:
        """The words of the command; `operation` is -I, -C or -D."""
        words = ["iptables" if self.family == IPV4 else "ip6tables", "-w", "-t", "nat", operation, "POSTROUTING"]
        words += ["-o", self.uplink, "-s", self.source]
        if self.to:
            words += ["-d", self.to]
        words += ["-m", "comment", "--comment", self.comment()]
        return [*words, "-j", "ACCEPT" if self.to else "MASQUERADE"]

    def add(self) -> str:
        from snf_network_helper.kernel.process import quoted

        return quoted(self.command("-I"))

    def remove(self) -> str:
        from snf_network_helper.kernel.process import quoted

        return quoted(self.command("-D"))

    def make(self, user: User) -> None:
        """Iptables would take a rule twice; to look costs a process, so only where one of ours may be there.

        An earlier run has left a trace, or our comment is in the table: whatever saves iptables' rules and puts them
        back at boot, when no journal tells of them, has put back ours too.
        """
        from snf_network_helper.kernel.process import run_words

        if not ((user.again or self._may_be_saved()) and self.is_present(frozenset())):
            run_words(self.command("-I"))

    def _may_be_saved(self) -> bool:
        from snf_network_helper.kernel.nfnetlink import has_rule_with
        from snf_network_helper.runtime import files

        if files.last_link(f"/usr/sbin/{self.command('-C')[0]}").endswith("nft-multi"):
            return has_rule_with(self.family, "nat", "POSTROUTING", self.comment())
        tables = files.content(f"/proc/net/{'ip' if self.family == IPV4 else 'ip6'}_tables_names")
        return b"nat" in (tables or b"").split()

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
