"""Rules of arptables and iptables: looked for, inserted, deleted."""

from __future__ import annotations

from snf_network_helper import kernel
from snf_network_helper.changes import quoted
from snf_network_helper.errors import KernelError
from snf_network_helper.system import last_link

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Callable

    from snf_network_helper.netfilter_changes import ArpSource, Masquerade

_ARPTABLES = "/usr/sbin/arptables"


def arp_source_number(change: ArpSource) -> int:
    """The rule's number in arptables' OUTPUT chain, 0 where it is not there.

    `-n`: names would be looked up by DNS. Neither variant can say by itself whether a rule exists (legacy has no -C).
    """
    argv = ["arptables", "-n", "-L", "OUTPUT", "--line-numbers"]
    code, stdout, stderr = kernel.Process(argv).finish()
    if code:
        raise KernelError(" ".join(argv), kernel.reason(stderr))
    wanted = change.listed()
    for line in stdout.splitlines():
        number, *words = line.split() or [""]
        if number.isdigit() and wanted == frozenset(words):
            return int(number)
    return 0


def add_arp_source(change: ArpSource) -> None:
    """Inserts the arptables rule at the head of OUTPUT."""
    kernel.run(change.add())


def remove_arp_source(change: ArpSource) -> Deletion | None:
    """Begins to remove the rule; None where it is not there.

    By its text arptables-nft takes this very rule, but arptables-legacy any rule of the link, whatever its address:
    there the rule's number says which, and its removal is waited for, as that tool has no lock of its own.
    """
    if last_link(_ARPTABLES).endswith("nft-multi"):
        return Deletion(change.remove().split(), lambda: arp_source_number(change) > 0)
    if number := arp_source_number(change):
        kernel.run(f"arptables -D OUTPUT {number}")
    return None


def has_masquerade(change: Masquerade) -> bool:
    """True where the rule, with our comment, is in the nat table."""
    return kernel.Process(change.command("-C")).finish()[0] == 0


def add_masquerade(change: Masquerade) -> None:
    """Inserts the rule at the head of POSTROUTING."""
    kernel.run_words(change.command("-I"))


def remove_masquerade(change: Masquerade) -> Deletion:
    """Begins to delete the rule."""
    return Deletion(change.command("-D"), lambda: has_masquerade(change))


class Deletion:
    """A deletion at work: nftables makes it wait for up to 10 ms, which others use meanwhile."""

    __slots__ = ("_is_present", "_process")

    def __init__(self, argv: list[str], is_present: Callable[[], bool]) -> None:
        kernel.begin(quoted(argv))
        self._process = kernel.Process(argv)
        self._is_present = is_present

    def finish(self) -> None:
        """Waits for it; its failure is an error only while there is something to delete."""
        code, _, stderr = self._process.finish()
        if code and self._is_present():
            raise KernelError(self._process.command, kernel.reason(stderr))
