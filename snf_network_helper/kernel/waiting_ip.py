"""An ip(8) that has been started before it is needed: what it is told then is done at once."""

from snf_network_helper.kernel.ip import batch_failures
from snf_network_helper.lean import TYPE_CHECKING, environ, posix

if TYPE_CHECKING:
    from collections.abc import Sequence


class WaitingIp:
    """One `ip -force -batch -`, at work until it has been told what to do, or is not needed any more."""

    __slots__ = ("_child", "_stderr", "_stdin")

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        reader, self._stdin = posix.pipe()
        self._stderr = posix.memfd_create("stderr")
        files = [(posix.POSIX_SPAWN_DUP2, reader, 0), (posix.POSIX_SPAWN_DUP2, self._stderr, 2)]
        self._child = posix.posix_spawnp("ip", ["ip", "-force", "-batch", "-"], environ, file_actions=files)
        posix.close(reader)

    def tell(self, commands: "Sequence[str]") -> None:
        """Has it run ip(8) commands of both families, past what fails."""
        if self._stdin < 0:
            self._start()
        # The family of a route is read off its prefix
        lines = [command.removeprefix("ip ").removeprefix("-6 ") for command in commands]
        posix.write(self._stdin, "".join(f"{line}\n" for line in lines).encode())

    def finish(self) -> list[tuple[int, str]]:
        """Waits until it has; returns index and reason of each command that failed."""
        return batch_failures(self._end())

    def _end(self) -> str:
        if self._stdin < 0:
            return ""
        posix.close(self._stdin)
        self._stdin = -1
        posix.waitpid(self._child, 0)
        said = posix.pread(self._stderr, posix.fstat(self._stderr).st_size, 0).decode(errors="replace")
        posix.close(self._stderr)
        return said

    def __enter__(self) -> "WaitingIp":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
