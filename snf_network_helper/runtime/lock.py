"""Locks: held by one process at a time, or by several that share one, and let go by the kernel if one dies."""

import fcntl

from snf_network_helper.errors import Interrupted, JournalError
from snf_network_helper.lean import posix
from snf_network_helper.runtime import files

# True while a process waits for a lock: flock(2) goes on waiting after a signal, unless its handler raises an error.
waiting = False

# Of what a stanza's plan depends on: no two bring-ups look at the host at the same time, and neither sees the other.
FACTS = ":facts"
SHARED = ":shared"  # of all that several users have; no link's name has a colon


class Lock:
    """The lock of one name, as a context; an interface's is always taken before `SHARED` (flock(2))."""

    __slots__ = ("_file", "_mode", "name")

    def __init__(self, name: str, shared: bool = False) -> None:
        self.name = name
        self._mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._file = -1

    def __enter__(self) -> None:
        files.make_directory("lock")
        path = f"{files.DIRECTORY}/lock/{self.name}"
        try:
            self._file = posix.open(path, posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW, 0o600)
            self._wait()
        except OSError as error:
            raise JournalError(f"cannot lock {path}: {error.strerror}") from None

    def _wait(self) -> None:
        global waiting
        try:
            fcntl.flock(self._file, self._mode | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            waiting = True
        try:
            fcntl.flock(self._file, self._mode)
        except Interrupted:
            posix.close(self._file)
            raise
        finally:
            waiting = False

    def __exit__(self, *_: object) -> None:
        posix.close(self._file)
