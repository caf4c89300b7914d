"""What the commands are called with, and reading that without argparse wherever it is plain.

Argparse and what it imports take as long to load as all modules of ours, and whoever starts a virtual machine waits
for it. So a command line is read here if there is only one way to read it; of every other argparse says what is wrong.
"""

from __future__ import annotations

import sys

from snf_network_helper.names import SYSTEM_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only
    from collections.abc import Mapping, Sequence
    from types import SimpleNamespace
    from typing import Any
else:
    SimpleNamespace = type(sys.implementation)  # as `types` has it, whose import takes its time

PROGRAM = "snf-network-helper"

# An argument: its names, with the words that argparse has for it.
Argument = tuple[tuple[str, ...], "Mapping[str, Any]"]

_SEVERAL: dict[str, Any] = {"metavar": "ADDR", "nargs": "+", "default": []}
_JSON: Argument = (("--json",), {"action": "store_true", "help": "as JSON"})
_VERBOSE: Argument = (("-v", "--verbose"), {"action": "store_true", "help": "print each command as it is run"})


def _believed(name: str, metavar: str) -> Argument:
    about = f"what the caller believes: refused unless it is a {name} of IFACE"
    return (f"--{name}",), {**_SEVERAL, "metavar": metavar, "action": "extend", "help": about}


# Each command: what it does, and its arguments.
COMMANDS: dict[str, tuple[str, Sequence[Argument]]] = {
    "plan": (
        "print the commands that ifup IFACE would run, in their order",
        (
            (("iface",), {"metavar": "IFACE"}),
            (("--file",), {"default": SYSTEM_FILE, "help": "the interfaces(5) file (default: %(default)s)"}),
            (("--json",), {"action": "store_true", "help": "as JSON: each change with its fields, `add` and `remove`"}),
        ),
    ),
    "status": (
        "show what was done, and where the kernel differs from it",
        ((("iface",), {"metavar": "IFACE", "nargs": "?", "default": ""}), _JSON),
    ),
    "down": ("undo from the journal all that was done for IFACE", ((("iface",), {"metavar": "IFACE"}), _VERBOSE)),
    "attach": (
        "make the virtual machine behind TAP reachable",
        (
            (("tap",), {"metavar": "TAP"}),
            (("--network",), {"metavar": "IFACE", "required": True, "help": "the routed interface, as eth0.222"}),
            (("--ip",), {**_SEVERAL, "help": "the machine's addresses, IPv4 and IPv6"}),
            (("--mac",), {"default": "", "help": "its MAC address; without an IPv6 ADDR it gets the EUI-64 address"}),
            _believed("subnet", "PREFIX"),
            _believed("gateway", "ADDR"),
            (("--hostname",), {"default": "", "help": "its name, for whoever tells it its addresses"}),
            (("--serve",), {"action": "store_true", "help": "tell it its addresses by DHCP and advertisements"}),
            (("--dns",), {**_SEVERAL, "help": "with --serve, its name servers too"}),
            (("--role",), {"choices": ("start", "migrate-in"), "default": "start", "help": "(default: %(default)s)"}),
            (("--no-probe",), {"action": "store_true", "help": "do not ask the link first whether ADDR is in use"}),
            _VERBOSE,
        ),
    ),
    "detach": (
        "undo what attach did for TAP",
        (
            (("tap",), {"metavar": "TAP"}),
            (("--migrate-out",), {"action": "store_true", "help": "once another node answers for the machine"}),
            (("--if-gone",), {"action": "store_true", "help": "only if there is no such interface any more"}),
            _VERBOSE,
        ),
    ),
    "announce": (
        "tell the neighbours on IFACE that the addresses are here",
        ((("iface",), {"metavar": "IFACE"}), (("addresses",), {"metavar": "ADDR", "nargs": "+"})),
    ),
}


def read(words: Sequence[str]) -> SimpleNamespace | None:
    """The arguments, by name, with `command`; None unless each word is an option's whole name, or what must be there.

    What this reads, argparse reads alike.
    """
    if not words or words[0] not in COMMANDS:
        return None
    arguments = COMMANDS[words[0]][1]
    wanted = [names[0] for names, _ in arguments if names[0][0] != "-"]
    options = {name: (_destination(names), keywords) for names, keywords in arguments for name in names}
    found: dict[str, Any] = {}
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if word[:1] == "-":
            name, keywords = options.get(word, ("", {}))
            value = _value(keywords, rest)
        else:
            name = wanted.pop(0) if wanted else ""
            value = word if name and "nargs" not in options[name][1] else None
        if not name or name in found or value is None:
            return None
        found[name] = value
    if wanted:
        return None
    for name, keywords in options.values():
        if name not in found and keywords.get("required"):
            return None
        found.setdefault(name, keywords.get("default", False))
    return SimpleNamespace(command=words[0], **found)


def _value(keywords: Mapping[str, Any], rest: list[str]) -> object:
    """What an option is given, taken off the rest of the words; None where that is nothing it takes."""
    if keywords.get("action") == "store_true":
        return True
    count = next((number for number, word in enumerate(rest) if word[:1] == "-"), len(rest))
    if not count:
        return None
    if "nargs" in keywords:
        given, rest[:] = rest[:count], rest[count:]
        return given
    word = rest.pop(0)
    return word if word in keywords.get("choices", (word,)) else None


def _destination(names: Sequence[str]) -> str:
    """Under which name argparse keeps an argument."""
    return names[-1].lstrip("-").replace("-", "_")
