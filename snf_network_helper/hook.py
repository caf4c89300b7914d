"""The one entry of if-up.d and if-down.d: ifupdown's environment in, an exit code out (interfaces(5))."""

from snf_network_helper.errors import RoutedError, StanzaError, say, told
from snf_network_helper.journal.journal import Journal, attached, names
from snf_network_helper.kernel import process
from snf_network_helper.kernel.process import heed_signals
from snf_network_helper.lean import TYPE_CHECKING, environ, posix
from snf_network_helper.runtime import files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from snf_network_helper.plan.facts import Facts
    from snf_network_helper.stanza.addresses import IPAddress
    from snf_network_helper.stanza.stanza import Stanza

    ToCome = Callable[[], list[Stanza | None]]

# What nobody waits for does not compete for a processor with the rest of ifup.
_PATIENCE_SECONDS = 0.3


def run() -> "NoReturn":
    """Runs `main` and ends the process at once: to take the interpreter apart would cost every ifup 2 ms.

    In so short a life there is no garbage worth looking for, either.
    """
    import gc

    gc.disable()
    posix._exit(main())


def main(environ: "Mapping[str, str]" = environ) -> int:
    """Brings up or takes down as MODE says. Never raises for what an administrator or the kernel did.

    A failed ifup hook is an error to ifup, so it undoes its own half-work; ifdown goes on whatever we return, hence 0.
    """
    process.verbose = environ.get("VERBOSITY", environ.get("VERBOSE", "0")) not in ("", "0")
    iface = environ.get("IFACE", "")
    if environ.get("ADDRFAM") == "meta" or iface in ("", "lo", "--all"):
        return 0
    stopping = environ.get("MODE") == "stop"
    heed_signals(bringing_up=not stopping)
    if stopping:
        return _down(iface)
    return _up(iface, environ)


def _up(iface: str, environ: "Mapping[str, str]") -> int:
    run = _run(iface)
    # ifupdown2, its addon of ours and ifupdown-ng have one plan for all stanzas of an interface
    is_whole = environ.get("PHASE") == "up" or "INTERFACES_FILE" in environ
    known: list[list[Stanza | None]] = [[]] if is_whole else []

    def to_come() -> "list[Stanza | None]":
        if known:
            return known[0]
        from snf_network_helper.transaction.turns import stanzas_to_come  # few interfaces have several stanzas

        known.append(stanzas_to_come(environ, run))
        return known[0]

    def read() -> "Stanza | None":
        if is_whole:
            return _merged(environ)
        from snf_network_helper.stanza.options import read_environ

        return read_environ(environ, _table_number)

    name = f"{iface}:{('any' if is_whole else environ.get('ADDRFAM')) or 'any'}"
    code = take_turn(name, run, read, to_come)
    if code is None:
        from snf_network_helper.transaction.own_network import see_to

        for error in see_to(iface):
            _complain(iface, error)
        return _down(iface) if is_whole else 0
    return code


def take_turn(name: str, run: str, read: "Callable[[], Stanza | None]", to_come: "ToCome") -> int | None:
    """Has one stanza its turn in a bring-up: an exit code, None where nothing is routed. What goes wrong is said."""
    from snf_network_helper.plan.routed import plan, request  # ifdown needs none of these: the journal knows
    from snf_network_helper.runtime.lock import FACTS, Lock
    from snf_network_helper.transaction.bring_up import bring_up, finish_others, finish_tables

    iface, stanza = name.rpartition(":")[0], None
    try:
        stanza = read()
        if stanza is None:
            return None
        for warning in stanza.warnings:
            say(warning)
        _look_at_uplink(stanza)
        with Lock(FACTS):
            facts = _facts(stanza)
            changes = plan(stanza, facts)
            bring_up(name, changes, run, request(stanza, facts), to_come)
    except RoutedError as error:
        from snf_network_helper.transaction.failing import give_up

        give_up(iface, run, error, stanza)
        if attached() and any(names(iface)):  # other stanzas may have been made anew by this ifup
            _try(iface, lambda: _renew_if_up(iface))
        return 1
    _forget_failure(iface)
    _try(iface, lambda: finish_others(name, run, to_come))
    _follow_up(iface, stanza, facts, to_come)
    if attached() and len(Journal.read(name).entries) > len(changes):
        _try(iface, lambda: finish_tables(name, changes, run))
    return 0


