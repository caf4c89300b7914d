"""The stanzas of interfaces(5) files as ifupdown reads them, each with its place; pure, so files are handed in.

ifquery(8) merges stanzas, runs the scripts of mappings and tells no line. So what a person is to be told of a whole
file is read here.
"""

from snf_network_helper.interfaces.lines import BLANKS, Line, Word, lines
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Including = Callable[[str, Line, bool], Iterable[tuple[str, str]]]

CLASSIC, IFUPDOWN2, NG = IFUPDOWNS = ("ifupdown", "ifupdown2", "ifupdown-ng")
TEMPLATE = "template"  # of ifupdown-ng: a stanza that is there to be inherited
ERROR, WARNING = "error", "warning"
_METHODS = {
    "inet": "loopback static manual dhcp bootp tunnel ppp wvdial ipv4ll",
    "inet6": "loopback static manual dhcp auto v4tunnel 6to4",
    "ipx": "static dynamic",
    "can": "static",
    "meta": "none",
}
_COMMANDS = {"pre-up": "pre-up", "up": "up", "post-up": "up", "down": "down", "pre-down": "down",
             "post-down": "post-down"}  # fmt: skip
_LISTS = ("auto", "no-auto-down", "no-scripts", "rename")
_LONGEST = 79  # of a word that ifupdown keeps; it drops the rest
_DEEPEST = 100  # of files that source each other


class Option:
    """A line of a stanza: its name, and the words of its value."""

    __slots__ = ("line", "name", "value", "words")

    def __init__(self, line: Line, name: Word, words: list[Word]) -> None:
        self.line = line
        self.name = name
        self.words = words
        self.value = line.after_first_word()

    @property
    def phase(self) -> str:
        """When it is run, if it is a command: pre-up, up, down or post-down; else ""."""
        return _COMMANDS.get(self.name.text, "")


class Interface:
    """A stanza `iface`; `inherited` are the options of the one that it inherits, and of that one's in turn."""

    __slots__ = ("family", "inherited", "method", "name", "options", "parent")

    def __init__(self, name: Word, family: str, method: str) -> None:
        self.name = name
        self.family = family
        self.method = method
        self.parent: Word | None = None
        self.inherited: list[Option] = []
        self.options: list[Option] = []

    def all_options(self) -> list[Option]:
        """Its options, those that it inherits first."""
        return self.inherited + self.options


class Problem:
    """What ifupdown says of a line."""

    __slots__ = ("iface", "severity", "text", "word")

    def __init__(self, word: Word, text: str, severity: str, iface: str) -> None:
        self.word = word
        self.text = text
        self.severity = severity
        self.iface = iface


class Document:
    """All that a file and the files that it sources say.

    `selected` has the words of each list of interfaces by its keyword: auto, allow-hotplug, no-scripts. `mappings` has
    the patterns of each mapping, and what its lines map to.
    """

    def __init__(self, ifupdown: str = CLASSIC) -> None:
        self.ifupdown = ifupdown
        self.is_classic = ifupdown == CLASSIC  # the others take more than this reader knows
        self.interfaces: list[Interface] = []
        self.selected: dict[str, list[Word]] = {}
        self.mappings: list[tuple[list[str], list[str]]] = []
        self.problems: list[Problem] = []
        self.texts: dict[str, str] = {}  # of each file
        self._by_name: dict[str, list[Interface]] = {}
        self._blank: dict[str, set[int]] = {}
        self._depth = 0

    def add(self, path: str, text: str, including: "Including") -> None:
        """Reads a file; `including` tells path and text of each that a line sources."""
        if path in self.texts:  # as ifupdown: once each
            return
        self.texts[path] = text
        part = _Part(self)
        for line in lines(text, path):
            words = line.words()
            keyword = words[0].text[:_LONGEST]
            if keyword == "source" or keyword.startswith("source-dir"):
                part.begin()
                if self._depth == _DEEPEST:
                    part.complain(words[0], f"expected {_DEEPEST} files at most that source each other")
                    continue
                self._depth += 1
                for other, content in including(path, line, keyword != "source"):
                    self.add(other, content, including)
                self._depth -= 1
            else:
                part.read(keyword, line, words)

    def named(self, name: str, family: str = "") -> Interface | None:
        """The first stanza of a name, of one address family or of any."""
        return next((one for one in self._by_name.get(name, ()) if family in ("", one.family)), None)

    def has_blank(self, path: str, after: int, before: int) -> bool:
        """Whether a line of a file is empty between two others."""
        if path not in self._blank:
            written = self.texts[path].split("\n")
            self._blank[path] = {number for number, line in enumerate(written, start=1) if not line.strip(BLANKS)}
        return not self._blank[path].isdisjoint(range(after + 1, before))

    def keep(self, interface: Interface) -> None:
        """Takes up a stanza."""
        self.interfaces.append(interface)
        self._by_name.setdefault(interface.name.text, []).append(interface)


