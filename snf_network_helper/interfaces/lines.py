"""The lines of an interfaces(5) file as ifupdown joins and splits them, each word with its place; pure."""

from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLANKS = " \t\n\v\f\r"  # isspace(3) in the locale C


class Word:
    """A word and where it begins: in which file, and line and column, both from 1."""

    __slots__ = ("column", "line", "path", "text")

    def __init__(self, text: str, path: str, line: int, column: int) -> None:
        self.text = text
        self.path = path
        self.line = line
        self.column = column


class Line:
    """A line that is no comment, joined of the lines `first` to `last` of the file."""

    __slots__ = ("_pieces", "first", "last", "path", "text")

    def __init__(
        self, text: str, path: str, first: int, last: int, pieces: "list[tuple[int, int, int]]"
    ) -> None:
        self.text = text
        self.path = path
        self.first = first
        self.last = last
        self._pieces = pieces  # of each line: where it begins in the text, its number, and the column of that

    def words(self) -> list[Word]:
        """Its words; the first one is empty where a joined line begins with a blank, as ifupdown has it."""
        found: list[Word] = []
        end, size = 0, len(self.text)
        while end < size or not found:
            begin = end
            while end < size and self.text[end] not in BLANKS:
                end += 1
            found.append(self._word(begin, end))
            while end < size and self.text[end] in BLANKS:
                end += 1
        return found

    def after_first_word(self) -> str:
        """What follows the first word, with the blanks inside it."""
        end = next((place for place, letter in enumerate(self.text) if letter in BLANKS), len(self.text))
        return self.text[end:].lstrip(BLANKS)

    def _word(self, begin: int, end: int) -> Word:
        offset, number, column = next(piece for piece in reversed(self._pieces) if piece[0] <= begin)
        return Word(self.text[begin:end], self.path, number, column + begin - offset)


def lines(text: str, path: str) -> "Iterator[Line]":
    """The lines of a file that say something.

    A comment has a line of its own, and does not go on in the next one. A backslash that is the last character joins a
    line with the next one as it is; one before a carriage return is none.
    """
    written = text.split("\n")
    if not written[-1]:
        written.pop()
    number = 0
    while number < len(written):
        first = number
        begun = written[number].partition("\0")[0]
        number += 1
        joined = begun.lstrip(BLANKS)
        if joined.startswith("#"):
            continue
        parts, pieces, size = [joined], [(0, number, 1 + len(begun) - len(joined))], len(joined)
        while parts[-1].endswith("\\") and number < len(written):
            parts[-1] = parts[-1][:-1]
            size -= 1
            parts.append(written[number].partition("\0")[0])
            number += 1
            pieces.append((size, number, 1))
            size += len(parts[-1])
        if number == len(written) and parts[-1].endswith("\\"):
            parts[-1] = parts[-1][:-1]
        joined = "".join(parts).rstrip(BLANKS)
        if joined:
            yield Line(joined, path, first + 1, number, pieces)
