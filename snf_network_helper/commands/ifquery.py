"""The stanzas of an interfaces(5) file, as ifupdown itself reads it: ifquery resolves source, inherits and mapping."""

import subprocess
from collections.abc import Iterator

from snf_network_helper.commands.arguments import SYSTEM_FILE
from snf_network_helper.errors import RoutedError, one_line
from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.lean import environ
from snf_network_helper.runtime import files
from snf_network_helper.stanza.options import as_in_environment, read_options, routes
from snf_network_helper.stanza.stanza import Stanza

# ifquery prints the options of an interface's stanzas one after the other; an option set by hand ends each of them.
_END = "end-of-stanza"


def stanzas(iface: str, file: str = SYSTEM_FILE) -> list[Stanza]:
    """The routed stanzas of an interface, in ifup's order; RoutedError where ifquery knows no such interface."""
    if not files.exists(file):
        raise RoutedError(f"{iface}: --file {one_line(file)}: No such file or directory")
    command = ["ifquery", f"--interfaces={file}", "-o", f"{_END}=1", iface]
    try:
        asked = subprocess.run(
            command, capture_output=True, text=True, check=False, errors="surrogateescape", env=environ
        )
    except OSError as error:
        raise RoutedError(f"{iface}: ifquery: {error.strerror}") from None
    if asked.returncode:
        # The parser's own line, with the number of the file's, comes first; what follows from it comes last
        said = asked.stderr.strip().splitlines()
        raise RoutedError(f"{iface}: {said[0] if said else 'ifquery failed'} ({file})")
    name = iface.partition("=")[0]
    return [read_options(name, options, table_number) for options in _routed_options(asked.stdout) if routes(options)]


def _routed_options(output: str) -> Iterator[dict[str, str]]:
    """The routed-* options of each stanza in what ifquery printed; a value may go on over several lines."""
    options: dict[str, str] = {}
    option = ""
    for line in output.splitlines():
        name, colon, value = line.partition(": ")
        if not colon or " " in name:
            name, value = option, line
        option = name
        if option == _END:
            yield options
            options = {}
        elif known := as_in_environment(option):
            options[known] = f"{options[known]}\n{value}" if known in options else value
