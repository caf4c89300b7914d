"""Server processes of ours: found and ended.

One ends only if it is ours beyond doubt: a process in this network namespace with the very command line that only the
server of this TAP has, whatever its pid file says. The process is held by a pidfd meanwhile, so that no other one can
have got its number (pidfd_open(2)).
"""

import select

from snf_network_helper.errors import KernelError
from snf_network_helper.kernel.process import begin
from snf_network_helper.lean import posix, signal
from snf_network_helper.runtime import files

_END_SECONDS = 10.0


def find(command: str, pid_path: str) -> int | None:
    """The process of that command line which its pid file names, None where there is none."""
    text = (files.content(pid_path) or b"").strip()
    return int(text) if text.isdigit() and _is(command, int(text)) else None


def end(command: str, pid_path: str, killing: str) -> None:
    """Ends the process, whatever its pid file says; `killing` is the command that would do the same, for the error."""
    process = find(command, pid_path)
    processes = [process] if process is not None else _all(command)
    for number in processes:
        begin(killing)
        _kill(command, number, killing)


def _all(command: str) -> list[int]:
    """Every such process, also one that has not come to write its pid file: who started it was killed meanwhile."""
    return [int(name) for name in posix.listdir("/proc") if name.isdigit() and _is(command, int(name))]


def _kill(command: str, process: int, killing: str) -> None:
    try:
        pidfd = posix.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        if not _is(command, process):
            return
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        if not select.select([pidfd], [], [], _END_SECONDS)[0]:
            raise KernelError(killing, "the process does not end")
    except ProcessLookupError:
        return
    finally:
        posix.close(pidfd)


def _is(command: str, process: int) -> bool:
    line = files.content(f"/proc/{process}/cmdline")
    if line is None or line.rstrip(b"\0").split(b"\0") != command.encode().split(b" "):
        return False
    return _network(str(process)) == _network("self")


def _network(process: str) -> str | None:
    try:
        return posix.readlink(f"/proc/{process}/ns/net")
    except OSError:
        return None
