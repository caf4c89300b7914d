"""Which files an interfaces(5) file includes, as wordexp(3) and scandir(3) tell ifupdown."""

from snf_network_helper.interfaces.document import CLASSIC, Document
from snf_network_helper.lean import TYPE_CHECKING, environ, posix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snf_network_helper.interfaces.lines import Line

_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_REFUSED = frozenset("|&;<>(){}`\n")  # by wordexp, unless they are quoted; of commands none is run


def content(path: str) -> str:
    """What a file says, its line ends as they are; OSError where it cannot be read."""
    with open(path, "rb") as file:
        return file.read().decode(errors="surrogateescape")


def read(path: str, text: str, place: str = "", ifupdown: str = CLASSIC) -> tuple[Document, list[tuple[str, str]]]:
    """The document that a file begins, and which files could not be read, each with the reason.

    `place` is the file in whose directory other files are looked for, where that is another one.
    """
    document = Document(ifupdown)
    unread: list[tuple[str, str]] = []

    def including(source: str, line: "Line", is_directory: bool) -> "Iterator[tuple[str, str]]":
        beside = place if place and source == path else source
        directory = beside.rpartition("/")[0] or ("/" if beside.startswith("/") else ".")
        pattern = line.after_first_word()
        for file in _files(pattern if pattern.startswith("/") else f"{directory}/{pattern}", is_directory):
            try:
                yield file, content(file)
            except FileNotFoundError:
                continue
            except OSError as error:
                unread.append((file, error.strerror or str(error)))

    document.add(path, text, including)
    return document, unread


def _files(pattern: str, is_directory: bool) -> "Iterator[str]":
    for word in _expanded(pattern):
        if not is_directory:
            yield word
            continue
        try:
            names = sorted(posix.listdir(word))
        except OSError:
            continue
        yield from (f"{word}/{name}" for name in names if name and _LETTERS.issuperset(name))


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
