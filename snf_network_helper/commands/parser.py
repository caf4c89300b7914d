"""The command line as argparse reads it: with help, and with a word on what is wrong."""

import argparse
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from snf_network_helper.commands.arguments import COMMANDS, PROGRAM
from snf_network_helper.errors import one_line

_LONGEST = 400  # of a message, which may list all options
_DESCRIPTION = "see what ifup would do, see what it did, undo what no stanza describes any more."


def parse(words: Sequence[str]) -> SimpleNamespace:
    """The arguments, by name, with `command`; SystemExit 2 for a wrong command line, 0 after what was only asked."""
    return parser().parse_args(words, SimpleNamespace())


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made: argparse.ArgumentParser = _Parser(prog=PROGRAM, description=_DESCRIPTION)
    about = "print the version and exit"
    made.add_argument("--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help=about)
    commands = made.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for name, (about, arguments) in COMMANDS.items():
        command = commands.add_parser(name, help=about)
        for names, keywords in arguments:
            command.add_argument(*names, **keywords)
    return made


class _Parser(argparse.ArgumentParser):
    """Of one width, whatever the terminal's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=lambda prog: argparse.HelpFormatter(prog, width=98), **options)

    def error(self, message: str) -> "NoReturn":
        """One line, also where it quotes a word with line breaks or of bytes that are no UTF-8."""
        super().error(one_line(message.replace("\\udc", "\\x"), _LONGEST))


class _Version(argparse.Action):
    """Looks the version up only when asked: no other command is to fail for want of it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"{PROGRAM} {version(PROGRAM)}")
        parser.exit()
