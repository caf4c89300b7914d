"""snf-network-helper: see what ifup would do, see what it did, undo what no stanza describes any more."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from snf_network_helper import guest_cli, kernel, system
from snf_network_helper.changes import Change
from snf_network_helper.errors import RoutedError
from snf_network_helper.guest_cli import PROGRAM, Commands, need_root
from snf_network_helper.journal import AWAITED, DIRECTORY, KEPT, Journal, attached_names, names
from snf_network_helper.names import SYSTEM_FILE, check_interface
from snf_network_helper.signals import heed_signals
from snf_network_helper.transaction import take_down

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only
    from typing import Any, NoReturn

# What only some commands need is imported by those: to start a virtual machine is not to wait for it.

def run() -> NoReturn:
    """Runs `main` and ends the process at once: to take the interpreter apart would cost every attach 8 ms."""
    code = main()
    sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when all is well, 1 after one line of error, 2 for a wrong command line."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = _parser(words[0] if words else "").parse_args(words)
    for environ in (os.environ, system.environ):
        environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C")
    try:
        code = int(arguments.command(arguments))
        sys.stdout.flush()
        return code
    except RoutedError as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:  # the reader, `| head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    return 1


def _parser(only: str = "") -> argparse.ArgumentParser:
    """The command line; with the name of a command only what that one needs, for the rest takes longer than parsing."""
    parser: argparse.ArgumentParser = _Parser(prog=PROGRAM, description=__doc__.partition(": ")[2])
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    adders = {
        "plan": _add_plan,
        "status": _add_status,
        "down": _add_down,
        "attach": guest_cli.add_attach,
        "detach": guest_cli.add_detach,
        "announce": guest_cli.add_announce,
    }
    for adder in [adders[only]] if only in adders else adders.values():
        adder(commands)
    return parser


def _add_plan(commands: Commands) -> None:
    command = commands.add_parser("plan", help="print the commands that ifup IFACE would run, in their order")
    command.add_argument("iface", metavar="IFACE")
    command.add_argument("--file", default=SYSTEM_FILE, help="the interfaces(5) file (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="as JSON: each change with its fields, `add` and `remove`")
    command.set_defaults(command=_plan)


def _add_status(commands: Commands) -> None:
    command = commands.add_parser("status", help="show what was done, and where the kernel differs from it")
    command.add_argument("iface", metavar="IFACE", nargs="?", default="")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(command=_status)


def _add_down(commands: Commands) -> None:
    command = commands.add_parser("down", help="undo from the journal all that was done for IFACE")
    command.add_argument("iface", metavar="IFACE")
    command.add_argument("-v", "--verbose", action="store_true", help="print each command as it is run")
    command.set_defaults(command=_down)


class _Parser(argparse.ArgumentParser):
    """Does not ask for the terminal's width, for which argparse imports shutil, at every option: 3 ms."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=lambda prog: argparse.HelpFormatter(prog, width=98), **options)


class _Version(argparse.Action):
    """Looks the version up only when asked: no other command is to fail for want of it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"{PROGRAM} {version(PROGRAM)}")
        parser.exit()


def _plan(arguments: argparse.Namespace) -> int:
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


def _status(arguments: argparse.Namespace) -> int:
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


def _down(arguments: argparse.Namespace) -> int:
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
