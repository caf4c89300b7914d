"""The tools that change the kernel, as processes: ip(8) in batches, nft(8) in transactions."""

from __future__ import annotations

import posix
import sys

from snf_network_helper.changes import Change, IpChange, Route, quoted
from snf_network_helper.errors import Interrupted, KernelError, NotStartedError
from snf_network_helper.system import environ

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Sequence

_FROM_START = 0  # SEEK_SET

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
    """Says what is about to be done; Interrupted if a signal asked us to stop."""
    _heed_interrupt()
    _show(command)


class Process:
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


def _contents(stream: int) -> str:
    size = posix.fstat(stream).st_size
    return posix.pread(stream, size, 0).decode(errors="replace")


def reason(stderr: str) -> str:
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
        self._process = Process(command.split())

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
    code, stdout, stderr = Process(argv, "\n".join(lines) + "\n").finish()
    failures = batch_failures(stderr)
    if code and not failures:
        raise KernelError(" ".join(argv), reason(stderr))
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
            failures.append((int(number) - 1, reason(reasons)))
            reasons = ""
        else:
            reasons += line + "\n"
    return failures


def nft(commands: Sequence[str]) -> None:
    """Runs nft(8) commands as one transaction: all of them, or on KernelError none."""
    _heed_interrupt()
    for command in commands:
        _show(command)
    statements = [_statement(command) for command in commands]
    code, _, stderr = Process(["nft", "-f", "-"], "\n".join(statements) + "\n").finish()
    if code:
        # For what a file has it says first where that is included
        first = next((line for line in stderr.splitlines() if "Error: " in line), stderr.partition("\n")[0] or "failed")
        raise KernelError(commands[0] if len(commands) == 1 else "nft -f -", first.partition("Error: ")[2] or first)


def _statement(command: str) -> str:
    """What nft(8) reads for one of its commands."""
    included = "nft -f "
    if command.startswith(included):
        return f'include "{command.removeprefix(included)}"'
    return command.removeprefix("nft '").removesuffix("'")


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


def run(command: str) -> None:
    """Runs one command, whose only quotes are around what nft(8) is told; KernelError where it fails."""
    program, quote, statements = command.partition(" '")
    run_words([program, statements.removesuffix("'")] if quote else command.split(), command)


def run_words(argv: list[str], command: str = "") -> None:
    """Runs a command by its words; KernelError where it fails."""
    command = command or quoted(argv)
    begin(command)
    code, _, stderr = Process(argv).finish()
    if code:
        raise KernelError(command, reason(stderr))
