"""The stanzas of an interface, as its ifupdown reads them: ifquery(8) resolves source, inherits and mapping.

ifupdown has each stanza brought up by itself. ifupdown2 and ifupdown-ng make one of all stanzas of an interface, and
hand a hook one value of each option only: of the first line, or of the last one. So there the hook asks, too.
"""

from snf_network_helper.errors import RoutedError, one_line
from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.lean import TYPE_CHECKING, environ, posix
from snf_network_helper.runtime import files
from snf_network_helper.stanza.options import read_environ, read_options, routes
from snf_network_helper.stanza.printed import merged_options, question, routed_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snf_network_helper.stanza.stanza import Stanza

SYSTEM_FILE = "/etc/network/interfaces"
_QUERIES = ("/sbin/ifquery", "/sbin/ifquery-ng")  # the latter beside another ifupdown, or without links for it
_IFUPDOWN2, _NG = "ifupdown2", ("ifupdown", "ifupdown-ng")  # where ifquery leads to; that of ifupdown is its ifup

_UNKNOWN = "cannot find interfaces"


def stanzas(iface: str, file: str = SYSTEM_FILE) -> "list[Stanza]":
    """The routed stanzas of an interface, in ifup's order; RoutedError where ifquery knows no such interface."""
    if not files.exists(file):
        raise RoutedError(f"{one_line(iface)}: --file {one_line(file)}: No such file or directory")
    name = iface.partition("=")[0]
    if program := merging():
        found = [merged_options(_answer(iface, _words(program, iface, file), file))]
    else:
        found = routed_options(_answer(iface, question(iface, file), file))
    return [read_options(name, options, table_number) for options in found if routes(options)]


def merged(told: "Mapping[str, str]") -> "Stanza | None":
    """The one stanza that ifupdown2 or ifupdown-ng makes of all, by what it has told its hook; None for no option.

    Our addon of ifupdown2 tells all values of all options.
    """
    iface = told["IFACE"]
    if told.get("ADDRFAM") == "any":
        return read_environ(told, table_number)
    if file := told.get("INTERFACES_FILE"):
        program = _merging(_QUERIES[1]) or _merging(_QUERIES[0])
    else:
        program, file = _merging(_QUERIES[0]), file_asked(posix.getppid())
    try:
        options = merged_options(_answer(iface, _words(program or _QUERIES[0], iface, file), file))
    except RoutedError as error:
        if _UNKNOWN not in str(error):
            raise
        options = {}  # ifupdown2 runs hooks also for what no stanza describes, as the port of a bridge
    return read_options(iface, options, table_number) if routes(options) else None


def file_asked(ifup: object) -> str:
    """The file that an ifup reads, by its command line; `ifup` is its process id."""
    try:
        with open(f"/proc/{ifup}/cmdline", "rb") as file:
            words = file.read().decode(errors="surrogateescape").split("\0")
    except OSError:
        words = []
    for number, word in enumerate(words):
        if word in ("-i", "--interfaces"):
            return words[number + 1]
        for option in ("--interfaces=", "-i"):
            if word.startswith(option):
                return word.removeprefix(option)
    return SYSTEM_FILE


def merging() -> str:
    """The ifquery of an ifupdown that makes one of all stanzas of an interface; else ""."""
    return _merging(_QUERIES[0]) or _merging(_QUERIES[1]) * (not files.exists(_QUERIES[0]))


def is_ifupdown2() -> bool:
    """Whether ifquery, and so ifup, is that of ifupdown2."""
    try:
        return posix.readlink(_QUERIES[0]).endswith(f"/{_IFUPDOWN2}")
    except OSError:
        return False


def _merging(path: str) -> str:
    """The ifquery of ifupdown2 or ifupdown-ng at a path, by the name of the one or the other; else ""."""
    try:
        name = posix.readlink(path).rpartition("/")[2]
    except OSError:
        return ""
    return path if name == _IFUPDOWN2 or name in _NG else ""


def _words(program: str, iface: str, file: str) -> list[str]:
    """The command; ifupdown2 may be told by its settings to read another file, or none that a command names."""
    return [program, *(["-i", file] if file != SYSTEM_FILE else []), iface]


def _answer(iface: str, command: list[str], file: str) -> str:
    import subprocess  # ifupdown's hooks do not come here

    try:
        asked = subprocess.run(
            command, capture_output=True, text=True, check=False, errors="surrogateescape", env=environ
        )
    except OSError as error:
        raise RoutedError(f"{one_line(iface)}: ifquery: {error.strerror}") from None
    if asked.returncode:
        # The parser's own line, with the number of the file's, comes first; what follows from it comes last
        said = asked.stderr.strip().splitlines()
        raise RoutedError(f"{one_line(iface)}: {said[0] if said else 'ifquery failed'} ({one_line(file)})")
    return asked.stdout
