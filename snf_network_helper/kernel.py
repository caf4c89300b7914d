"""The only module that changes the kernel: ip(8) in batches, /proc/sys, arptables and iptables."""

from __future__ import annotations

import posix
import sys

from snf_network_helper.changes import Address, Change, IpChange, Route, Sysctl, quoted
from snf_network_helper.errors import Interrupted, KernelError, NotStartedError
from snf_network_helper.netfilter_changes import ArpSource, Masquerade
from snf_network_helper.system import environ, exists, last_link

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Callable, Sequence

_PROC_SYS = "/proc/sys/"
_ARPTABLES = "/usr/sbin/arptables"
_FROM_START = 0  # SEEK_SET
_ALL_IPV6_FORWARDING = "net/ipv6/conf/all/forwarding"
_IPV6_LINKS = _PROC_SYS + "net/ipv6/conf"

# How ip(8) says that what is to be added stands already, and that what is to be deleted is gone.
EXISTS = ("File exists", "already assigned")
_GONE = ("No such process", "No such file or directory", "Cannot find device", "address not found", "Address not found",
         "Cannot assign requested address", "FIB table does not exist", "No such device")  # fmt: skip

# Whether each command is shown before it runs, as `ifup -v` asks for.
verbose = False
# Set by a signal's handler: the next command that changes something is not run. Never anywhere else, so that no child
# is left to work behind the back of what undoes it.
interrupted = False


def _heed_interrupt() -> None:
    if interrupted:
        raise Interrupted("interrupted")


def _show(command: str) -> None:
    if verbose:
        print(f"[#] {command}", file=sys.stderr, flush=True)


def begin(command: str) -> None:
    """Says what is about to be done by other means than a command; Interrupted if a signal asked us to stop."""
    _heed_interrupt()
    _show(command)


