"""What attach makes outside the kernel: files that other programs read, and servers; the only module that does so.

A server ends only if it is ours beyond doubt: a process in this network namespace with the very command line that only
the server of this TAP has, whatever its pid file says. The process is held by a pidfd meanwhile, so that no other one
can have got its number (pidfd_open(2)).
"""

import os
import select

# The C half of `signal`, whose Python half costs 5 ms.
from _signal import SIGKILL, pidfd_send_signal  # type: ignore[import]

from snf_network_helper import kernel
from snf_network_helper.changes import Change
from snf_network_helper.errors import JournalError, KernelError
from snf_network_helper.journal import APPLIED, DIRECTORY, KEPT, PENDING, Entry, make_directory

_END_SECONDS = 10.0


class File(Change):
    """A file that another program reads."""

    __slots__ = ()
    is_outside = True

    def path(self) -> str:
        """Where it is."""
        raise NotImplementedError

    def text(self) -> str:
        """All that is in it."""
        raise NotImplementedError

    def add(self) -> str:
        text = self.text().replace("\n", "\\n")
        return f"printf '{text}' > {self.path()}"

    def remove(self) -> str:
        return f"rm {self.path()}"


class Server(Change):
    """A process that serves one TAP, with a configuration of its own; `dev` is the TAP."""

    __slots__ = ()
    is_outside = True
    program: str
    dev: str

    def options(self) -> str:
        """What is on its command line beside the configuration and the pid file."""
        raise NotImplementedError

    def text(self) -> str:
        """Its configuration."""
        raise NotImplementedError

    def path(self) -> str:
        """Where its configuration is."""
        return f"{DIRECTORY}/serve/{self.dev}.{self.program}"

    def pid_path(self) -> str:
        """Where it leaves the number of its process."""
        return f"{self.path()}.pid"

    def add(self) -> str:
        return f"{self.program} {self.options()}"

    def remove(self) -> str:
        return f"kill -KILL $(cat {self.pid_path()})"


def prepare(change: Change, old: Entry | None) -> Entry:
    """The entry that says what stands before the change is made; of a file its former content, in hexadecimal."""
    ours = old is not None and old.state != KEPT
    if isinstance(change, Server):
        stands = ours and _content(change.path()) == change.text().encode() and _process(change) is not None
        return Entry(change, APPLIED if stands else PENDING)
    assert isinstance(change, File)
    content = _content(change.path())
    if content == change.text().encode():
        return Entry(change, APPLIED if ours else KEPT, old.prior if old is not None and ours else "")
    if old is not None and ours:
        return Entry(change, PENDING, old.prior)
    return Entry(change, PENDING, content.hex() if content else "")


def make(change: Change) -> None:
    """Writes the file, or the server's configuration, and starts that: it puts itself into the background."""
    if isinstance(change, Server):
        make_directory("serve")
        undo(change, "")  # one whose configuration is another
        _write(change.path(), change.text().encode())
        kernel.run(change.add())
    elif isinstance(change, File):
        kernel.begin(change.add())
        _write(change.path(), change.text().encode())


def undo(change: Change, before: str) -> None:
    """Ends the server; removes the file, or gives it its former content, unless somebody has changed it since."""
    if isinstance(change, Server):
        _end(change)
        for path in (change.pid_path(), change.path()):
            _remove(path)
    elif isinstance(change, File):
        content = _content(change.path())
        if content is None or not change.text().encode().startswith(content):  # a kill may have cut it off
            return
        kernel.begin(change.remove())
        if before:
            _write(change.path(), bytes.fromhex(before))
        else:
            _remove(change.path())


def _end(server: Server) -> None:
    """Ends a server at once: it keeps nothing, and a goodbye of radvd would leave a guest that moves without route."""
    if _content(server.path()) is None:  # without one it has never been started
        return
    process = _process(server)
    for found in [process] if process is not None else _processes(server):
        kernel.begin(server.remove())
        _kill(server, found)


def _kill(server: Server, process: int) -> None:
    try:
        pidfd = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        if not _is(server, process):
            return
        pidfd_send_signal(pidfd, SIGKILL)
        if not select.select([pidfd], [], [], _END_SECONDS)[0]:
            raise KernelError(server.remove(), "the process does not end")
    except ProcessLookupError:
        return
    finally:
        os.close(pidfd)


def _process(server: Server) -> int | None:
    """The process of this server that its pid file names, None where there is none."""
    text = (_content(server.pid_path()) or b"").strip()
    return int(text) if text.isdigit() and _is(server, int(text)) else None


def _processes(server: Server) -> list[int]:
    """Every process of a server that has not come to write its pid file: whoever started it was killed meanwhile."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _is(server, int(name))]


def _is(server: Server, process: int) -> bool:
    line = _content(f"/proc/{process}/cmdline")
    if line is None or line.rstrip(b"\0").split(b"\0") != server.add().encode().split(b" "):
        return False
    return _network(str(process)) == _network("self")


def _network(process: str) -> str | None:
    try:
        return os.readlink(f"/proc/{process}/ns/net")
    except OSError:
        return None


def _content(path: str) -> bytes | None:
    """What is in a file, None where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except ProcessLookupError:  # below /proc
        return None
    except OSError as error:
        raise JournalError(f"cannot read {path}: {error.strerror}") from None


def _write(path: str, content: bytes) -> None:
    """Writes a file in place: nfdhcpd heeds files that are closed after writing, and none that are renamed."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(file, "wb") as stream:
            stream.write(content)
    except OSError as error:
        raise JournalError(f"cannot write {path}: {error.strerror}") from None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise JournalError(f"cannot remove {path}: {error.strerror}") from None
