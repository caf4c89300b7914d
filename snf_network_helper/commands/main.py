"""The entry of the command: its words in, an exit code out."""

import sys

from snf_network_helper.commands.arguments import read
from snf_network_helper.errors import RoutedError, say
from snf_network_helper.lean import TYPE_CHECKING, environ, posix

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import SimpleNamespace
    from typing import NoReturn

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def run() -> "NoReturn":
    """Runs `main` and ends the process at once: to take the interpreter apart would cost every attach 8 ms."""
    posix._exit(main())


def main(argv: "Sequence[str] | None" = None) -> int:
    """Runs one command; 0 when all is well, 1 after one line of error, 2 for a wrong command line.

    The file of the command alone is imported: to start a guest is not to wait for what others need.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    for name, value in _ENVIRONMENT.items():
        environ[name] = value
        posix.putenv(name, value)  # by which programs are found
    try:
        arguments = read(words) or _parse(words)
        command = __import__(f"{__package__}.{arguments.command}", fromlist=["run"])
        code: int = command.run(arguments)
        _flush()
        return code
    except RoutedError as error:
        say(error)
    except BrokenPipeError:  # the reader, `| head`, has seen enough
        posix.dup2(posix.open("/dev/null", posix.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        say("interrupted")
    return 1


def _parse(words: "Sequence[str]") -> "SimpleNamespace":
    from snf_network_helper.commands.parser import parse

    try:
        return parse(words)
    except SystemExit:
        _flush()  # of the help, for one
        raise


def _flush() -> None:
    """Writes what is left of the output; RoutedError where it cannot be written."""
    try:
        if sys.stdout is not None:  # None: it was closed when we started
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RoutedError(f"cannot write the output: {error.strerror}") from None