class _Process:
    """A command at work. Its three streams are files in memory: no pipe fills up, so nothing is read while it runs."""

    __slots__ = ("_child", "_streams", "command")

    def __init__(self, argv: list[str], stdin: str = "") -> None:
        self.command = quoted(argv)
        self._streams = [posix.memfd_create(name) for name in ("stdin", "stdout", "stderr")]
        if stdin:
            posix.write(self._streams[0], stdin.encode(errors="surrogateescape"))
            posix.lseek(self._streams[0], 0, _FROM_START)
        redirected = [(posix.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(self._streams)]
        try:
            self._child = posix.posix_spawnp(argv[0], argv, environ, file_actions=redirected)
        except OSError as error:
            self._close()
            raise NotStartedError(self.command, f"{argv[0]}: {error.strerror}") from None

    def finish(self) -> tuple[int, str, str]:
        """Waits for its end: exit code, standard output, standard error."""
        status = posix.waitpid(self._child, 0)[1]
        stdout, stderr = (_contents(stream) for stream in self._streams[1:])
        self._close()
        return posix.waitstatus_to_exitcode(status), stdout, stderr

    def _close(self) -> None:
        for stream in self._streams:
            posix.close(stream)


def _run(argv: list[str], stdin: str = "") -> tuple[int, str, str]:
    """Runs a command found in PATH to its end: exit code, standard output, standard error."""
    return _Process(argv, stdin).finish()


def _contents(stream: int) -> str:
    size = posix.fstat(stream).st_size
    return posix.pread(stream, size, 0).decode(errors="replace")


def _reason(stderr: str) -> str:
    """The tool's last line, without what every such line says."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not line.startswith("# Warning")]
    last = lines[-1] if lines else "failed"
    # nft(8) goes on to point at the place
    last = next((line.partition("Error: ")[2] for line in lines if ": Error: " in line), last)
    for noise in ("RTNETLINK answers: ", "Error: "):
        last = last.removeprefix(noise)
    return last.removesuffix(".")


class Query:
    """An ip(8) command that only reads, at work."""

    __slots__ = ("_process",)

    def __init__(self, command: str) -> None:
        self._process = _Process(command.split())

    def answer(self) -> str:
        """What it prints; "" where what it asks for does not exist."""
        return self._process.finish()[1].strip()


def query(command: str) -> str:
    """The answer to a query, waited for."""
    return Query(command).answer()


def batch(commands: Sequence[str], keep_going: bool) -> tuple[list[tuple[int, str]], str]:
    """Runs ip(8) commands of one family in one process: index and reason of each that failed, and what was printed.

    Without `keep_going` it stops at the first failure; what came before stays done (`ip -batch`, ip(8)).
    """
    six = "ip -6 "
    family = ["-6"] if commands[0].startswith(six) else []
    _heed_interrupt()
    lines = [command.removeprefix(six if family else "ip ") for command in commands]
    argv = ["ip", *family, *(["-force"] if keep_going else []), "-batch", "-"]
    code, stdout, stderr = _run(argv, "\n".join(lines) + "\n")
    failures = batch_failures(stderr)
    if code and not failures:
        raise KernelError(" ".join(argv), _reason(stderr))
    ran = len(commands) if keep_going or not failures else failures[0][0] + 1
    for command in commands[:ran]:
        if " show " not in command:
            _show(command)
    return failures, stdout


def batch_failures(stderr: str) -> list[tuple[int, str]]:
    """Index and reason of each command of an `ip -batch -` that failed."""
    failures = []
    reasons = ""
    for line in stderr.splitlines():
        head, colon, number = line.rpartition(":")
        if colon and head == "Command failed -" and number.isdigit():
            failures.append((int(number) - 1, _reason(reasons)))
            reasons = ""
        else:
            reasons += line + "\n"
    return failures


def nft(commands: Sequence[str]) -> None:
    """Runs nft(8) commands as one transaction: all of them, or on KernelError none."""
    _heed_interrupt()
    for command in commands:
        _show(command)
    statements = [command.removeprefix("nft '").removesuffix("'") for command in commands]
    code, _, stderr = _run(["nft", "-f", "-"], "\n".join(statements) + "\n")
    if code:
        first = stderr.splitlines()[0] if stderr else "failed"
        raise KernelError(commands[0] if len(commands) == 1 else "nft -f -", first.partition("Error: ")[2] or first)


def family_of(change: Change) -> str:
    """Which batch a change goes into, "ip", "ip -6" or "nft"; "" for one that is made by itself."""
    if change.batched_by_nft:
        return "nft"
    if not isinstance(change, IpChange):
        return ""
    return "ip -6" if change.add().startswith("ip -6 ") else "ip"


def is_gone(reason: str) -> bool:
    """True where a delete failed because there is nothing left to delete."""
    return any(words in reason for words in _GONE)


def holder(route: Route) -> str:
    """Who made the route that stands where ours should: "ours" by its mark, "foreign" if equal, "" if different."""
    shown = query(route.show() + " proto snf")
    if shown:
        return "ours"
    return "foreign" if query(route.show()) else ""


def has_address(change: Address) -> bool:
    """True where the link has the address with this very prefix length."""
    address, _, length = change.address.partition("/")
    bits = 32 if change.family == "4" else 128
    mask = ((1 << int(length)) - 1) << (bits - int(length))
    return any(
        entry["addr"].partition("%")[0] == address
        and (entry["netmask"].endswith(f"/{length}") if bits == 128 else entry["netmask"] == _dotted(mask))
        for entry in _addresses(change.dev, change.family)
    )


def addresses(dev: str, family: str) -> int:
    """How many addresses of a family the link has."""
    return len(_addresses(dev, family))


def _addresses(dev: str, family: str) -> list[dict[str, str]]:
    import netifaces  # only roles with an address of their own pay for it

    try:
        found: list[dict[str, str]] = netifaces.ifaddresses(dev).get(
            netifaces.AF_INET if family == "4" else netifaces.AF_INET6, []
        )
    except ValueError:  # no such link
        return []
    return found


def _dotted(mask: int) -> str:
    return ".".join(str(mask >> shift & 255) for shift in (24, 16, 8, 0))


def read(path: str) -> str:
    """The value of a setting below /proc/sys; raises KernelError where the kernel has none."""
    try:
        with open(_PROC_SYS + path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        raise KernelError(f"cat {_PROC_SYS}{path}", error.strerror or str(error)) from None


def write(path: str, value: str) -> None:
    """Writes a setting below /proc/sys."""
    command = f"echo {value} > {_PROC_SYS}{path}"
    _heed_interrupt()
    _show(command)
    try:
        with open(_PROC_SYS + path, "w", encoding="utf-8") as file:
            file.write(value)
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None


def prior(change: Sysctl) -> str:
    """What has to be known to put the setting back: its value and, joined by commas, the links it drags along.

    Writing net.ipv6.conf.all.forwarding overwrites every link's own forwarding (addrconf_fixup_forwarding in the
    kernel's net/ipv6/addrconf.c).
    """
    value = read(change.path)
    if change.path != _ALL_IPV6_FORWARDING or value == change.value:
        return value
    forwarding = [link for link in sorted(posix.listdir(_IPV6_LINKS)) if link != "all" and _forwards(link)]
    return ",".join([value, *forwarding])


def _forwards(link: str) -> bool:
    try:
        return read(f"net/ipv6/conf/{link}/forwarding") == "1"
    except KernelError:  # the link went away in between
        return False


def restore(change: Sysctl, before: str) -> None:
    """Puts a setting back to its prior, unless somebody has changed it since, or its link is gone."""
    try:
        value, *forwarding = before.split(",")
        if read(change.path) != change.value or value == change.value:
            return
        write(change.path, value)
    except KernelError:
        if exists(_PROC_SYS + change.path):
            raise
        return
    for link in forwarding:
        if exists(f"{_IPV6_LINKS}/{link}"):
            write(f"net/ipv6/conf/{link}/forwarding", "1")


def arp_source_number(change: ArpSource) -> int:
    """The rule's number in arptables' OUTPUT chain, 0 where it is not there.

    `-n`: names would be looked up by DNS. Neither variant can say by itself whether a rule exists (legacy has no -C).
    """
    argv = ["arptables", "-n", "-L", "OUTPUT", "--line-numbers"]
    code, stdout, stderr = _run(argv)
    if code:
        raise KernelError(" ".join(argv), _reason(stderr))
    wanted = change.listed()
    for line in stdout.splitlines():
        number, *words = line.split() or [""]
        if number.isdigit() and wanted == frozenset(words):
            return int(number)
    return 0


def add_arp_source(change: ArpSource) -> None:
    """Inserts the arptables rule at the head of OUTPUT."""
    _run_or_raise(change.add().split())


def remove_arp_source(change: ArpSource) -> Deletion | None:
    """Begins to remove the rule; None where it is not there.

    By its text arptables-nft takes this very rule, but arptables-legacy any rule of the link, whatever its address:
    there the rule's number says which, and its removal is waited for, as that tool has no lock of its own.
    """
    if last_link(_ARPTABLES).endswith("nft-multi"):
        return Deletion(change.remove().split(), lambda: arp_source_number(change) > 0)
    if number := arp_source_number(change):
        _run_or_raise(["arptables", "-D", "OUTPUT", str(number)])
    return None


def has_masquerade(change: Masquerade) -> bool:
    """True where the rule, with our comment, is in the nat table."""
    return _run(change.command("-C"))[0] == 0


def add_masquerade(change: Masquerade) -> None:
    """Inserts the rule at the head of POSTROUTING."""
    _run_or_raise(change.command("-I"))


def remove_masquerade(change: Masquerade) -> Deletion:
    """Begins to delete the rule."""
    return Deletion(change.command("-D"), lambda: has_masquerade(change))


class Deletion:
    """A deletion at work: nftables makes it wait for up to 10 ms, which others use meanwhile."""

    __slots__ = ("_is_present", "_process")

    def __init__(self, argv: list[str], is_present: Callable[[], bool]) -> None:
        _heed_interrupt()
        _show(quoted(argv))
        self._process = _Process(argv)
        self._is_present = is_present

    def finish(self) -> None:
        """Waits for it; its failure is an error only while there is something to delete."""
        code, _, stderr = self._process.finish()
        if code and self._is_present():
            raise KernelError(self._process.command, _reason(stderr))


def run(command: str) -> None:
    """Runs one ip(8) or nft(8) command; KernelError where it fails."""
    program, quote, statements = command.partition(" '")
    _run_or_raise([program, statements.removesuffix("'")] if quote else command.split(), command)


def _run_or_raise(argv: list[str], command: str = "") -> None:
    _heed_interrupt()
    command = command or quoted(argv)
    _show(command)
    code, _, stderr = _run(argv)
    if code:
        raise KernelError(command, _reason(stderr))