class _Part:
    """One file as it is read: which stanza its lines belong to."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.begin()

    def begin(self) -> None:
        """No stanza is open."""
        self.interface: Interface | None = None
        self.mapped: list[str] | None = None
        self.has_script = False

    def complain(self, word: Word, text: str, severity: str = ERROR) -> None:
        """Notes what ifupdown would say."""
        if self.document.is_classic:
            iface = self.interface.name.text if self.interface is not None else ""
            self.document.problems.append(Problem(word, text, severity, iface))

    def read(self, keyword: str, line: Line, words: list[Word]) -> None:
        if keyword == "iface" or (keyword == TEMPLATE and self.document.ifupdown == NG):
            self.begin()
            self.open_interface(words)
            if keyword == TEMPLATE and self.interface is not None:
                self.interface.method = TEMPLATE
        elif keyword == "mapping":
            self.begin()
            self.mapped = []
            self.document.mappings.append(([word.text for word in words[1:]], self.mapped))
        elif keyword in _LISTS or (keyword.startswith("allow-") and keyword != "allow-"):
            self.begin()
            kind = "auto" if keyword == "allow-auto" else keyword
            self.document.selected.setdefault(kind, []).extend(words[1:])
        elif keyword in ("inherit", "inherits") and self.interface is not None and self.document.ifupdown == NG:
            self.inherit(self.interface, words[0], words[1:])
        elif self.interface is not None:
            if len(words) == 1:
                self.complain(words[0], "option with empty value")
            self.interface.options.append(Option(line, words[0], words[1:]))
        elif self.mapped is not None and keyword in ("script", "map"):
            if keyword == "map":
                self.mapped.extend(word.text for word in words[1:])
            elif self.has_script:
                self.complain(words[0], "duplicate script in mapping")
            else:
                self.has_script = True
        else:
            self.complain(words[0], "misplaced option")

    def open_interface(self, words: list[Word]) -> None:
        """Opens a stanza; with a mistake in its first line, too: its options are read all the same."""
        if len(words) == 1:
            self.complain(words[0], "too few parameters for iface line")
            self.interface = Interface(words[0], "", "")  # of no name, and not kept
            return
        texts = [word.text[:_LONGEST] for word in words]
        family = texts[2] if len(texts) > 2 and texts[2] in _METHODS else ""
        methods = _METHODS.get(family, "").split()
        method = texts[3] if family and len(texts) > 3 and texts[3] in methods else ""
        self.interface = made = Interface(words[1], family, method)
        rest = 2 + bool(family) + bool(method)
        keyword = texts[rest] if len(texts) > rest else ""
        if keyword == "inherits":
            self.inherit(made, words[rest], words[rest + 1 :])
        elif not family:
            self.complain(words[min(2, len(words) - 1)], "unknown or no address type and no inherits keyword specified")
        elif not method:
            self.complain(words[min(3, len(words) - 1)], "unknown or no method and no inherits keyword specified")
        elif keyword:
            text = f"extra parameter for the iface line not understood and ignored: {keyword}"
            self.complain(words[rest], text, WARNING)
        self.document.keep(made)

    def inherit(self, made: Interface, keyword: Word, parents: list[Word]) -> None:
        if not parents:
            self.complain(keyword, "'inherits' keyword is missing a parameter")
            return
        made.parent = parents[0]
        family = made.family if self.document.is_classic else ""
        parent = self.document.named(parents[0].text[:_LONGEST], family)
        if parent is None:
            which = f"{parents[0].text} ({made.family or '*'})"
            self.complain(parents[0], f"unknown iface to inherit from: {which}")
            return
        if self.document.ifupdown != IFUPDOWN2:  # which knows no such word
            made.inherited = made.inherited + parent.all_options()
        made.family = made.family or parent.family
        if parent.method != TEMPLATE:
            made.method = made.method or parent.method
