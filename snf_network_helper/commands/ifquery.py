"""The stanzas of an interfaces(5) file, as ifupdown itself reads it: ifquery resolves source, inherits and mapping."""

import subprocess

from snf_network_helper.commands.arguments import SYSTEM_FILE
from snf_network_helper.errors import RoutedError, one_line
from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.lean import environ
from snf_network_helper.runtime import files
from snf_network_helper.stanza.options import read_options
from snf_network_helper.stanza.printed import question, routed_options
from snf_network_helper.stanza.stanza import Stanza


def stanzas(iface: str, file: str = SYSTEM_FILE) -> list[Stanza]:
    """The routed stanzas of an interface, in ifup's order; RoutedError where ifquery knows no such interface."""
    if not files.exists(file):
        raise RoutedError(f"{one_line(iface)}: --file {one_line(file)}: No such file or directory")
    command = question(iface, file)
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
    name = iface.partition("=")[0]
    return [read_options(name, options, table_number) for options in routed_options(asked.stdout)]
