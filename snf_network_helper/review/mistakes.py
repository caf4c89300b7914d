"""All mistakes of one stanza: the code that ifup runs reads it, and stops at the first one; so each is mended in turn.

What a mistake is, is said in one place, `stanza/options.py`. Here the value that it names is put right where only one
thing can be meant, else left out, and the stanza is read again. What follows only from that is not said.
"""

from dataclasses import dataclass, field

from snf_network_helper.errors import StanzaError, one_line
from snf_network_helper.interfaces.document import Option
from snf_network_helper.interfaces.lines import Word
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV4, IPV6, IPAddress, Prefix
from snf_network_helper.stanza.options import OPTIONS, PREDECESSORS, as_in_environment, read_options
from snf_network_helper.stanza.spelling import nearest, without_effect
from snf_network_helper.stanza.stanza import Stanza

if TYPE_CHECKING:
    from snf_network_helper.stanza.reader import TableNames

_NO_NAME = "eth0"  # for an interface whose name no link can have
_LENGTHS = {IPV4: 24, IPV6: 64}  # of a subnet that nobody has written
_PREFIXES = ("routed-subnet", "routed-nat-except")
_ADDRESSES = ("routed-gateway", "routed-arp-ip")
# What is said of an option's value may follow from a mistake in these.
_RESTS_ON = {
    "routed-gateway": {"routed-subnet", "routed-role"},
    "routed-onlink": {"routed-subnet", "routed-gateway", "routed-role"},
    "routed-table": {"routed-subnet", "routed-gateway", "routed-role"},
    "routed-arp-ip": {"routed-subnet", "routed-gateway", "routed-role"},
    "routed-uplink": {"routed-role"},
    "routed-nat": {"routed-subnet", "routed-role", "routed-uplink"},
    "routed-nat6": {"routed-subnet", "routed-role", "routed-uplink"},
    "routed-nat-except": {"routed-nat", "routed-nat6", "routed-subnet", "routed-role", "routed-uplink"},
}


@dataclass
class Reading:
    """What there is to say of a stanza; `stanza` is what it would be without its mistakes, None where nobody knows.

    Each mistake and warning has the option that it is about, and the word; "" and the place of the stanza for none.
    `guessed` are the options that have, for want of a right one, a value that nobody wrote.
    """

    stanza: Stanza | None = None
    mistakes: list[tuple[str, Word, str]] = field(default_factory=list)
    warnings: list[tuple[str, Word, str]] = field(default_factory=list)
    guessed: set[str] = field(default_factory=set)


def read(iface: str, place: Word, options: list[Option], table_number: "TableNames") -> Reading:
    """Reads a stanza's options to their end; `place` is the interface's name in the file."""
    return _Mender(iface, place, options, table_number).read()


