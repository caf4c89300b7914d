"""The one entry of if-up.d and if-down.d: ifupdown's environment in, an exit code out (interfaces(5))."""

from __future__ import annotations

import posix
import sys

from snf_network_helper import kernel, shared, system
from snf_network_helper.errors import RoutedError, StanzaError
from snf_network_helper.journal import Journal, attached, names
from snf_network_helper.signals import heed_signals
from snf_network_helper.transaction import bring_up, take_down

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Mapping
    from typing import NoReturn

    from snf_network_helper.address import Address
    from snf_network_helper.stanza import Stanza


def run() -> NoReturn:
    """Runs `main` and ends the process at once: to take the interpreter apart would cost every ifup 2 ms."""
    code = main()
    sys.stderr.flush()
    posix._exit(code)


def main(environ: Mapping[str, str] = system.environ) -> int:
    """Brings up or takes down as MODE says. Never raises for what an administrator or the kernel did.

    A failed ifup hook is an error to ifup, so it undoes its own half-work; ifdown goes on whatever we return, hence 0.
    """
    kernel.verbose = environ.get("VERBOSITY", "0") not in ("", "0")
    iface = environ.get("IFACE", "")
    if environ.get("ADDRFAM") == "meta" or iface in ("", "lo", "--all"):
        return 0
    stopping = environ.get("MODE") == "stop"
    heed_signals(bringing_up=not stopping)
    if stopping:
        return _down(iface)
    return _up(iface, environ)


def _up(iface: str, environ: Mapping[str, str]) -> int:
    from snf_network_helper.facts import Facts  # ifdown needs none of these three: the journal knows
    from snf_network_helper.options import read_environ
    from snf_network_helper.plan import plan

    run = _run(iface)
    try:
        stanza = read_environ(environ)
        if stanza is None:
            _keep_heeding(iface)
            return 0
        for warning in stanza.warnings:
            print(warning, file=sys.stderr)
        name = f"{iface}:{environ.get('ADDRFAM') or 'any'}"
        changes = plan(stanza, Facts.read(stanza, shared.paths()))
        bring_up(name, changes, run)
        _follow_up(iface, stanza)
        if attached() and len(Journal.read(name).entries) > len(changes):
            bring_up(name, changes, run, finishing=True)
    except RoutedError as error:
        _complain(iface, error, *_undo_others(iface, run))
        return 1
    return 0


def _keep_heeding(iface: str) -> None:
    """A link that ifup has just had heed advertisements as a host does so also while it forwards because of us.

    It is the node's own network: what goes wrong here is said, and no error of its ifup.
    """
    from snf_network_helper.announce import ask_routers
    from snf_network_helper.facts import links_to_keep
    from snf_network_helper.journal import Lock
    from snf_network_helper.steps import SHARED_LOCK

    try:
        if links_to_keep([iface], shared.paths()):
            with Lock(SHARED_LOCK):
                follows = shared.follow(iface)
            if follows:
                ask_routers(iface)  # the kernel has asked none of them, for it would not have heeded the answer
    except RoutedError as error:
        _complain(iface, error)


def _follow_up(iface: str, stanza: Stanza) -> None:
    """Announces a router's own address, and makes the guests of the network work again that an ifdown cut off."""
    from snf_network_helper.stanza import VMC

    if stanza.role != VMC:
        from snf_network_helper.background import in_background

        in_background(lambda: _announce(iface, list(stanza.gateways.values())))
    if attached():
        from snf_network_helper.guests import renew

        for error in renew(iface):
            print(error, file=sys.stderr)


def _announce(iface: str, addresses: list[Address]) -> None:
    """For as long as the stanza is up."""
    from snf_network_helper.announce import announce

    announce(iface, addresses, lambda _: any(names(iface)))


def _undo_others(iface: str, run: str) -> list[RoutedError]:
    """Undoes what this ifup did for other stanzas of the interface; returns what came of it.

    To ifup the interface is down now, and no down hook will run.
    """
    try:
        if run and any(names(iface)):
            take_down(iface, since=run)
    except RoutedError as error:
        return [error]
    return []


def _down(iface: str) -> int:
    try:
        take_down(iface)
    except RoutedError as error:
        _complain(iface, error)
    return 0


def _run(iface: str) -> str:
    """Tells this ifup from every other: its process id, which it keeps in a file while it works on the interface."""
    try:
        with open(f"/run/network/ifup-{iface}.pid", encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _complain(iface: str, error: RoutedError, *others: RoutedError) -> None:
    """One line on the console; a StanzaError names its interface itself."""
    line = str(error) if isinstance(error, StanzaError) else f"{iface}: {error}"
    print("; then ".join([line, *map(str, others)]), file=sys.stderr)
