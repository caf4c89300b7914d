"""Whose turn is yet to come: ifup brings the stanzas of an interface up one after another.

A hook is told of its own stanza only. The others are in the file, and few interfaces have any: so this is asked where
the answer matters.
"""

from snf_network_helper.errors import RoutedError
from snf_network_helper.interfaces.reader import file_asked
from snf_network_helper.kernel.process import Process
from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.options import as_in_environment, read_options
from snf_network_helper.stanza.printed import question, routed_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snf_network_helper.stanza.stanza import Stanza

_PREFIX = "IF_"


def stanzas_to_come(environ: "Mapping[str, str]", run: str) -> "list[Stanza | None]":
    """The routed stanzas that this ifup has yet to bring up; None for one with a mistake, which its own hook names.

    None to come where the file does not tell: it has been edited since, or the options are of the command line.
    """
    iface = environ["IFACE"]
    try:
        code, printed, _ = Process(question(f"{iface}={environ.get('LOGICAL') or iface}", file_asked(run))).finish()
    except RoutedError:
        return []
    found = routed_options(printed) if not code else []
    ours = _words({name.removeprefix(_PREFIX): value for name, value in environ.items() if name.startswith(_PREFIX)})
    turns = [number for number, options in enumerate(found) if _words(options) == ours]
    return [_read(iface, options) for options in found[turns[-1] + 1 :]] if turns else []


def _read(iface: str, options: "Mapping[str, str]") -> "Stanza | None":
    try:
        return read_options(iface, options, table_number)
    except RoutedError:
        return None


def _words(options: "Mapping[str, str]") -> dict[str, list[str]]:
    return {known: value.split() for option, value in options.items() if (known := as_in_environment(option))}