class _Mender:
    def __init__(self, iface: str, place: Word, options: list[Option], table_number: "TableNames") -> None:
        self.iface = self.read_as = iface
        self.place = place
        self.table_number = table_number
        self.reading = Reading()
        self.stood_in: list[str] = []
        self.said: set[str] = set()
        self.names: dict[str, Word] = {}
        self.values: dict[str, list[tuple[str, Word]]] = {}
        for option in options:
            if known := as_in_environment(option.name.text):
                self.names.setdefault(known, option.name)
                words = self.values.setdefault(known, [])
                words += [(text, word) for word in option.words for text in word.text.split()]

    def read(self) -> Reading:
        for old in PREDECESSORS:
            if old in self.values:
                del self.values[old]
                self.reading.warnings.append((old, self.names[old], without_effect([old], PREDECESSORS)))
        for _ in range(sum(map(len, self.values.values())) * 2 + 2 * len(OPTIONS)):
            texts = {option: " ".join(text for text, _ in words) for option, words in self.values.items()}
            try:
                stanza = read_options(self.read_as, texts, self.table_number)
                self.reading.stanza = stanza if self.read_as == self.iface else None
                break
            except StanzaError as error:
                if not self.mend(error):
                    break
        if self.reading.stanza is not None:
            self.warn(self.reading.stanza)
        return self.reading

    def mend(self, error: StanzaError) -> bool:
        """Notes a mistake, and takes it out of the values; False where that cannot be done."""
        option = next((name for name in self.values if one_line(name) == error.option), error.option)
        words = self.values.get(option, [])
        at = next((number for number, (text, _) in enumerate(words) if _same(text, error.value)), None)
        word = words[at][1] if at is not None else self.names.get(option, self.place)
        message = str(error).removeprefix(f"{one_line(self.read_as)}: ")
        is_ours = at is not None and word is self.place
        if not is_ours and not self.follows(option, error.value, message) and message not in self.said:
            self.said.add(message)
            self.reading.mistakes.append((option, word, message))
        if not option:  # the name itself: the options may be right, or not, all the same
            self.read_as = _NO_NAME
            self.reading.guessed.add("routed-table")
            return True
        if option not in self.values:
            return self.guess(option)
        if option not in OPTIONS:
            self.rename(option)
        elif at is not None and (right := _right(option, words[at][0])):
            words[at : at + 1] = [(text, word) for text in right]
        elif at is not None and len(words) > 1:
            del words[at]
            self.reading.guessed.add(option)
        elif at is None and len(words) > 1 and error.value == " ".join(text for text, _ in words):
            del words[1:]
            if option == "routed-role":
                self.reading.guessed.add(option)
        else:
            del self.values[option]
            self.reading.guessed.add(option)
        return True

    def follows(self, option: str, value: str, message: str) -> bool:
        """Whether a mistake may be none, were others mended; a word that is no value of the option is one anyway."""
        if option in self.reading.guessed and (option not in self.values or not value):
            return True
        rests = _RESTS_ON.get(option, set()) & self.reading.guessed
        if "routed-onlink" in self.reading.guessed and " is outside " in message:  # which that option may allow
            return True
        return bool(rests) and not (value and _is_malformed(option, value))

    def rename(self, option: str) -> None:
        """Takes an unknown option for the one that is meant, if any."""
        words = self.values.pop(option)
        known = [name.removeprefix("routed-") for name in OPTIONS]
        meant = f"routed-{nearest(option.removeprefix('routed-'), known)}"
        if meant in OPTIONS:
            self.values.setdefault(meant, []).extend(words)
            self.names.setdefault(meant, self.names[option])

    def guess(self, option: str) -> bool:
        """Gives an option that is missing a value, so that the others can be looked at."""
        if self.stood_in.count(option) == 2:
            return False
        self.stood_in.append(option)
        if option == "routed-subnet":
            around = [Prefix(one.family, one.value, _LENGTHS[one.family]).network for one in self.gateways()]
            texts = [str(one) for one in around] or ["192.0.2.0/24"]
        elif option == "routed-gateway":
            families = {one.family for one in self.gateways()}
            texts = [str(one.lowest_usable(()) or "") for one in self.subnets() if one.family not in families][:1]
        elif option == "routed-table":
            texts = ["4294967294", "4294967293"][: self.stood_in.count(option)]
        else:
            return False
        self.reading.guessed.add(option)
        self.values.setdefault(option, []).extend((text, self.place) for text in texts)
        return bool(texts)

    def gateways(self) -> list[IPAddress]:
        found = []
        for text, _ in self.values.get("routed-gateway", []):
            try:
                found.append(IPAddress.parse(text))
            except ValueError:
                continue
        return found

    def subnets(self) -> list[Prefix]:
        found = []
        for text, _ in self.values.get("routed-subnet", []):
            try:
                found.append(Prefix.parse(text).network)
            except ValueError:
                continue
        return found

    def warn(self, stanza: Stanza) -> None:
        for warning in stanza.warnings:
            message = warning.removeprefix(f"{self.iface}: ")
            option = message.partition(" ")[0]
            if not self.reading.guessed & ({option} | _RESTS_ON.get(option, set())):
                self.reading.warnings.append((option, self.names.get(option, self.place), message))


def _same(text: str, value: str) -> bool:
    """Whether a word is the value that an error names; addresses are named in their canonical spelling."""
    if not value or text == value or one_line(text) == value:
        return bool(value)
    try:
        return str(Prefix.parse(text)) == value if "/" in text else str(IPAddress.parse(text)) == value
    except ValueError:
        return False


def _right(option: str, text: str) -> list[str]:
    """What is meant by a value, where only one thing can be."""
    if "," in text and option in _PREFIXES + _ADDRESSES:
        return [part for part in text.split(",") if part]
    try:
        prefix = Prefix.parse(text)
    except ValueError:
        return []
    if option in _PREFIXES and prefix != prefix.network:
        return [str(prefix.network)]
    return [str(IPAddress(prefix.family, prefix.value))] if option in _ADDRESSES else []


def _is_malformed(option: str, value: str) -> bool:
    try:
        if option in _PREFIXES:
            return Prefix.parse(value) != Prefix.parse(value).network
        if option in _ADDRESSES:
            IPAddress.parse(value)
            return False
    except ValueError:
        return True
    return option == "routed-table" and " " not in value
