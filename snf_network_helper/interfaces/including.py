"""Which files an interfaces(5) file includes, as wordexp(3) and scandir(3) tell ifupdown."""

from snf_network_helper.interfaces.document import CLASSIC, Document
from snf_network_helper.lean import TYPE_CHECKING, environ, posix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.interfaces.lines import Line, Word

_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_WILDCARDS = frozenset("*?[")
_REFUSED = frozenset("|&;<>(){}`\n")  # by wordexp, unless they are quoted; of commands none is run


class Unread:
    """A file that a line includes, and why it could not be read; `is_absent`: ifupdown passes over it in silence."""

    __slots__ = ("file", "is_absent", "why", "word")

    def __init__(self, word: "Word", file: str, error: OSError) -> None:
        self.word = word
        self.file = file
        self.why = error.strerror or str(error)
        self.is_absent = isinstance(error, FileNotFoundError)


def content(path: str) -> str:
    """What a file says, its line ends as they are; OSError where it cannot be read."""
    with open(path, "rb") as file:
        return file.read().decode(errors="surrogateescape")


def read(path: str, text: str, place: str = "", ifupdown: str = CLASSIC) -> tuple[Document, list[Unread]]:
    """The document that a file begins, and which files could not be read.

    `place` is the file in whose directory other files are looked for, where that is another one.
    """
    document = Document(ifupdown)
    unread: list[Unread] = []

    def including(source: str, line: "Line", is_directory: bool) -> "Iterator[tuple[str, str]]":
        beside = place if place and source == path else source
        directory = beside.rpartition("/")[0] or ("/" if beside.startswith("/") else ".")
        pattern = line.after_first_word()
        word = line.words()[min(1, len(line.words()) - 1)]
        for file in _expanded(pattern if pattern.startswith("/") else f"{directory}/{pattern}"):
            try:
                for one in _inside(file) if is_directory else [file]:
                    yield one, content(one)
            except OSError as error:
                if not _WILDCARDS & {*file}:  # the shell's way to say that no file is like this
                    unread.append(Unread(word, file, error))

    document.add(path, text, including)
    return document, unread


def _inside(directory: str) -> list[str]:
    return [f"{directory}/{name}" for name in sorted(posix.listdir(directory)) if _LETTERS.issuperset(name)]


def _expanded(pattern: str) -> "Iterator[str]":
    """The words of a pattern: quotes, variables and wildcards; none of what wordexp refuses."""
    from glob import glob, has_magic  # ifupdown's hooks do not come here
    from os.path import expanduser
    from shlex import split
    from string import Template

    if _REFUSED & {*pattern}:
        return
    try:
        words = split(pattern)
    except ValueError:
        return
    for word in words:
        named = expanduser(Template(word).safe_substitute(environ))
        found = sorted(glob(named)) if has_magic(named) else []
        yield from found or [named]
