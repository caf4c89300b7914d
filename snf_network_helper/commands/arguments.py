"""The arguments of all commands, and a reader of plain command lines without argparse.

Argparse and its imports take as long to load as all modules of ours, and the start of a guest waits for them. So this
module reads a command line if there is only one way to read it. Argparse reads every other one, and says what is wrong.
"""

import sys

from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import SimpleNamespace
    from typing import Any
else:
    SimpleNamespace = type(sys.implementation)  # the one of `types`, without the import of that module

PROGRAM = "snf-network-helper"
SYSTEM_FILE = "/etc/network/interfaces"

# An argument: its names, and its keywords for argparse.
Argument = tuple[tuple[str, ...], "Mapping[str, Any]"]

_SEVERAL: "dict[str, Any]" = {"metavar": "ADDR", "nargs": "+", "default": []}
_JSON: Argument = (("--json",), {"action": "store_true", "help": "print JSON"})
_INTERFACES: Argument = (("file",), {"metavar": "FILE", "nargs": "?", "default": SYSTEM_FILE})
_FILES = f"default: {SYSTEM_FILE}"
_WHICH = "the ifupdown that reads FILE (default: the one that is installed)"
_ROLE = "start here, or be the target of a migration (default: %(default)s)"
_VERBOSE: Argument = (("-v", "--verbose"), {"action": "store_true", "help": "print each command before it is run"})


def _expected(name: str, metavar: str) -> "Argument":
    about = f"the caller expects this {name}: refuse the guest unless IFACE has it"
    return (f"--{name}",), {**_SEVERAL, "metavar": metavar, "action": "extend", "help": about}


_FILE: Argument = (("--file",), {"default": SYSTEM_FILE, "help": "the interfaces(5) file (default: %(default)s)"})

# Each command: its purpose, and its arguments.
COMMANDS: "dict[str, tuple[str, Sequence[Argument]]]" = {
    "plan": (
        "print the commands that ifup IFACE would run, in their order",
        (
            (("iface",), {"metavar": "IFACE"}),
            _FILE,
            (("--json",), {"action": "store_true", "help": "print JSON: for each change its fields, `add`, `remove`"}),
        ),
    ),
    "check": (
        "look for all mistakes in interfaces(5) files, before ifup does",
        (
            (("files",), {"metavar": "FILE", "nargs": "*", "default": [SYSTEM_FILE], "help": _FILES}),
            (("--strict",), {"action": "store_true", "help": "warnings count as errors"}),
            (("--errors",), {"action": "store_true", "help": "look for errors only"}),
            (("--here",), {"action": "store_true", "help": f"FILE is to become this node's {SYSTEM_FILE}"}),
            (("--elsewhere",), {"action": "store_true", "help": "FILE is another node's: ask nothing of this one"}),
            (("--ifupdown",), {"choices": ("ifupdown", "ifupdown2", "ifupdown-ng"), "default": "", "help": _WHICH}),
            _JSON,
        ),
    ),
    "convert": (
        "print an interfaces(5) file with hand-written stanzas as routed-* options",
        (
            _INTERFACES,
            (("--diff",), {"action": "store_true", "help": "print the difference only"}),
            (("--in-place",), {"action": "store_true", "help": "write FILE, and keep the old one beside it"}),
            _JSON,
        ),
    ),
    "status": (
        "show what was done, and where the kernel differs from it",
        ((("iface",), {"metavar": "IFACE", "nargs": "?", "default": None}), _JSON),
    ),
    "up": (
        "make what the stanzas of IFACE ask for, and what is missing of it",
        ((("iface",), {"metavar": "IFACE"}), _FILE, _VERBOSE),
    ),
    "doctor": (
        "say why an interface or a guest has no network, and what to type",
        (
            (("iface",), {"metavar": "IFACE|TAP", "nargs": "?", "default": None}),
            _JSON,
            (("--no-probe",), {"action": "store_true", "help": "do not ask the links who answers"}),
        ),
    ),
    "down": ("undo all changes that the journals list for IFACE", ((("iface",), {"metavar": "IFACE"}), _VERBOSE)),
    "attach": (
        "make the guest behind TAP reachable",
        (
            (("tap",), {"metavar": "TAP"}),
            (("--network",), {"metavar": "IFACE", "required": True, "help": "the routed interface (eth0.222)"}),
            (("--ip",), {**_SEVERAL, "help": "the guest's addresses, IPv4 and IPv6"}),
            (("--mac",), {"default": "", "help": "its MAC address; it gives the IPv6 ADDR if --ip has none"}),
            _expected("subnet", "PREFIX"),
            _expected("gateway", "ADDR"),
            (("--hostname",), {"default": "", "help": "the guest's name, for its DHCP server"}),
            (("--serve",), {"action": "store_true", "help": "tell the guest its addresses by DHCP and advertisements"}),
            (("--dns",), {**_SEVERAL, "help": "with --serve, the guest's name servers"}),
            (("--mtu",), {"default": "", "metavar": "BYTES", "help": "the TAP's MTU (default: that of IFACE)"}),
            (("--role",), {"choices": ("start", "migrate-in"), "default": "start", "help": _ROLE}),
            (("--no-probe",), {"action": "store_true", "help": "do not ask the link first whether ADDR is in use"}),
            _VERBOSE,
        ),
    ),
    "detach": (
        "undo what attach did for TAP",
        (
            (("tap",), {"metavar": "TAP"}),
            (("--migrate-out",), {"action": "store_true", "help": "detach when another node announces the guest"}),
            (("--if-gone",), {"action": "store_true", "help": "detach only if TAP does not exist any more"}),
            _VERBOSE,
        ),
    ),
    "announce": (
        "tell the neighbours on IFACE that the addresses are here",
        ((("iface",), {"metavar": "IFACE"}), (("addresses",), {"metavar": "ADDR", "nargs": "+"})),
    ),
}


def read(words: "Sequence[str]") -> "SimpleNamespace | None":
    """The arguments, by name, with `command`; None unless each word is an option's whole name or an expected value.

    Argparse reads such a line in the same way.
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


def _value(keywords: "Mapping[str, Any]", rest: list[str]) -> object:
    """The value of an option, taken off the rest of the words; None if the option takes no such value."""
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


def _destination(names: "Sequence[str]") -> str:
    """The name under which argparse keeps an argument."""
    return names[-1].lstrip("-").replace("-", "_")
