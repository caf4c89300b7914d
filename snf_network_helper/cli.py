"""The command snf-network-helper(8)."""

from __future__ import annotations

import os
import sys

from snf_network_helper import guest_cli, kernel, system
from snf_network_helper.command_line import read
from snf_network_helper.errors import RoutedError
from snf_network_helper.guest_cli import need_root
from snf_network_helper.journal import AWAITED, DIRECTORY, KEPT, Journal, attached_names, names
from snf_network_helper.names import check_interface
from snf_network_helper.signals import heed_signals
from snf_network_helper.transaction import take_down

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only
    from collections.abc import Sequence
    from types import SimpleNamespace
    from typing import NoReturn

    from snf_network_helper.changes import Change

# What only some commands need is imported by those: to start a virtual machine is not to wait for it.


def run() -> NoReturn:
    """Runs `main` and ends the process at once: to take the interpreter apart would cost every attach 8 ms."""
    code = main()
    sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when all is well, 1 after one line of error, 2 for a wrong command line."""
    words = sys.argv[1:] if argv is None else list(argv)
    if (arguments := read(words)) is None:
        from snf_network_helper.argument_parser import parse

        arguments = parse(words)
    for environ in (os.environ, system.environ):
        environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C")
    try:
        code = _COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
        return code
    except RoutedError as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:  # the reader, `| head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return 1


def _plan(arguments: SimpleNamespace) -> int:
    import json

    from snf_network_helper import interfaces, shared
    from snf_network_helper.facts import Facts
    from snf_network_helper.plan import plan

    check_interface(arguments.iface.partition("=")[0])  # ifquery also takes IFACE=LOGICAL
    stanzas = interfaces.stanzas(arguments.iface, arguments.file)
    if not stanzas:
        raise RoutedError(f"{arguments.iface}: no routed-* option in {arguments.file}")
    for stanza in stanzas:
        for warning in stanza.warnings:
            print(warning, file=sys.stderr)
    changes = [change for stanza in stanzas for change in plan(stanza, Facts.read(stanza, shared.paths()))]
    if arguments.json:
        print(json.dumps([_as_json(change) for change in changes], indent=2))
    else:
        for change in changes:
            print(change.add())
    return 0


def _as_json(change: Change) -> dict[str, object]:
    return {
        "kind": type(change).__name__,
        "fields": dict(change.fields()),
        "add": change.add(),
        "remove": change.remove(),
    }


def _status(arguments: SimpleNamespace) -> int:
    """Exit code 1 where something journalled is missing or something marked as ours is in no journal."""
    import json

    if arguments.iface:
        check_interface(arguments.iface)
    need_root("status")
    from snf_network_helper.observe import is_present, marked

    in_kernel = marked()
    journals = [Journal.read(name) for name in [*sorted(names()), *attached_names()]]
    journalled = {entry.change for journal in journals for entry in journal.entries}
    rows = [
        {
            "stanza": journal.name,
            "state": entry.state if entry.state == AWAITED or is_present(entry.change, in_kernel) else "missing",
            "change": entry.change.add(),
            **({"prior": entry.prior} if entry.prior not in ("", "ours") else {}),
        }
        for journal in journals
        if not arguments.iface or journal.name.rpartition(":")[0] == arguments.iface
        for entry in journal.entries
    ]
    if not arguments.iface:
        orphans = sorted(change.add() for change in in_kernel - journalled)
        rows += [{"stanza": "", "state": "orphan", "change": command} for command in orphans]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        _print_status(rows, arguments.iface)
    return int(any(row["state"] in ("missing", "orphan") for row in rows))


def _print_status(rows: Sequence[dict[str, str]], iface: str) -> None:
    stanza = None
    for row in rows:
        if row["stanza"] != stanza:
            stanza = row["stanza"]
            print(stanza.replace(":", " ") if stanza else "in no journal")
        before = f"  (was {row['prior']})" if "prior" in row and row["state"] != KEPT else ""
        print(f"  {row['state']:8} {row['change']}{before}")
    if not rows:
        print(f"{iface}: nothing is routed" if iface else "nothing is routed")


def _down(arguments: SimpleNamespace) -> int:
    iface = check_interface(arguments.iface)
    need_root("down")
    kernel.verbose = arguments.verbose
    if not list(names(iface)):
        print(f"{iface}: nothing to undo, no journal in {DIRECTORY}")
        return 0
    heed_signals(bringing_up=False)
    try:
        take_down(iface)
    except RoutedError as error:
        raise RoutedError(f"{iface}: {error}") from None
    print(f"{iface}: undone")
    return 0


_COMMANDS = {
    "plan": _plan,
    "status": _status,
    "down": _down,
    "attach": guest_cli.attach,
    "detach": guest_cli.detach,
    "announce": guest_cli.announce,
}