def _merged(environ: "Mapping[str, str]") -> "Stanza | None":
    from snf_network_helper.interfaces.reader import merged

    return merged(environ)


def _look_at_uplink(stanza: "Stanza") -> None:
    """One that comes and goes, as ppp0, may not be there yet; StanzaError where the name is another one's altname."""
    from snf_network_helper.stanza.stanza import VMC

    if stanza.role == VMC or not stanza.uplink:
        return
    from snf_network_helper.kernel import link

    if why := link.absence(stanza.uplink):
        line = f"{stanza.iface}: routed-uplink {why}"
        if link.number(stanza.uplink):
            raise StanzaError(line)
        say(f"{line}, it will be used when it comes")


def _table_number(name: str) -> int | None:
    from snf_network_helper.kernel.table_names import table_number  # few stanzas name their table

    return table_number(name)


def _facts(stanza: "Stanza") -> "Facts":
    """What the plan must know of the host; that of a router without IPv6 depends on nothing."""
    from snf_network_helper.plan.facts import Facts
    from snf_network_helper.stanza.addresses import IPV6
    from snf_network_helper.stanza.stanza import ROUTER

    if stanza.role == ROUTER and IPV6 not in stanza.families:
        return Facts()
    from snf_network_helper.runtime.shared import settings
    from snf_network_helper.transaction.host import read_facts

    return read_facts(stanza, settings())


def _follow_up(iface: str, stanza: "Stanza", facts: "Facts", to_come: "ToCome") -> None:
    """Makes the guests of the network work again that an ifdown cut off, and looks who else has the node's addresses.

    The look is left to the background, and a router's addresses are announced there. Where nobody waits for that, it
    comes last: what a process writes to after a fork the kernel has to copy.
    """
    from snf_network_helper.stanza.stanza import VMC

    if stanza.role != VMC:
        addresses = [gateway for family in stanza.families for gateway in stanza.gateways_of_family(family)]
        _try(iface, lambda: _look(iface, addresses, announced=True))
    if attached():
        _try(iface, lambda: _renew(iface, to_come))
    if stanza.role == VMC and stanza.arp_ip and not facts.own_address:
        from snf_network_helper.stanza.addresses import IPAddress

        _try(iface, lambda: _look(iface, [IPAddress.parse(stanza.arp_ip)], announced=False))


def _try(iface: str, work: "Callable[[], None]") -> None:
    """Does what follows once the network is up: whatever goes wrong with it is said, and is no error of its ifup."""
    try:
        work()
    except Exception as error:
        _complain(iface, RoutedError(told(error)))


def _renew(iface: str, to_come: "ToCome" = list) -> None:
    from snf_network_helper.guests.renewal import renew

    for error in renew(iface, to_come):
        say(error)


def _renew_if_up(iface: str) -> None:
    from snf_network_helper.errors import NetworkDownError
    from snf_network_helper.guests.network import network_of

    try:
        network_of(iface)
    except NetworkDownError:
        return
    _renew(iface)


def _look(iface: str, addresses: "list[IPAddress]", announced: bool) -> None:
    from snf_network_helper.kernel.background import in_background

    def work() -> None:
        import time

        if not announced:
            time.sleep(_PATIENCE_SECONDS)
        if any(names(iface)):
            from snf_network_helper.wire.conflicts import look  # ifup does not wait for these imports

            look(iface, addresses, announced, lambda: any(names(iface)))

    in_background(work)


def _down(iface: str) -> int:
    from snf_network_helper.transaction.take_down import take_down

    try:
        take_down(iface)
    except RoutedError as error:
        _complain(iface, error)
    _forget_failure(iface)
    return 0


def _forget_failure(iface: str) -> None:
    if files.exists(f"{files.DIRECTORY}/failed/{iface}"):
        from snf_network_helper.runtime import failed  # few bring-ups have failed before

        failed.forget(iface)


def _run(iface: str) -> str:
    """Tells this ifup from every other: its process id, which it keeps in a file while it works on the interface."""
    try:
        with open(f"/run/network/ifup-{iface}.pid", encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _complain(iface: str, error: RoutedError) -> None:
    """One line on the console; a StanzaError names its interface itself."""
    say(str(error) if isinstance(error, StanzaError) else f"{iface}: {error}")
