"""The routed networks that a document asks for: which stanzas are of an interface, and what they come to."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from snf_network_helper.interfaces.document import NG, TEMPLATE, Document, Interface, Option
from snf_network_helper.interfaces.lines import Word
from snf_network_helper.review.mistakes import Reading, read
from snf_network_helper.review.node import Node
from snf_network_helper.stanza.addresses import Prefix
from snf_network_helper.stanza.options import as_in_environment
from snf_network_helper.stanza.stanza import Stanza

_WILDCARDS = "*?["


@dataclass
class Network:
    """What one bring-up gets: a stanza with ifupdown, all of an interface with ifupdown2 and ifupdown-ng.

    `iface` is the link that is brought up, or the name of the stanza where only a mapping's script knows.
    """

    iface: str
    interface: Interface
    options: list[Option]
    reading: Reading
    is_mapped: bool

    @property
    def place(self) -> Word:
        """Where the stanza begins."""
        return self.interface.name

    @property
    def stanza(self) -> Stanza | None:
        return self.reading.stanza

    def at(self, option: str, value: str = "") -> Word:
        """Where a value stands, or the option, or the stanza where it is a default."""
        found = [one for one in self.options if as_in_environment(one.name.text) == option]
        words = (word for one in found for word in one.words if value and _has(word.text, value))
        return next(words, found[0].name if found else self.place)

    def knows(self, option: str) -> bool:
        """Whether an option's value is what somebody wrote, and not put in for a mistake."""
        return option not in self.reading.guessed


class Names:
    """Which names of stanzas are of links, and which are templates or what a mapping chooses."""

    def __init__(self, document: Document) -> None:
        self.order: dict[str, int] = {}
        self.chosen: dict[str, str] = {}  # by the name of a stanza the link that takes it, "" where nobody knows
        self.patterns: list[str] = []
        self.templates = {one.name.text for one in document.interfaces if one.method == TEMPLATE}
        self.inherited = {one.parent.text for one in document.interfaces if one.parent is not None}
        for kind, words in document.selected.items():
            if kind != "auto" and not kind.startswith("allow-"):
                continue
            for number, word in enumerate(words):
                name, equals, logical = word.text.partition("=")
                if name.startswith("/"):
                    self.patterns.append(name[1:].partition("/")[0])
                    name = ""
                if equals:
                    self.chosen.setdefault(logical, name)
                if name:
                    self.order.setdefault(name, number if kind == "auto" else -1)
        for patterns, mapped in document.mappings:
            link = patterns[0] if len(patterns) == 1 and not any(sign in patterns[0] for sign in _WILDCARDS) else ""
            for name in mapped:
                self.chosen.setdefault(name, link)

        # As interfaces(5) has it for VLANs: up ifup eth0.3
        commands = [option.value.split() for one in document.interfaces for option in one.options if option.phase]
        self.called = {word for words in commands if "ifup" in words or "/sbin/ifup" in words for word in words}

    def is_selected(self, name: str) -> bool:
        """Whether a line `auto` or `allow-…` has the link, or a command calls ifup for it."""
        return name in self.called or name in self.order or any(fnmatchcase(name, pattern) for pattern in self.patterns)

    def is_template(self, name: str) -> bool:
        """Whether a stanza is there for others to inherit it, and of no link."""
        is_free = not self.is_selected(name) and name not in self.chosen
        return name in self.templates or (name in self.inherited and is_free)


def networks(document: Document, names: Names, node: Node) -> Iterator[Network]:
    """Those of the document, in its order."""
    seen: set[str] = set()
    grouped: dict[str, list[Interface]] = {}
    for one in document.interfaces:
        grouped.setdefault(one.name.text, []).append(one)
    for one in document.interfaces:
        name = one.name.text
        if names.is_template(name) or (name in seen and not document.is_classic):
            continue
        seen.add(name)
        options = one.all_options() if document.is_classic else _merged(grouped[name], document.ifupdown == NG)
        if not any(as_in_environment(option.name.text).startswith("routed-") for option in options):
            continue
        iface = names.chosen.get(name, "") or name
        reading = read(iface, one.name, options, node.table_number)
        yield Network(iface, one, options, reading, name in names.chosen and not names.chosen[name])


def _merged(interfaces: list[Interface], overrides: bool) -> list[Option]:
    """The options of all stanzas of an interface, equal values once, as ifupdown2 and ifupdown-ng have them.

    `overrides`: an option of a stanza takes the place of the inherited one.
    """
    found: dict[tuple[str, str], Option] = {}
    for one in interfaces:
        own = {option.name.text for option in one.options} if overrides else set()
        for option in [*(old for old in one.inherited if old.name.text not in own), *one.options]:
            found.setdefault((as_in_environment(option.name.text) or option.name.text, option.value), option)
    return [*found.values()]


def _has(text: str, value: str) -> bool:
    if text == value or "/" not in text:
        return text == value
    try:
        return str(Prefix.parse(text).network) == value
    except ValueError:
        return False
