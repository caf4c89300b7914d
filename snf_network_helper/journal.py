"""The journal: what was done for an interface, so that exactly this can be undone; plain text below /run.

One file a stanza, named IFACE:ADDRFAM (no link's name has a colon). A line an entry, `STATE KIND field=value …`,
between a first line with the format's version and a last one that counts the entries, by which a file that is cut off
is known. A virtual machine's TAP has one, TAP:attached, whose second line says what was asked for; these are files of a
directory of their own, so that what looks for stanzas costs the same however many machines there are.
"""

from __future__ import annotations

import fcntl
import posix
import stat

from snf_network_helper import netfilter_changes  # noqa: F401  # adds its kinds to those of `changes`
from snf_network_helper.changes import KINDS, Change
from snf_network_helper.errors import JournalError, one_line
from snf_network_helper.system import exists

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Iterable, Iterator

DIRECTORY = "/run/snf-network-helper"
_HEADER = "snf-network-helper journal 1 run="
_REQUEST = "asked "
ATTACHED = "attached"  # in the place of the address family

PENDING = "pending"  # about to be done; after a kill: perhaps done
APPLIED = "applied"
KEPT = "kept"  # was there before us, and stays
AWAITED = "awaited"  # to be done once the machine that moves in is heard
_STATES = (PENDING, APPLIED, KEPT, AWAITED)


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
        if kind not in KINDS:
            from snf_network_helper import guest_changes  # noqa: F401  # adds the kinds that only guests need
        if kind not in KINDS:
            from snf_network_helper import nfdhcpd, serve  # noqa: F401  # and those that only some of them need
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
    """One file: its entries; which ifup made the setup (`since`), and which was the last to confirm it (`run`).

    `request` is what an attachment was asked for.
    """

    __slots__ = ("name", "run", "since", "request", "entries")

    def __init__(
        self, name: str, run: str = "", entries: Iterable[Entry] = (), since: str = "", request: str = ""
    ) -> None:
        self.name = name
        self.run = run
        self.since = since
        self.request = request
        self.entries = list(entries)

    @property
    def awaits(self) -> bool:
        """True while the machine of an attachment has not been heard."""
        return any(entry.state == AWAITED for entry in self.entries)

    @property
    def path(self) -> str:
        """Where the file is."""
        return f"{DIRECTORY}/{self._place}"

    @property
    def _place(self) -> str:
        owner, _, kind = self.name.rpartition(":")
        return f"{ATTACHED}/{owner}" if kind == ATTACHED else f"journal/{self.name}"

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
            if lines and lines[0].startswith(_REQUEST):
                journal.request = lines.pop(0).removeprefix(_REQUEST)
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
        make_directory(self._place.partition("/")[0])
        header = f"{_HEADER}{self.run} since={self.since}"
        body = [f"{_REQUEST}{self.request}"] * bool(self.request) + [entry.line() for entry in self.entries]
        lines = [header, *body, f"end {len(body)}", ""]
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
    """The names of all stanzas' journals, or of one interface's, the latest address family first."""
    try:
        found = posix.listdir(f"{DIRECTORY}/journal")
    except OSError:
        return
    for name in sorted(found, reverse=True):
        if not iface or name.rpartition(":")[0] == iface:
            yield name


def attached() -> list[str]:
    """The TAPs that have a journal."""
    try:
        return sorted(posix.listdir(f"{DIRECTORY}/{ATTACHED}"))
    except OSError:
        return []


def attached_names() -> list[str]:
    """The names of their journals."""
    return [f"{tap}:{ATTACHED}" for tap in attached()]


class Lock:
    """Held by one process at a time, or by several that share it, and let go by the kernel if one dies."""

    __slots__ = ("name", "_mode", "_file")

    def __init__(self, name: str, shared: bool = False) -> None:
        self.name = name
        self._mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._file = -1

    def __enter__(self) -> None:
        make_directory("lock")
        path = f"{DIRECTORY}/lock/{self.name}"
        try:
            self._file = posix.open(path, posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW, 0o600)
            fcntl.flock(self._file, self._mode)
        except OSError as error:
            raise JournalError(f"cannot lock {path}: {error.strerror}") from None

    def __exit__(self, *_: object) -> None:
        posix.close(self._file)
