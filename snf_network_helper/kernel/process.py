"""The tools that change the kernel, as processes: what stops them, what is shown of them, and what they say."""

from snf_network_helper.errors import Interrupted, KernelError, NotStartedError, say
from snf_network_helper.lean import TYPE_CHECKING, environ, posix, signal
from snf_network_helper.runtime import lock

if TYPE_CHECKING:
    from collections.abc import Callable

_FROM_START = 0  # SEEK_SET

# How ip(8) says that what is to be added stands already, and that what is to be deleted is gone.
_EXISTS = ("File exists", "already assigned")
_GONE = ("No such process", "No such file or directory", "Cannot find device", "address not found", "Address not found",
         "Cannot assign requested address", "FIB table does not exist", "No such device",
         "element does not exist")  # fmt: skip

# Whether each command is shown before it runs, as `ifup -v` asks for.
verbose = False
# Set by a signal's handler: the next command that changes something is not run. Never anywhere else, so that no child
# is left to work behind the back of what undoes it.
interrupted = False

_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def heed_signals(bringing_up: bool) -> None:
    """Has SIGTERM, SIGHUP and SIGINT stop a bring-up before its next command; a take-down rather goes on to its end."""

    def interrupt(_number: int, _frame: object) -> None:
        global interrupted
        for number in _SIGNALS:  # what follows is the undoing: neither we nor the commands are to be interrupted again
            signal.signal(number, signal.SIG_IGN)
        if bringing_up and lock.waiting:  # nothing is at work that could be left behind
            raise Interrupted("interrupted")
        interrupted = bringing_up

    for number in _SIGNALS:
        signal.signal(number, interrupt)


def heed_interrupt() -> None:
    """Raises Interrupted if a signal asked us to stop."""
    if interrupted:
        raise Interrupted("interrupted")


def show(command: str) -> None:
    """Shows a command, where that is asked for."""
    if verbose:
        say(f"[#] {command}")


def begin(command: str) -> None:
    """Says what is about to be done; Interrupted if a signal asked us to stop."""
    heed_interrupt()
    show(command)


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


class Query:
    """A command that only reads, at work."""

    __slots__ = ("_answer", "_process")

    def __init__(self, command: str) -> None:
        self._process = Process(command.split())
        self._answer: str | None = None

    def answer(self) -> str:
        """What it prints, waited for once; "" where what it asks for does not exist."""
        if self._answer is None:
            self._answer = self._process.finish()[1].strip()
        return self._answer


def query(command: str) -> str:
    """The answer to a query, waited for."""
    return Query(command).answer()


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


def is_gone(reason: str) -> bool:
    """True where a delete failed because there is nothing left to delete."""
    return any(words in reason for words in _GONE)


def exists_already(reason: str) -> bool:
    """True where an add failed because something stands there already."""
    return any(words in reason for words in _EXISTS)


def quoted(words: list[str]) -> str:
    """The words as one line for a shell; only a comment of ours has a blank, and no word has a quote."""
    return " ".join(f'"{word}"' if " " in word else word for word in words)


class Running:
    """A command that changes something, at work; it is shown when it is its turn, and that is when it is waited for."""

    __slots__ = ("_command", "_process")

    def __init__(self, argv: list[str], command: str = "") -> None:
        heed_interrupt()
        self._command = command or quoted(argv)
        self._process = Process(argv)

    def finish(self) -> None:
        """Waits for its end; KernelError where it fails."""
        show(self._command)
        _output(self._process, self._command)


def run(command: str) -> None:
    """Runs one command, whose only quotes are around what nft(8) is told; KernelError where it fails."""
    program, quote, statements = command.partition(" '")
    run_words([program, statements.removesuffix("'")] if quote else command.split(), command)


def run_words(argv: list[str], command: str = "") -> None:
    """Runs a command by its words; KernelError where it fails."""
    command = command or quoted(argv)
    begin(command)
    _output(Process(argv), command)


def output(argv: list[str]) -> str:
    """What a command that only looks prints; KernelError where it fails."""
    process = Process(argv)
    return _output(process, process.command)


def _output(process: Process, command: str) -> str:
    """What a process prints until its end; KernelError where it fails."""
    code, stdout, stderr = process.finish()
    if code:
        raise KernelError(command, reason(stderr))
    return stdout


class Deletion:
    """A deletion at work: nftables makes it wait for up to 10 ms, which others use meanwhile."""

    __slots__ = ("_is_present", "_process")

    def __init__(self, argv: list[str], is_present: "Callable[[], bool]") -> None:
        begin(quoted(argv))
        self._process = Process(argv)
        self._is_present = is_present

    def finish(self) -> None:
        """Waits for it; its failure is an error only while there is something to delete."""
        code, _, stderr = self._process.finish()
        if code and self._is_present():
            raise KernelError(self._process.command, reason(stderr))
