"""The stanzas of an interface, in what the ifquery(8) of each ifupdown prints of them."""

from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.options import as_in_environment, routes

if TYPE_CHECKING:
    from collections.abc import Iterator

# ifquery prints the options of an interface's stanzas one after the other; an option set by hand ends each of them.
_END = "end-of-stanza"


def question(iface: str, file: str) -> list[str]:
    """The command that asks; `iface` may be IFACE=LOGICAL."""
    return ["ifquery", f"--interfaces={file}", "-o", f"{_END}=1", iface]


def routed_options(output: str) -> list[dict[str, str]]:
    """The routed-* options of each routed stanza, in ifup's order."""
    return [options for options in _of_each(output) if routes(options)]


def merged_options(output: str) -> dict[str, str]:
    """The options of all stanzas together, equal words once, as ifupdown2 and ifupdown-ng print stanzas.

    They print a line for each value, as it may stand in the file, with blanks before it. All stanzas of an interface
    are one to them, and what each stanza needs, as routed-role, is in the file more than once.
    """
    found: dict[str, dict[str, None]] = {}
    for line in output.splitlines():
        name, _, value = line.strip().partition(" ")
        if line[:1].isspace() and (known := as_in_environment(name)):
            found.setdefault(known, {}).update(dict.fromkeys(value.split()))
    return {option: " ".join(words) for option, words in found.items()}


def _of_each(output: str) -> "Iterator[dict[str, str]]":
    """A value may go on over several lines."""
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
