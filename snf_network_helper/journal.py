"""The journal: what was done for an interface, so that exactly this can be undone; plain text below /run.

One file a stanza, named IFACE:ADDRFAM (no link's name has a colon). A line an entry, `STATE KIND field=value …`,
between a first line with the format's version and a last one that counts the entries, by which a file that is cut off
is known.
"""

from __future__ import annotations

import fcntl
import posix
import stat

from snf_network_helper.changes import KINDS, Change
from snf_network_helper.errors import JournalError, one_line
from snf_network_helper.system import exists

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Iterable, Iterator

DIRECTORY = "/run/snf-network-helper"
_HEADER = "snf-network-helper journal 1 run="

PENDING = "pending"  # about to be done; after a kill: perhaps done
APPLIED = "applied"
KEPT = "kept"  # was there before us, and stays
_STATES = (PENDING, APPLIED, KEPT)


class Entry:
    """One change and what became of it; `prior` is what stood in the place of a setting."""

    __slots__ = ("change", "state", "prior")

    def __init__(self, change: Change, state: str = PENDING, prior: str = "") -> None:
        self.change = change
        self.state = state
        self.prior = prior

    def line(self) -> str:
        """The entry as the journal's file holds it."""
        words = [self.state, type(self.change).__name__]
        words += [f"{name}={value}" for name, value in self.change.fields()]
        return " ".join(words + ([f"prior={self.prior}"] if self.prior else []))

    @classmethod
    def parse(cls, line: str) -> Entry:
        """Reads what `line()` wrote; ValueError for anything else."""
        state, kind, *words = line.split(" ")
        fields = {name: value for name, _, value in (word.partition("=") for word in words)}
        prior = fields.pop("prior", "")
        if state not in _STATES or kind not in KINDS:
            raise ValueError(line)
        try:
            entry = cls(KINDS[kind](**fields), state, prior)
        except TypeError:
            raise ValueError(line) from None
        if entry.line() != line:
            raise ValueError(line)
        return entry


class Journal:
    """One file: its entries; which ifup made the setup (`since`), and which was the last to confirm it (`run`)."""

    __slots__ = ("name", "run", "since", "entries")

    def __init__(self, name: str, run: str = "", entries: Iterable[Entry] = (), since: str = "") -> None:
        self.name = name
        self.run = run
        self.since = since
        self.entries = list(entries)

    @property
    def path(self) -> str:
        """Where the file is."""
        return f"{DIRECTORY}/journal/{self.name}"

    @classmethod
    def read(cls, name: str) -> Journal:
        """Reads the file, an empty journal where there is none.

        A file that is not wholly as we write it, or not root's own, is set aside, and JournalError raised: nothing is
        guessed.
        """
        journal = cls(name)
        try:
            file = posix.open(journal.path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK)
        except FileNotFoundError:
            return journal
        except OSError as error:
            raise journal._set_aside(error.strerror or str(error)) from None
        try:
            status = posix.fstat(file)
            if status.st_uid != posix.geteuid() or not stat.S_ISREG(status.st_mode) or status.st_mode & 0o022:
                raise journal._set_aside("not a file that only root can write")
            text = posix.read(file, status.st_size + 1).decode(errors="surrogateescape")
        finally:
            posix.close(file)
        try:
            header, *lines = text.split("\n")
            run, mark, since = header.removeprefix(_HEADER).partition(" since=")
            if not header.startswith(_HEADER) or not mark:
                raise ValueError(header)
            if lines[-2:] != [f"end {len(lines) - 2}", ""]:
                raise ValueError("it is cut off")
            del lines[-2:]
            journal.run, journal.since = run, since
            journal.entries = [Entry.parse(line) for line in lines]
        except ValueError as error:
            raise journal._set_aside(f"not understood: {one_line(str(error))}") from None
        return journal

    def _set_aside(self, why: str) -> JournalError:
        aside = f"{DIRECTORY}/aside/{self.name}"
        make_directory("aside")
        number = 1
        while exists(f"{aside}.{number}"):
            number += 1
        posix.rename(self.path, f"{aside}.{number}")
        return JournalError(f"journal {self.path}: {why}; set aside as {aside}.{number}, undo by hand what it lists")

    def write(self) -> None:
        """Writes the file anew, or removes it where there is nothing to undo; readers see the old or the new, whole."""
        if not self.entries:
            remove(self.path)
            return
        make_directory("journal")
        header = f"{_HEADER}{self.run} since={self.since}"
        lines = [header, *(entry.line() for entry in self.entries), f"end {len(self.entries)}", ""]
        draft = f"{DIRECTORY}/draft-{self.name}"  # beside the journals: whoever lists those sees only whole ones
        try:
            remove(draft)
            file = posix.open(draft, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW, 0o600)
            try:
                content = "\n".join(lines).encode(errors="surrogateescape")
                while content:
                    content = content[posix.write(file, content) :]
                posix.fsync(file)
            finally:
                posix.close(file)
            posix.rename(draft, self.path)
        except OSError as error:
            remove(draft)
            raise JournalError(f"cannot write {self.path}: {error.strerror}") from None


def remove(path: str) -> None:
    """Removes a file that may not be there."""
    try:
        posix.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise JournalError(f"cannot remove {path}: {error.strerror}") from None


def make_directory(name: str) -> None:
    """Makes a directory of the journal's, refusing one that others could have put there or can write to."""
    for path in (DIRECTORY, f"{DIRECTORY}/{name}"):
        try:
            posix.mkdir(path, 0o700)
        except FileExistsError:
            pass
        except OSError as error:
            raise JournalError(f"cannot make {path}: {error.strerror}") from None
        status = posix.lstat(path)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != posix.geteuid() or status.st_mode & 0o077:
            raise JournalError(f"{path}: expected a directory that is root's own, mode 0700")


def names(iface: str = "") -> Iterator[str]:
    """The names of all journals, or of one interface's, the latest address family first."""
    try:
        found = posix.listdir(f"{DIRECTORY}/journal")
    except OSError:
        return
    for name in sorted(found, reverse=True):
        if not iface or name.rpartition(":")[0] == iface:
            yield name


class Lock:
    """Held by one process at a time, and let go by the kernel if that one dies."""

    __slots__ = ("name", "_file")

    def __init__(self, name: str) -> None:
        self.name = name
        self._file = -1

    def __enter__(self) -> None:
        make_directory("lock")
        path = f"{DIRECTORY}/lock/{self.name}"
        try:
            self._file = posix.open(path, posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            raise JournalError(f"cannot lock {path}: {error.strerror}") from None

    def __exit__(self, *_: object) -> None:
        posix.close(self._file)
