"""up: make what the file says, and what is missing of it, whichever ifupdown there is."""

from functools import partial

from snf_network_helper import hook
from snf_network_helper.commands.privilege import need_root
from snf_network_helper.errors import RoutedError, StanzaError, say
from snf_network_helper.interfaces import reader
from snf_network_helper.journal.journal import names
from snf_network_helper.kernel import link, process
from snf_network_helper.kernel.process import heed_signals
from snf_network_helper.lean import TYPE_CHECKING, posix
from snf_network_helper.runtime import files
from snf_network_helper.stanza.addresses import IPV4
from snf_network_helper.stanza.names import check_interface
from snf_network_helper.transaction.failing import give_up

if TYPE_CHECKING:
    from types import SimpleNamespace

    from snf_network_helper.stanza.stanza import Stanza

_STATES = ("/run/network/ifstate", "/run/ifstate")  # of ifupdown and of ifupdown-ng
_STATE_OF_IFUPDOWN2 = "/var/tmp/network/ifstatenew"


def run(arguments: "SimpleNamespace") -> int:
    """Has all stanzas of an interface their turns, in ifup's order, as a hook has one."""
    iface = check_interface(arguments.iface.partition("=")[0])  # ifquery also takes IFACE=LOGICAL
    need_root("up")
    process.verbose = arguments.verbose
    if why := link.absence(iface):
        raise RoutedError(why)
    turn = str(posix.getpid())
    try:
        stanzas = reader.stanzas(arguments.iface, arguments.file)
    except StanzaError as error:
        give_up(iface, turn, error, None)
        return 1
    if not stanzas:
        undo = f", and it is up: `snf-network-helper down {iface}` undoes that" if any(names(iface)) else ""
        raise RoutedError(f"{arguments.iface}: no routed-* option in {arguments.file}{undo}")
    heed_signals(bringing_up=True)
    known = list(names(iface))
    is_one = len(known) == len(stanzas) == 1
    for number, stanza in enumerate(stanzas):
        name = known[0] if is_one else f"{iface}:{_family(stanza)}"
        if code := hook.take_turn(name, turn, partial(_itself, stanza), partial(_these, stanzas[number + 1 :])):
            return code
    if _is_down(iface):
        say(
            f"{iface}: to ifup it is down, so ifdown does nothing for it: `snf-network-helper down {iface}` undoes this"
        )
    print(f"{iface}: up")
    return 0


def _family(stanza: "Stanza") -> str:
    """As a hook is told it. ifquery tells no families, so what the subnets have stands for that of the stanza."""
    if reader.merging():
        return "any"
    return "inet" if IPV4 in stanza.families else "inet6"


def _itself(stanza: "Stanza") -> "Stanza":
    return stanza


def _these(stanzas: "list[Stanza]") -> "list[Stanza | None]":
    return [*stanzas]


def _is_down(iface: str) -> bool:
    """Whether ifup keeps a list of what it has brought up, and the interface is not in it."""
    if reader.is_ifupdown2():
        name = iface.encode()
        kept, size = files.content(_STATE_OF_IFUPDOWN2) or b"", len(name)
        return b"\x8c" + bytes((size,)) + name not in kept and b"X" + size.to_bytes(4, "little") + name not in kept
    found = []
    for path in _STATES:
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                found += file.read().splitlines() or [""]
        except OSError:
            continue
    return bool(found) and not any(line.startswith(f"{iface}=") for line in found)
