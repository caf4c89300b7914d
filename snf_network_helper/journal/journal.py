"""The journal: what was done for an interface, so that exactly this can be undone; plain text below /run.

One file a stanza, named IFACE:ADDRFAM (no link's name has a colon). A line an entry, `STATE KIND field=value …`,
between a first line with the format's version and a last one that counts the entries, by which a file that is cut off
is known. The second line says what was asked for, where no entry tells that. A guest's TAP has one, TAP:attached; these
are files of a directory of their own, so that what looks for stanzas costs the same however many guests there are.
"""

from snf_network_helper.changes.base import AWAITED, KEPT, PENDING, Change, Entry
from snf_network_helper.errors import JournalError, one_line
from snf_network_helper.lean import TYPE_CHECKING, posix
from snf_network_helper.runtime import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEADER = "snf-network-helper journal 1 run="
_LINK = "link="
_REQUEST = "asked "
_USUAL = ("inet6", "inet", "any")  # the last where no family is told
ATTACHED = "attached"  # in the place of the address family


class Journal:
    """One file: its entries; which ifup made the setup (`since`), and which was the last to confirm it (`run`).

    `link` is the number of a stanza's link, which keeps it when it is renamed; "" in journals of earlier versions.

    `request` is what an attachment was asked for, or of a stanza what its changes do not tell: `arp-ip=`, the address
    that no guest may have. Several stanzas of one family have the journal in parts: the first `former` entries are of
    an earlier ifup, for a stanza whose turn is yet to come; where several have had theirs, the next `first` entries are
    those of the first one.
    """

    __slots__ = ("name", "run", "since", "request", "entries", "former", "first", "link")

    def __init__(
        self, name: str, run: str = "", entries: "Iterable[Entry]" = (), since: str = "", request: str = ""
    ) -> None:
        self.name = name
        self.run = run
        self.since = since
        self.request = request
        self.entries = list(entries)
        self.link = ""
        self.former = self.first = 0

    def of_others(self, run: str) -> list[Entry]:
        """What an earlier ifup than `run` made for another stanza than the one whose turn it is."""
        if run and self.run == run:
            return self.entries[: self.former]
        after = self.former + self.first
        return self.entries[: self.former] + (self.entries[after:] if self.first else [])

    @property
    def owner(self) -> str:
        """The interface or the TAP that the journal is of."""
        return self.name.rpartition(":")[0]

    @property
    def is_attachment(self) -> bool:
        """True for a guest's, False for a stanza's."""
        return self.name.endswith(f":{ATTACHED}")

    @property
    def awaits(self) -> bool:
        """True while the guest of an attachment has not been heard."""
        return any(entry.state == AWAITED for entry in self.entries)

    @property
    def path(self) -> str:
        """Where the file is."""
        return f"{files.DIRECTORY}/{self._place}"

    @property
    def _place(self) -> str:
        owner, _, kind = self.name.rpartition(":")
        return f"{ATTACHED}/{owner}" if kind == ATTACHED else f"journal/{self.name}"

    @classmethod
    def read(cls, name: str) -> "Journal":
        """Reads the file, an empty journal where there is none.

        A file that is not wholly as we write it, or not root's own, is set aside, and JournalError raised: nothing is
        guessed. A process that only looks leaves it in place.
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
            if not files.is_ours(status):
                raise journal._set_aside("not a file that only root can write")
            text = posix.read(file, status.st_size + 1).decode(errors="surrogateescape")
        finally:
            posix.close(file)
        try:
            header, *lines = text.split("\n")
            run, mark, rest = header.removeprefix(_HEADER).partition(" since=")
            if not header.startswith(_HEADER) or not mark:
                raise ValueError(header)
            if lines[-2:] != [f"end {len(lines) - 2}", ""]:
                raise ValueError("it is cut off")
            del lines[-2:]
            since, *parts = rest.split(" ")
            journal._read_parts(parts)
            journal.run, journal.since = run, since
            if lines and lines[0].startswith(_REQUEST):
                journal.request = lines.pop(0).removeprefix(_REQUEST)
            journal.entries = [Entry.parse(line) for line in lines]
        except ValueError as error:
            raise journal._set_aside(f"not understood: {one_line(str(error))}") from None
        return journal

    def _read_parts(self, parts: list[str]) -> None:
        """What else is in the first line."""
        if parts and parts[-1].startswith(_LINK):
            self.link = parts.pop().removeprefix(_LINK)
        if parts:
            self.former, self.first = (int(part.partition("=")[2]) for part in parts)

    def _set_aside(self, why: str) -> JournalError:
        if files.looks_only:
            return JournalError(f"journal {self.path}: {why}")
        aside = f"{files.DIRECTORY}/aside/{self.name}"
        files.make_directory("aside")
        number = 1
        while files.exists(f"{aside}.{number}"):
            number += 1
        posix.rename(self.path, f"{aside}.{number}")
        return JournalError(f"journal {self.path}: {why}; set aside as {aside}.{number}, undo by hand what it lists")

    def write(self) -> None:
        """Writes the file anew, or removes it where there is nothing to undo; readers see the old or the new, whole."""
        if not self.entries:
            files.remove(self.path)
            return
        files.make_directory(self._place.partition("/")[0])
        header = f"{_HEADER}{self.run} since={self.since}"
        if self.former or self.first:
            header += f" former={self.former} first={self.first}"
        if self.link:
            header += f" {_LINK}{self.link}"
        body = [f"{_REQUEST}{self.request}"] * bool(self.request) + [entry.line() for entry in self.entries]
        lines = [header, *body, f"end {len(body)}", ""]
        try:
            files.replace(self.path, "\n".join(lines), self.name)
        except OSError as error:
            raise JournalError(f"cannot write {self.path}: {error.strerror}") from None


def names(iface: str = "") -> "Iterator[str]":
    """The names of all stanzas' journals, or of one interface's, the latest address family first.

    Only where none of an interface's is of a usual family are all listed, of which each other interface has one.
    """
    usual = [name for family in _USUAL if files.exists(Journal(name := f"{iface}:{family}").path)] if iface else []
    if usual:
        yield from usual
        return
    try:
        found = posix.listdir(f"{files.DIRECTORY}/journal")
    except OSError:
        return
    for name in sorted(found, reverse=True):
        if not iface or name.rpartition(":")[0] == iface:
            yield name


def attached() -> list[str]:
    """The TAPs that have a journal."""
    try:
        return sorted(posix.listdir(f"{files.DIRECTORY}/{ATTACHED}"))
    except OSError:
        return []


def attached_names() -> list[str]:
    """The names of their journals."""
    return [f"{tap}:{ATTACHED}" for tap in attached()]


class OtherOwners:
    """Names the other stanza whose journal holds a change, "" where none does.

    Most hold nothing of what is asked for. So their text is read once for all changes of a run, and a journal is parsed
    only where the change's line is in its text.
    """

    __slots__ = ("_name", "_texts")

    def __init__(self, name: str) -> None:
        self._name = name
        self._texts: dict[str, str] | None = None

    def __call__(self, change: Change) -> str:
        if self._texts is None:
            self._texts = {other: _text(other) for other in names() if other != self._name}
        line = Entry(change).line().removeprefix(PENDING)
        for other, text in self._texts.items():
            if line in text and any(
                entry.change == change and entry.state != KEPT for entry in Journal.read(other).entries
            ):
                return other
        return ""


def _text(name: str) -> str:
    """What is in a stanza's journal, be it understood or not."""
    try:
        file = posix.open(Journal(name).path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK)
        try:
            return posix.read(file, posix.fstat(file).st_size).decode(errors="surrogateescape")
        finally:
            posix.close(file)
    except OSError:
        return ""
